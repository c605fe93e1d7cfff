"""What others put between view and guard in Litestar, Quart, Django and BlackSheep; each says what it saw.

A status stands for a response, 0 for an error.
"""

import sys
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from frameworks import refusing_apps
from frameworks.observers import CatchAll, Needed, counted, status_of

Observed: TypeAlias = tuple[Any, Callable[[], list[int]]]


def spans(needed: Needed) -> tuple[Any, Callable[[], list[int]]]:
    """A provider of traces, and what it was told."""
    exporter = needed("opentelemetry.sdk.trace.export.in_memory_span_exporter").InMemorySpanExporter()
    provider = needed("opentelemetry.sdk.trace").TracerProvider()
    provider.add_span_processor(needed("opentelemetry.sdk.trace.export").SimpleSpanProcessor(exporter))
    return provider, lambda: [0 if span.events else status_of(span.attributes) for span in exporter.get_finished_spans()]


# --- Litestar


def litestar_middleware(needed: Needed) -> Observed:
    observer = CatchAll(needed)
    return refusing_apps.litestar(middleware=[observer.wrapped]), observer.seen


def litestar_prometheus(needed: Needed) -> Observed:
    config = needed("litestar.plugins.prometheus").PrometheusConfig(prefix=f"litestar_{id(object())}")
    registry = needed("prometheus_client").REGISTRY
    app = refusing_apps.litestar(middleware=[config.middleware])
    return app, lambda: counted(registry, f"{config.prefix}_requests_total", "status_code")


def litestar_opentelemetry(needed: Needed) -> Observed:
    provider, seen = spans(needed)
    config = needed("litestar.plugins.opentelemetry").OpenTelemetryConfig(
        tracer_provider=provider, exclude_spans=["receive", "send"]
    )
    return refusing_apps.litestar(middleware=[config.middleware]), seen


def litestar_handler_of_everything(needed: Needed) -> Observed:
    """An exception handler for all exceptions, and what a hook sees afterwards."""
    response, statuses = needed("litestar").Response, []

    def bad_gateway(_request: Any, _error: Exception) -> Any:
        return response("bad gateway", status_code=502)

    async def before_send(message: Any, _scope: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    return refusing_apps.litestar(exception_handlers={Exception: bad_gateway}, before_send=[before_send]), lambda: statuses


# --- Quart


def quart_signal(_needed: Needed) -> Observed:
    """The signal by which Sentry is told, and a function that sees each response."""
    app, seen = refusing_apps.quart(), []

    async def failed(*_sender: Any, **_exception: Any) -> None:
        seen.append(0)

    async def after(response: Any) -> Any:
        seen.append(response.status_code)
        return response

    sys.modules["quart"].got_request_exception.connect(failed, app, weak=False)
    app.after_request(after)
    return app, lambda: seen


def quart_handler_of_everything(_needed: Needed) -> Observed:
    app, statuses = refusing_apps.quart(), []

    async def bad_gateway(_error: Exception) -> Any:
        return "bad gateway", 502

    async def after(response: Any) -> Any:
        statuses.append(response.status_code)
        return response

    app.register_error_handler(Exception, bad_gateway)
    app.after_request(after)
    return app, lambda: statuses


def quart_opentelemetry(needed: Needed) -> Observed:
    app, (provider, seen) = refusing_apps.quart(), spans(needed)
    middleware = needed("opentelemetry.instrumentation.asgi").OpenTelemetryMiddleware
    app.asgi_app = middleware(app.asgi_app, tracer_provider=provider, exclude_spans=["receive", "send"])
    return app, seen


# --- Django


class DjangoMiddleware:
    """Sees responses, exceptions of views, and the signal of what nobody has answered."""

    sync_capable = async_capable = True
    seen: list[int]

    def __init__(self, get_response: Any) -> None:
        from asgiref.sync import markcoroutinefunction

        self.get_response = get_response
        type(self).seen = []
        markcoroutinefunction(self)

    async def __call__(self, request: Any) -> Any:
        response = await self.get_response(request)
        self.seen.append(response.status_code)
        return response

    def process_exception(self, request: Any, exception: Exception) -> None:
        self.seen.append(0)


def django_middleware(_needed: Needed) -> Observed:
    app = refusing_apps.django(f"{__name__}.{DjangoMiddleware.__name__}")
    return app, lambda: DjangoMiddleware.seen


def django_signal(_needed: Needed) -> Observed:
    """The signal by which Sentry is told."""
    app, seen = refusing_apps.django(), []

    def failed(**_request: Any) -> None:
        seen.append(0)

    sys.modules["django.core.signals"].got_request_exception.connect(failed, weak=False)
    return app, lambda: seen or [403]


def django_prometheus(needed: Needed) -> Observed:
    """django-prometheus counts responses by status, and exceptions of views."""
    before, registry = needed("django_prometheus.middleware"), needed("prometheus_client").REGISTRY
    app = refusing_apps.django(*(f"{before.__name__}.Prometheus{place}Middleware" for place in ("Before", "After")))
    name, failed = "django_http_responses_total_by_status_total", "django_http_exceptions_total_by_type_total"

    def now() -> list[int]:
        errors = [
            0 for metric in registry.collect() for one in metric.samples if one.name == failed for _ in range(int(one.value))
        ]
        return errors + counted(registry, name, "status")

    already = now()

    def seen() -> list[int]:
        found = now()
        for status in already:
            found.remove(status)
        return found

    return app, seen


def django_opentelemetry(needed: Needed) -> Observed:
    instrumentor = needed("opentelemetry.instrumentation.django").DjangoInstrumentor()
    provider, seen = spans(needed)
    needed("samples.frameworks.django_app")  # configures Django
    with needed("django.test.utils").override_settings(MIDDLEWARE=[]):  # to which it adds itself
        if instrumentor.is_instrumented_by_opentelemetry:
            instrumentor.uninstrument()
        instrumentor.instrument(tracer_provider=provider)
    return refusing_apps.django("opentelemetry.instrumentation.django.middleware.otel_middleware._DjangoMiddleware"), seen


# --- BlackSheep


def blacksheep_middleware(_needed: Needed) -> Observed:
    app, seen = refusing_apps.blacksheep(), []

    async def middleware(request: Any, handler: Any) -> Any:
        try:
            response = await handler(request)
        except Exception:
            seen.append(0)
            raise
        seen.append(response.status)
        return response

    app.middlewares.append(middleware)
    return app, lambda: seen


def blacksheep_handler_of_everything(needed: Needed) -> Observed:
    app, seen = blacksheep_middleware(needed)
    responses = needed("blacksheep.server.responses")

    async def bad_gateway(_app: Any, _request: Any, _error: Exception) -> Any:
        return responses.status_code(502)

    app.exceptions_handlers[Exception] = bad_gateway
    return app, seen


OBSERVED: Final[Mapping[str, Callable[[Needed], Observed]]] = {
    "litestar, a middleware": litestar_middleware,
    "litestar, its Prometheus": litestar_prometheus,
    "litestar, its OpenTelemetry": litestar_opentelemetry,
    "litestar, a handler of everything": litestar_handler_of_everything,
    "quart, the signal": quart_signal,
    "quart, a handler of everything": quart_handler_of_everything,
    "quart, opentelemetry": quart_opentelemetry,
    "django, a middleware": django_middleware,
    "django, the signal": django_signal,
    "django, django-prometheus": django_prometheus,
    "django, opentelemetry": django_opentelemetry,
    "blacksheep, a middleware": blacksheep_middleware,
    "blacksheep, a handler of everything": blacksheep_handler_of_everything,
}
