"""What OpenTelemetry's own instrumentations of ASGI and FastAPI see beside ours."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi import Depends, FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from bearerguard import AccessTokenMiddleware, Issuer, ResourceServer, requires, role
from bearerguard.fastapi import require
from bearerguard.otel import instrument
from bearerguard.testing import LocalIssuer

pytestmark = [pytest.mark.operating, pytest.mark.anyio]
Needed = Callable[[str], Any]


class Traced:
    """A provider of tracers, and the spans that have ended."""

    def __init__(self, needed: Needed) -> None:
        self.exporter = needed("opentelemetry.sdk.trace.export.in_memory_span_exporter").InMemorySpanExporter()
        self.provider = needed("opentelemetry.sdk.trace").TracerProvider()
        self.provider.add_span_processor(needed("opentelemetry.sdk.trace.export").SimpleSpanProcessor(self.exporter))
        self.instrumentation = needed("opentelemetry.instrumentation.asgi")

    def spans(self) -> list[tuple[str, dict[str, Any]]]:
        """Kind of each span, and what we have told it."""
        return [
            (span.kind.name, {name.partition(".")[2]: value for name, value in span.attributes.items() if "bearerguard" in name})
            for span in self.exporter.get_finished_spans()
        ]


@pytest.fixture
def traced(needed: Needed) -> Traced:
    return Traced(needed)


@pytest.fixture
def issuer() -> LocalIssuer:
    return LocalIssuer()


@pytest.fixture
def api(issuer: LocalIssuer, needed: Needed) -> ResourceServer:
    server = ResourceServer(Issuer(issuer.issuer, jwks=issuer.jwks()), "api://orders")
    instrument(server, meter_provider=needed("opentelemetry.sdk.metrics").MeterProvider())
    return server


@requires(role("Read.All"))
async def orders(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("ok")


async def status(app: ASGIApp, token: str) -> int:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://orders.test") as client:
        return (await client.get("/orders", headers={"Authorization": f"Bearer {token}"})).status_code


async def test_the_servers_span_tells_the_caller_and_the_spans_of_messages_do_not(
    api: ResourceServer, issuer: LocalIssuer, traced: Traced
) -> None:
    around = Middleware(traced.instrumentation.OpenTelemetryMiddleware, tracer_provider=traced.provider)
    app = Starlette(
        routes=[Route("/orders", orders)], middleware=[around, Middleware(AccessTokenMiddleware, resource_server=api)]
    )

    assert await status(app, issuer.mint()) == 200
    assert await status(app, issuer.mint(roles=[])) == 403

    of_server = [told for kind, told in traced.spans() if kind == "SERVER"]
    assert [(told["verdict"], told.get("code"), told["client_id"]) for told in of_server] == [
        ("accepted", None, "reader"),
        ("refused", "missing_role", "reader"),
    ]
    assert all(not told for kind, told in traced.spans() if kind != "SERVER")


async def test_fastapi_is_instrumented_with_the_guard_inside(
    api: ResourceServer, issuer: LocalIssuer, traced: Traced, needed: Needed
) -> None:
    app = FastAPI(openapi_url=None, middleware=[Middleware(AccessTokenMiddleware, resource_server=api)])

    @app.get("/orders", dependencies=[Depends(require(role("Read.All")))])
    async def read() -> str:
        return "ok"

    needed("opentelemetry.instrumentation.fastapi").FastAPIInstrumentor.instrument_app(app, tracer_provider=traced.provider)

    assert await status(app, issuer.mint()) == 200
    assert await status(app, issuer.mint(roles=[])) == 403
    assert await status(app, "x") == 401

    of_server = [told for kind, told in traced.spans() if kind == "SERVER"]
    assert [(told["verdict"], told.get("code")) for told in of_server] == [
        ("accepted", None),
        ("refused", "missing_role"),
        ("refused", "opaque_token"),
    ]


async def test_no_span_is_begun_where_nobody_traces(api: ResourceServer, issuer: LocalIssuer, traced: Traced) -> None:
    app = Starlette(routes=[Route("/orders", orders)], middleware=[Middleware(AccessTokenMiddleware, resource_server=api)])

    assert await status(app, issuer.mint()) == 200
    assert traced.spans() == []
