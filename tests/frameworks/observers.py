"""What others put between a guard and the middleware: metrics, traces, error reports, transactions, catch-alls."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

Needed = Callable[[str], Any]


class Observer(ABC):
    """One of them. It is added to an application, and asked afterwards."""

    def __init__(self, needed: Needed) -> None:
        self.needed = needed

    @abstractmethod
    def add(self, app: Starlette) -> None:
        """Add it inside all middlewares that are added later."""

    @abstractmethod
    def seen(self) -> list[int]:
        """The statuses it saw; 0 stands for an error."""


class Instrumentator(Observer):
    """prometheus-fastapi-instrumentator."""

    def __init__(self, needed: Needed) -> None:
        super().__init__(needed)
        self.registry = needed("prometheus_client").CollectorRegistry()

    def add(self, app: Starlette) -> None:
        instrumentator = self.needed("prometheus_fastapi_instrumentator").Instrumentator
        instrumentator(should_group_status_codes=False, registry=self.registry).instrument(app)

    def seen(self) -> list[int]:
        return counted(self.registry, "http_requests_total", "status")


class Exporter(Observer):
    """starlette_exporter."""

    def __init__(self, needed: Needed) -> None:
        super().__init__(needed)
        self.prefix = f"exporter_{id(self)}"  # its registry is the one of the process

    def add(self, app: Starlette) -> None:
        app.add_middleware(self.needed("starlette_exporter").PrometheusMiddleware, prefix=self.prefix)

    def seen(self) -> list[int]:
        return counted(self.needed("prometheus_client").REGISTRY, f"{self.prefix}_requests_total", "status_code")


def counted(registry: Any, name: str, label: str) -> list[int]:
    """The statuses that a counter of Prometheus was told, each as often as it was."""
    samples = [sample for metric in registry.collect() for sample in metric.samples if sample.name == name]
    return [int(sample.labels[label]) for sample in samples for _ in range(int(sample.value))]


class Tracer(Observer):
    """opentelemetry-instrumentation-asgi."""

    def __init__(self, needed: Needed) -> None:
        super().__init__(needed)
        self.exporter = needed("opentelemetry.sdk.trace.export.in_memory_span_exporter").InMemorySpanExporter()

    def add(self, app: Starlette) -> None:
        provider = self.needed("opentelemetry.sdk.trace").TracerProvider()
        provider.add_span_processor(self.needed("opentelemetry.sdk.trace.export").SimpleSpanProcessor(self.exporter))
        middleware = self.needed("opentelemetry.instrumentation.asgi").OpenTelemetryMiddleware
        app.add_middleware(middleware, tracer_provider=provider, exclude_spans=["receive", "send"])

    def seen(self) -> list[int]:
        spans = self.exporter.get_finished_spans()
        return [0 if span.events else status_of(span.attributes) for span in spans]  # an exception is an event


def status_of(attributes: Any) -> int:
    """The status that OpenTelemetry wrote on a span, by the old name or the new one."""
    return int(attributes.get("http.status_code") or attributes.get("http.response.status_code"))


class Transaction(Observer):
    """A transaction by Starlette's ``BaseHTTPMiddleware``: an exception rolls it back."""

    def __init__(self, needed: Needed) -> None:
        super().__init__(needed)
        self.statuses: list[int] = []

    def add(self, app: Starlette) -> None:
        app.add_middleware(BaseHTTPMiddleware, dispatch=self._dispatch)

    async def _dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        try:
            response = await call_next(request)
        except Exception:
            self.statuses.append(0)
            raise
        self.statuses.append(response.status_code)
        return response

    def seen(self) -> list[int]:
        return self.statuses


class CatchAll(Observer):
    """Answers 502 to every exception."""

    def __init__(self, needed: Needed) -> None:
        super().__init__(needed)
        self.statuses: list[int] = []

    def add(self, app: Starlette) -> None:
        app.add_middleware(self.wrapped)

    def wrapped(self, app: ASGIApp) -> ASGIApp:
        """An application with it in front."""

        async def caught(scope: Scope, receive: Receive, send: Send) -> None:
            async def watched(message: Any) -> None:
                if message["type"] == "http.response.start":
                    self.statuses.append(message["status"])
                await send(message)

            try:
                await app(scope, receive, watched)
            except Exception:  # noqa: BLE001  that is what it is for
                await PlainTextResponse("bad gateway", 502)(scope, receive, watched)

        return caught

    def seen(self) -> list[int]:
        return self.statuses


OBSERVERS: dict[str, type[Observer]] = {
    "prometheus-fastapi-instrumentator": Instrumentator,
    "starlette_exporter": Exporter,
    "opentelemetry": Tracer,
    "BaseHTTPMiddleware": Transaction,
    "catch-all": CatchAll,
}
