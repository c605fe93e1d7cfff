"""Metrics and span attributes by OpenTelemetry.

::

    from bearerguard.otel import instrument

    api = ResourceServer(…)
    instrument(api)

Only OpenTelemetry's API is needed (the extra ``otel``): without an SDK nothing is measured.

Names follow the semantic conventions where they say something: ``error.type``, seconds, units in
braces. They say nothing of access tokens; those names begin with ``bearerguard``
(https://opentelemetry.io/docs/specs/semconv/general/naming/).
"""

try:
    from opentelemetry import metrics, trace  # an extra, and an import that fails here can say so
except ModuleNotFoundError as missing:
    if not (missing.name or "").startswith("opentelemetry"):
        raise
    raise ImportError('OpenTelemetry is not installed: pip install "bearerguard[otel]"', name="opentelemetry") from None

from collections.abc import Iterable, Mapping
from typing import Final
from weakref import WeakKeyDictionary, WeakSet

from bearerguard.checks import check_methods
from bearerguard.errors import ConfigurationError, show
from bearerguard.events import VERDICTS, Event
from bearerguard.resource_server import ResourceServer
from bearerguard.version import __version__

__all__ = ["instrument"]

_FETCHES: Final[Mapping[str, str]] = {"keys_fetched": "success", "keys_failed": "failure"}
_QUESTIONS: Final[Mapping[str, str]] = {"introspection_answered": "success", "introspection_failed": "failure"}
_BOUNDARIES: Final = (0.00001, 0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0)
_OTHER: Final = "other"
_LONGEST: Final = 256  # what an unverified token claims may be longer


def instrument(api: ResourceServer, *, meter_provider: metrics.MeterProvider | None = None) -> None:
    """Count what a resource server decides, and tell the current span of it.

    Metrics, each with the attribute ``bearerguard.issuer``:

    - ``bearerguard.decisions``, a counter, by ``bearerguard.verdict`` (``accepted``, ``refused``,
      ``would_be_refused``) and ``error.type`` (the error code of a refusal);
    - ``bearerguard.decision.duration``, a histogram in seconds, by ``bearerguard.verdict`` and
      ``bearerguard.cache``: ``hit`` for a token that had been verified before, else ``miss``;
    - ``bearerguard.keys.age``, a gauge in seconds, since the issuer last confirmed its keys; absent
      before the first time, and for static keys;
    - ``bearerguard.keys.fetches``, a counter, by ``bearerguard.outcome`` (``success``,
      ``failure``) and ``error.type``;
    - ``bearerguard.introspection.duration``, a histogram in seconds of the questions to the
      introspection endpoint, by ``bearerguard.outcome`` and ``error.type``.

    An issuer that is not configured counts as ``other``: with ``insecure_any_tenant`` there is one
    for each tenant. Public requests without a caller are counted under an empty issuer, and have no
    duration.

    The current span gets ``bearerguard.verdict``, ``bearerguard.code``, ``bearerguard.issuer``,
    ``bearerguard.client_id`` and ``bearerguard.verified`` (false: the client is what an unverified
    token claims). It is the server's span where OpenTelemetry's middleware is outside of the guard.
    No span is begun, and no status of one is set.

    Args:
        api: It may be instrumented before or after the application is built; once is enough.
        meter_provider: Default: the global one.

    Raises:
        ConfigurationError: an argument is of the wrong kind.
    """
    if not isinstance(api, ResourceServer):
        raise ConfigurationError("api", f"expected a ResourceServer, got {show(api)}", example="ResourceServer(…)")
    if meter_provider is not None:
        check_methods("meter_provider", meter_provider, ["get_meter"], example="opentelemetry.sdk.metrics.MeterProvider()")
    provider = meter_provider or metrics.get_meter_provider()
    if provider not in _ages:
        _ages[provider] = _Ages(provider)
    if api not in _ages[provider].servers:
        _ages[provider].servers.add(api)
        api.listeners.add(_Instruments(api, provider))


class _Instruments:
    """A hook that counts."""

    def __init__(self, api: ResourceServer, provider: metrics.MeterProvider) -> None:
        meter = _meter_of(provider)
        self._issuers = _KnownIssuers(api)
        self._decisions = meter.create_counter(
            "bearerguard.decisions",
            unit="{decision}",
            description="Requests, and tokens of their own, that were let in or refused",
        )
        self._fetches = meter.create_counter(
            "bearerguard.keys.fetches", unit="{fetch}", description="Fetches of an issuer's keys"
        )
        self._duration = meter.create_histogram(
            "bearerguard.decision.duration",
            unit="s",
            description="How long deciding took",
            explicit_bucket_boundaries_advisory=_BOUNDARIES,
        )
        self._questions = meter.create_histogram(
            "bearerguard.introspection.duration",
            unit="s",
            description="How long the introspection endpoint took",
            explicit_bucket_boundaries_advisory=_BOUNDARIES,
        )

    def __call__(self, event: Event) -> None:
        """Called in the event loop."""
        verdict = VERDICTS.get(event.name)
        issuer = self._issuers.label(event.issuer)
        if verdict is not None:
            self._decisions.add(1, {"bearerguard.issuer": issuer, "bearerguard.verdict": verdict, "error.type": event.code})
            if event.principal is not None or event.code:
                cache = "hit" if event.cached else "miss"
                self._duration.record(
                    event.seconds, {"bearerguard.issuer": issuer, "bearerguard.verdict": verdict, "bearerguard.cache": cache}
                )
            _tell_the_span(event, verdict)
        elif event.name in _FETCHES:
            outcome = _FETCHES[event.name]
            self._fetches.add(1, {"bearerguard.issuer": issuer, "bearerguard.outcome": outcome, "error.type": event.code})
        elif event.name in _QUESTIONS:
            told = {"bearerguard.issuer": issuer, "bearerguard.outcome": _QUESTIONS[event.name], "error.type": event.code}
            self._questions.record(event.seconds, told)


class _KnownIssuers:
    """Issuers that may be labels: those that are configured now."""

    def __init__(self, api: ResourceServer) -> None:
        self._api = api
        self._read: object = None
        self._names: frozenset[str] = frozenset()

    def label(self, issuer: str) -> str:
        """The issuer, or one word for all others: a label should have few values."""
        connection = self._api.connection
        if connection is not self._read:  # swapped whole, with the configuration
            asked = connection.introspection
            self._names = frozenset(
                {"", *(one.issuer for one in connection.issuers)} | ({asked.record.issuer} if asked else set())
            )
            self._read = connection
        return issuer if issuer in self._names else _OTHER


class _Ages:
    """The gauge of a provider, for all resource servers that it measures: a gauge is made once.

    Attributes:
        servers: Those that live.
    """

    def __init__(self, provider: metrics.MeterProvider) -> None:
        self.servers: WeakSet[ResourceServer] = WeakSet()
        _meter_of(provider).create_observable_gauge(
            "bearerguard.keys.age",
            [self._observe],
            unit="s",
            description="Since the issuer last confirmed its keys",
        )

    def _observe(self, _options: metrics.CallbackOptions) -> Iterable[metrics.Observation]:
        """Called by a reader, in its own thread. If several servers trust an issuer: the oldest."""
        ages: dict[str, float] = {}
        for server in list(self.servers):
            for status in server.status():
                if status.age is not None and status.next_fetch_in is not None:  # not of static keys
                    ages[status.issuer] = max(status.age, ages.get(status.issuer, 0.0))
        return [metrics.Observation(age, {"bearerguard.issuer": issuer}) for issuer, age in ages.items()]


_ages: Final[WeakKeyDictionary[metrics.MeterProvider, _Ages]] = WeakKeyDictionary()


def _meter_of(provider: metrics.MeterProvider) -> metrics.Meter:
    return provider.get_meter("bearerguard", __version__)


def _tell_the_span(event: Event, verdict: str) -> None:
    span = trace.get_current_span()
    if not span.is_recording():
        return
    told = {
        "bearerguard.verdict": verdict,
        "bearerguard.issuer": event.issuer,
        "bearerguard.client_id": event.client_id,
        "bearerguard.code": event.code,
    }
    span.set_attributes({name: value[:_LONGEST] for name, value in told.items() if value})
    if event.issuer or event.client_id:
        span.set_attribute("bearerguard.verified", event.verified)
