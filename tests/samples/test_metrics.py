"""The metrics of the sample, as the SDK of a program finds them."""

import json
import subprocess
import sys
from typing import Final

from support.sample_files import SAMPLES

ISSUER: Final = "https://issuer.example"
PROGRAM: Final = """
import asyncio, json
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from bearerguard import BearerguardError
from bearerguard.testing import AccessTokens, FakeClock, stand_in
from samples.metrics import api

reader = InMemoryMetricReader()
metrics.set_meter_provider(MeterProvider(metric_readers=[reader]))  # after the API was built, as frameworks do


async def use():
    with stand_in(api, clock=FakeClock()) as issuers:
        tokens = AccessTokens(issuers)
        good = tokens()
        for token in (good, good, tokens(lifetime=-3600)):
            try:
                await api.authenticate(token)
            except BearerguardError:
                pass


asyncio.run(use())
metrics_of = [metric for scope in reader.get_metrics_data().resource_metrics[0].scope_metrics for metric in scope.metrics]
points = [point for metric in metrics_of if metric.name == "bearerguard.decisions" for point in metric.data.data_points]
print(json.dumps([[dict(point.attributes), point.value] for point in points]))
"""


def test_decisions_are_counted_though_the_sdk_is_set_up_later() -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM], cwd=SAMPLES.parent, capture_output=True, text=True, timeout=60, check=True
    )

    assert json.loads(run.stdout) == [
        [{"bearerguard.issuer": ISSUER, "bearerguard.verdict": "accepted", "error.type": ""}, 2],
        [{"bearerguard.issuer": ISSUER, "bearerguard.verdict": "refused", "error.type": "token_expired"}, 1],
    ]
