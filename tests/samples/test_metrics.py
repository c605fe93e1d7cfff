"""What happens, as a counter of OpenTelemetry."""

from typing import Final

import pytest
from opentelemetry import metrics
from opentelemetry.context import Context
from opentelemetry.util.types import Attributes

from bearerguard import BearerguardError
from bearerguard.testing import AccessTokens, FakeClock, stand_in
from support.sample_files import sample

ISSUER: Final = "https://issuer.example"


class Recorded(metrics.NoOpCounter):
    """A counter that remembers what it was told."""

    def __init__(self) -> None:
        super().__init__("recorded")
        self.added: list[tuple[float, Attributes]] = []

    def add(self, amount: float, attributes: Attributes = None, context: Context | None = None) -> None:
        self.added.append((amount, attributes))


@pytest.mark.anyio
async def test_each_token_and_each_key_fetch_is_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    module = sample("metrics")
    recorded = Recorded()
    monkeypatch.setattr(module, "events", recorded)

    with stand_in(module.api, clock=FakeClock()) as issuers:
        token = AccessTokens(issuers)()
        await module.api.authenticate(token)
        await module.api.authenticate(token)
        with pytest.raises(BearerguardError):
            await module.api.authenticate(AccessTokens(issuers)(lifetime=-3600))

    assert recorded.added == [
        (1, {"event": "keys_fetched", "issuer": ISSUER, "code": ""}),
        (1, {"event": "token_accepted", "issuer": ISSUER, "code": ""}),
        (1, {"event": "token_accepted", "issuer": ISSUER, "code": ""}),
        (1, {"event": "token_refused", "issuer": ISSUER, "code": "token_expired"}),
    ]
