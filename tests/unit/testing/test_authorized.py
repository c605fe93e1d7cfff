"""Clients whose requests carry a token."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from bearerguard import AccessTokenMiddleware, ConfigurationError, Principal, ResourceServer, oidc, requires, role
from bearerguard.fastapi import require
from bearerguard.testing import AccessTokens, AuthorizedAsyncClients, AuthorizedClients, FakeClock, LocalIssuer, StandIns
from bearerguard.testing.stand_ins import server_of_every_shape


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def issuers(clock: FakeClock) -> Iterator[StandIns]:
    main = LocalIssuer(clock=clock)
    with StandIns(server_of_every_shape(main), main).in_place() as stand_ins:
        yield stand_ins


@pytest.fixture
def authorized_client(issuers: StandIns) -> Iterator[AuthorizedClients]:
    clients = AuthorizedClients(AccessTokens(issuers))
    yield clients
    clients.close()


@requires(role("Read.All"))
async def list_orders(request: Request) -> JSONResponse:
    return JSONResponse({"caller": request.user.client_id, "started": getattr(request.state, "started", False)})


@requires(role("Read.All"))
async def watch_orders(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(str(websocket.user.client_id))
    await websocket.close()


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[dict[str, bool]]:
    yield {"started": True}


@pytest.fixture
def app(issuers: StandIns) -> Starlette:
    return Starlette(
        routes=[Route("/orders", list_orders), WebSocketRoute("/live", watch_orders)],
        middleware=[Middleware(AccessTokenMiddleware, resource_server=issuers.server)],
        lifespan=lifespan,
    )


def test_its_requests_are_accepted(app: Starlette, authorized_client: AuthorizedClients) -> None:
    client = authorized_client(app, roles=["Read.All"], client_id="billing")

    assert client.get("/orders").json() == {"caller": "billing", "started": False}


def test_without_the_role_they_are_refused(app: Starlette, authorized_client: AuthorizedClients) -> None:
    assert authorized_client(app).get("/orders").status_code == 403


def test_a_websocket_carries_the_token_too(app: Starlette, authorized_client: AuthorizedClients) -> None:
    with authorized_client(app, roles=["Read.All"]).websocket_connect("/live") as live:
        assert live.receive_text() == "tests"


def test_as_a_block_it_runs_the_lifespan(app: Starlette, authorized_client: AuthorizedClients) -> None:
    with authorized_client(app, roles=["Read.All"]) as client:
        assert client.get("/orders").json()["started"] is True


def test_it_stays_authorized_when_time_passes_and_keys_change(
    app: Starlette, authorized_client: AuthorizedClients, issuers: StandIns, clock: FakeClock
) -> None:
    client = authorized_client(app, roles=["Read.All"])
    assert client.get("/orders").status_code == 200
    clock.advance(86_400)
    issuers.main.rotate_keys(keep_old=False)

    assert client.get("/orders").status_code == 200


def test_a_header_of_the_requests_own_is_left_alone(app: Starlette, authorized_client: AuthorizedClients) -> None:
    client = authorized_client(app, roles=["Read.All"])

    answer = client.get("/orders", headers={"Authorization": "Bearer 2YotnFZFEjr1zCsicMWpAA"})

    assert answer.json()["code"] == "opaque_token"


def test_a_request_may_go_without_a_token(app: Starlette, authorized_client: AuthorizedClients) -> None:
    assert authorized_client(app, roles=["Read.All"]).get("/orders", auth=None).json()["code"] == "missing_token"


def test_an_application_that_trusts_another_issuer_is_told_apart(authorized_client: AuthorizedClients) -> None:
    """The fixture ``bearerguard_server`` was forgotten: each token has an unknown issuer."""
    other = ResourceServer(
        oidc("https://issuer.contoso.example"), "api://orders", transport=httpx.MockTransport(lambda _: httpx.Response(500))
    )
    inside = Starlette(middleware=[Middleware(GZipMiddleware), Middleware(AccessTokenMiddleware, resource_server=other)])
    around = AccessTokenMiddleware(Starlette(), resource_server=other)

    for app in (inside, around):
        with pytest.raises(ConfigurationError) as caught:
            authorized_client(app)
        assert caught.value.parameter == "bearerguard_server"


def _reads(api: ResourceServer) -> dict[str, Any]:
    return {"dependencies": [Depends(require(role("Read.All"), resource_server=api))]}


async def _orders() -> str:
    return "served"


def _in_a_router(api: ResourceServer) -> FastAPI:
    inner, outer, app = APIRouter(**_reads(api)), APIRouter(), FastAPI()
    inner.add_api_route("/orders", _orders)
    outer.include_router(inner)
    app.include_router(outer, prefix="/v1")
    return app


def _in_a_mount(api: ResourceServer) -> Starlette:
    inner = FastAPI(**_reads(api))
    inner.add_api_route("/orders", _orders)
    return Starlette(routes=[Mount("/v1", app=GZipMiddleware(inner))])


def _inside_a_dependency(api: ResourceServer) -> FastAPI:
    async def customer(caller: Annotated[Principal, Depends(require(role("Read.All"), resource_server=api))]) -> str:
        return caller.subject

    app = FastAPI()
    app.add_api_route("/v1/orders", _orders, dependencies=[Depends(customer)])
    return app


WITHOUT_MIDDLEWARE: Final[tuple[Callable[[ResourceServer], ASGIApp], ...]] = (_in_a_router, _in_a_mount, _inside_a_dependency)


@pytest.mark.parametrize("make", WITHOUT_MIDDLEWARE)
def test_dependencies_that_trust_another_issuer_are_told_apart_as_well(
    make: Callable[[ResourceServer], ASGIApp], authorized_client: AuthorizedClients, issuers: StandIns
) -> None:
    """Without a middleware, ``require`` alone knows the resource server."""
    with pytest.raises(ConfigurationError) as caught:
        authorized_client(make(ResourceServer(oidc("https://issuer.contoso.example"), "api://orders")))
    assert caught.value.parameter == "bearerguard_server"

    assert authorized_client(make(issuers.server), roles=["Read.All"]).get("/v1/orders").status_code == 200


def test_a_dependency_that_a_test_replaces_trusts_nobody(authorized_client: AuthorizedClients) -> None:
    other = ResourceServer(oidc("https://issuer.contoso.example"), "api://orders")
    app = _in_a_router(other)
    app.dependency_overrides[require(role("Read.All"), resource_server=other)] = lambda: None

    assert authorized_client(app).get("/v1/orders").status_code == 200


def test_an_application_with_a_server_of_its_own_may_trust_the_tests_issuer(
    authorized_client: AuthorizedClients, issuers: StandIns
) -> None:
    own = ResourceServer(issuers.main.trusted(), "api://orders", transport=issuers.transport, clock=issuers.main.clock)
    app = Starlette(routes=[Route("/orders", list_orders)], middleware=[Middleware(AccessTokenMiddleware, resource_server=own)])

    assert authorized_client(app, roles=["Read.All"]).get("/orders").status_code == 200


def test_an_application_that_cannot_be_read_is_taken_as_it_is(authorized_client: AuthorizedClients) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("ok")(scope, receive, send)

    assert authorized_client(app).get("/").text == "ok"


def test_several_callers_share_one_test(app: Starlette, authorized_client: AuthorizedClients) -> None:
    reader, nobody = authorized_client(app, roles=["Read.All"]), authorized_client(app)

    assert [client.get("/orders").status_code for client in (reader, nobody, reader)] == [200, 403, 200]


def test_it_is_a_test_client_and_closed_in_the_end(app: Starlette, issuers: StandIns) -> None:
    clients = AuthorizedClients(AccessTokens(issuers))
    client = clients(app, base_url="http://orders.test")

    clients.close()

    assert type(client).__name__ == "TestClient"
    assert (client.base_url.host, client.is_closed) == ("orders.test", True)


@pytest.mark.anyio
async def test_an_async_client_is_authorized_as_well(app: Starlette, issuers: StandIns) -> None:
    make = AuthorizedAsyncClients(AccessTokens(issuers))

    async with make(app, roles=["Read.All"], base_url="http://orders.test") as client:
        assert isinstance(client, httpx.AsyncClient)
        assert (await client.get("/orders")).json()["caller"] == "tests"
    assert (await make(app).get("/orders")).status_code == 403
