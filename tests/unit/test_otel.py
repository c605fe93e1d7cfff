"""Metrics and span attributes, as OpenTelemetry's own SDK sees them."""

import gc
import weakref
from typing import Any, Final

import httpx
import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from bearerguard import ConfigurationError, Event, Issuer, ResourceServer
from bearerguard.otel import instrument
from bearerguard.testing import FakeClock, LocalIssuer
from support.orders_api import statuses

pytestmark = pytest.mark.anyio
ISSUER: Final = "https://issuer.test"
WHO: Final = "bearerguard.issuer"


class Measured:
    """A provider with its reader, and what the reader finds."""

    def __init__(self) -> None:
        self.reader = InMemoryMetricReader()
        self.provider = MeterProvider(metric_readers=[self.reader])

    def points(self, name: str) -> list[Any]:
        data = self.reader.get_metrics_data()
        scopes = [] if data is None else [scope for resource in data.resource_metrics for scope in resource.scope_metrics]
        return [point for scope in scopes for metric in scope.metrics if metric.name == name for point in metric.data.data_points]

    def values(self, name: str, *attributes: str) -> dict[tuple[Any, ...], Any]:
        return {tuple(point.attributes[each] for each in attributes): point.value for point in self.points(name)}


@pytest.fixture
def measured() -> Measured:
    return Measured()


@pytest.fixture
def issuer() -> LocalIssuer:
    return LocalIssuer(clock=FakeClock())


@pytest.fixture
def api(issuer: LocalIssuer, measured: Measured) -> ResourceServer:
    server = ResourceServer(issuer.trusted(), issuer.audiences, transport=httpx.ASGITransport(issuer), clock=issuer.clock)
    instrument(server, meter_provider=measured.provider)
    return server


# --- metrics


async def test_decisions_are_counted_by_verdict_code_and_issuer(
    api: ResourceServer, issuer: LocalIssuer, measured: Measured
) -> None:
    good = issuer.mint()
    assert await statuses(api, good, good, None, "x", issuer.mint(roles=[])) == [200, 200, 401, 401, 403]

    assert measured.values("bearerguard.decisions", WHO, "bearerguard.verdict", "error.type") == {
        (ISSUER, "accepted", ""): 2,
        ("", "refused", "missing_token"): 1,
        ("", "refused", "opaque_token"): 1,
        (ISSUER, "refused", "missing_role"): 1,
    }


async def test_durations_tell_cold_tokens_from_warm_ones(api: ResourceServer, issuer: LocalIssuer, measured: Measured) -> None:
    good = issuer.mint()
    await statuses(api, good, good, good, issuer.mint(roles=[]))

    points = measured.points("bearerguard.decision.duration")
    counts = {(point.attributes["bearerguard.verdict"], point.attributes["bearerguard.cache"]): point.count for point in points}
    assert counts == {("accepted", "miss"): 1, ("accepted", "hit"): 2, ("refused", "miss"): 1}


async def test_durations_are_seconds(api: ResourceServer, measured: Measured) -> None:
    api.listeners(Event("request_refused", code="missing_token", seconds=0.25))

    (point,) = measured.points("bearerguard.decision.duration")
    assert (point.sum, point.count) == (0.25, 1)


async def test_key_fetches_are_counted_by_outcome(api: ResourceServer, issuer: LocalIssuer, measured: Measured) -> None:
    issuer.go_down()
    await statuses(api, issuer.mint())
    issuer.come_back()
    issuer.clock.advance(60)  # type: ignore[attr-defined]  # a FakeClock
    await statuses(api, issuer.mint())

    found = measured.values("bearerguard.keys.fetches", WHO, "bearerguard.outcome", "error.type")
    assert found[(ISSUER, "success", "")] == 1
    assert sum(count for (_, outcome, code), count in found.items() if outcome == "failure" and code) >= 1


async def test_questions_to_an_introspection_endpoint_are_measured_by_outcome(api: ResourceServer, measured: Measured) -> None:
    api.listeners(Event("introspection_answered", ISSUER, seconds=0.25))
    api.listeners(Event("introspection_failed", ISSUER, "timeout", seconds=5.0))

    points = measured.points("bearerguard.introspection.duration")
    found = {(point.attributes["bearerguard.outcome"], point.attributes["error.type"]): point.sum for point in points}
    assert found == {("success", ""): 0.25, ("failure", "timeout"): 5.0}


async def test_the_age_of_keys_is_observed_once_they_are_known(
    api: ResourceServer, issuer: LocalIssuer, measured: Measured
) -> None:
    assert measured.points("bearerguard.keys.age") == []
    await api.warm_up()
    issuer.clock.advance(90)  # type: ignore[attr-defined]  # a FakeClock

    assert measured.values("bearerguard.keys.age", WHO) == {(ISSUER,): 90}


async def test_of_an_issuer_that_two_servers_trust_the_older_keys_count(
    api: ResourceServer, issuer: LocalIssuer, measured: Measured
) -> None:
    await api.warm_up()
    issuer.clock.advance(90)  # type: ignore[attr-defined]  # a FakeClock
    other = ResourceServer(issuer.trusted(), issuer.audiences, transport=httpx.ASGITransport(issuer), clock=issuer.clock)
    instrument(other, meter_provider=measured.provider)
    await other.warm_up()

    assert measured.values("bearerguard.keys.age", WHO) == {(ISSUER,): 90}


async def test_static_keys_have_no_age(issuer: LocalIssuer, measured: Measured) -> None:
    instrument(ResourceServer(Issuer(ISSUER, jwks=issuer.jwks()), "api://orders"), meter_provider=measured.provider)

    assert measured.points("bearerguard.keys.age") == []


async def test_a_server_that_is_instrumented_twice_counts_once(
    api: ResourceServer, issuer: LocalIssuer, measured: Measured
) -> None:
    instrument(api, meter_provider=measured.provider)
    await statuses(api, issuer.mint())

    assert sum(measured.values("bearerguard.decisions", WHO).values()) == 1


async def test_an_issuer_that_is_not_configured_is_not_a_label(api: ResourceServer, measured: Measured) -> None:
    """With ``insecure_any_tenant`` there are as many as there are tenants."""
    for number in range(3):
        api.listeners(Event("request_accepted", f"https://tenant-{number}.example"))

    assert measured.values("bearerguard.decisions", WHO) == {("other",): 3}


async def test_an_issuer_is_a_label_as_long_as_it_is_configured(
    api: ResourceServer, issuer: LocalIssuer, measured: Measured
) -> None:
    new = "https://new.example"
    api.listeners(Event("request_accepted", ISSUER))
    api.reconfigure(issuers=[Issuer(new, jwks=issuer.jwks())])
    api.listeners(Event("request_accepted", new))
    api.listeners(Event("request_accepted", ISSUER))

    assert measured.values("bearerguard.decisions", WHO) == {(ISSUER,): 1, (new,): 1, ("other",): 1}


async def test_a_public_request_has_no_issuer_and_no_duration(api: ResourceServer, measured: Measured) -> None:
    assert await statuses(api, None, path="/health") == [200]

    assert measured.values("bearerguard.decisions", WHO, "bearerguard.verdict") == {("", "accepted"): 1}
    assert measured.points("bearerguard.decision.duration") == []


async def test_what_a_caller_chooses_is_never_a_label(api: ResourceServer, issuer: LocalIssuer, measured: Measured) -> None:
    await statuses(api, issuer.mint(), "x", path="/orders/secret-path")

    names = ("bearerguard.decisions", "bearerguard.decision.duration", "bearerguard.keys.fetches")
    attributes = [set(point.attributes) for name in names for point in measured.points(name)]
    allowed = {WHO, "bearerguard.verdict", "error.type", "bearerguard.cache", "bearerguard.outcome"}
    assert set().union(*attributes) == allowed


def test_a_server_that_nobody_uses_is_let_go(measured: Measured, issuer: LocalIssuer) -> None:
    server = ResourceServer(Issuer(ISSUER, jwks=issuer.jwks()), "api://orders")
    instrument(server, meter_provider=measured.provider)
    gone = weakref.ref(server)
    del server
    gc.collect()

    assert gone() is None


@pytest.mark.parametrize(("api_given", "options", "parameter"), [(None, {}, "api"), ("x", {}, "api")])
def test_a_wrong_argument_is_named(api_given: Any, options: dict[str, Any], parameter: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        instrument(api_given, **options)
    assert raised.value.parameter == parameter


def test_a_wrong_provider_is_named(api: ResourceServer) -> None:
    with pytest.raises(ConfigurationError) as raised:
        instrument(api, meter_provider=7)  # type: ignore[arg-type]
    assert raised.value.parameter == "meter_provider"


async def test_without_an_sdk_nothing_happens(issuer: LocalIssuer) -> None:
    server = ResourceServer(Issuer(ISSUER, jwks=issuer.jwks()), issuer.audiences, clock=issuer.clock)
    instrument(server)

    assert await statuses(server, issuer.mint()) == [200]


# --- the span


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


async def attributes_of(spans: InMemorySpanExporter, api: ResourceServer, token: str | None) -> dict[str, Any]:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    with provider.get_tracer("server").start_as_current_span("GET"):
        await statuses(api, token)
    (span,) = spans.get_finished_spans()  # none of our own
    return {name.removeprefix("bearerguard."): value for name, value in (span.attributes or {}).items()}


async def test_the_current_span_tells_an_accepted_caller(
    api: ResourceServer, issuer: LocalIssuer, spans: InMemorySpanExporter
) -> None:
    assert await attributes_of(spans, api, issuer.mint()) == {
        "verdict": "accepted",
        "issuer": ISSUER,
        "client_id": "reader",
        "verified": True,
    }


async def test_the_current_span_tells_the_code_of_a_refusal(
    api: ResourceServer, issuer: LocalIssuer, spans: InMemorySpanExporter
) -> None:
    found = await attributes_of(spans, api, issuer.mint(roles=[]))

    assert (found["verdict"], found["code"], found["client_id"], found["verified"]) == ("refused", "missing_role", "reader", True)


async def test_the_current_span_marks_an_unverified_caller(
    api: ResourceServer, issuer: LocalIssuer, spans: InMemorySpanExporter
) -> None:
    found = await attributes_of(spans, api, issuer.mint(lifetime=-3600))

    assert (found["code"], found["verified"]) == ("token_expired", False)


async def test_no_token_leaves_nobody_on_the_span(api: ResourceServer, spans: InMemorySpanExporter) -> None:
    assert await attributes_of(spans, api, None) == {"verdict": "refused", "code": "missing_token"}
