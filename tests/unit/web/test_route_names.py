"""The template of the route that takes a request, for labels: never the path that a caller chose."""

from typing import Any

import pytest
from fastapi import APIRouter, Depends, FastAPI
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Host, Match, Mount, Route, Router, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from bearerguard import AccessTokenMiddleware, PathPolicy, ResourceServer, authenticated, principal_of, public, requires, role
from bearerguard.events import Event
from bearerguard.fastapi import require
from bearerguard.web.route_names import NamesInApp, RouteNames, mounted_at
from support.asgi import Header, connect, get

pytestmark = pytest.mark.anyio

ANYBODY, ADMIN = authenticated(), role("Admin.All")


@pytest.fixture
def api(telling: ResourceServer) -> ResourceServer:
    return telling


async def served(request: Request) -> Response:
    return PlainTextResponse("ok")


class Orders(HTTPEndpoint):
    @requires(ANYBODY)
    async def get(self, request: Request) -> Response:
        return PlainTextResponse("ok")


async def plain(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await PlainTextResponse("ok")(scope, receive, send)


async def talks(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close()


async def health(request: Request) -> Response:
    return PlainTextResponse("ok")


GUARDED = requires(ANYBODY)(served)
SUB = Starlette(routes=[Route("/{id}", GUARDED), Mount("/deep/{x}", routes=[Route("/end", GUARDED)])])
ROUTES: list[Any] = [
    Route("/orders/{id:int}", GUARDED),
    Route("/orders/{id}/lines", GUARDED),  # the same endpoint
    Route("/class/{id}", Orders),
    Route("/health", public(health)),
    Mount("/routes/{tenant}", routes=[Route("/orders/{id}", GUARDED)]),
    Mount("/sub", app=SUB),
    requires(ANYBODY)(Mount("/files", app=plain)),
    Host("{tenant}.api.test", app=Starlette(routes=[Route("/hosted/{id}", GUARDED)])),
    WebSocketRoute("/live/{id}", requires(ANYBODY)(talks)),
]
FOUND = {
    "/orders/7": "/orders/{id:int}",
    "/orders/7/lines": "/orders/{id}/lines",
    "/class/7": "/class/{id}",
    "/routes/acme/orders/7": "/routes/{tenant}/orders/{id}",
    "/sub/7": "/sub/{id}",
    "/sub/deep/7/end": "/sub/deep/{x}/end",
    "/files/a/b": "/files",
    "/nothing": "",
    "/routes/acme/nothing": "/routes/{tenant}",
    "/routes/acme/health": "/routes/{tenant}",
}


async def both(app: ASGIApp, target: str, reader: list[Header], seen: list[Event], **more: Any) -> list[str]:
    """The route of a request without a token and of one with it."""
    seen.clear()
    for headers in ([], reader):
        await get(app, target, headers, **more)
    return [event.route for event in seen]


@pytest.mark.parametrize("target", FOUND)
@pytest.mark.parametrize("root_path", ["", "/api"])
async def test_starlette(target: str, root_path: str, api: ResourceServer, seen: list[Event], reader: list[Header]) -> None:
    app = Starlette(routes=ROUTES, middleware=[Middleware(AccessTokenMiddleware, resource_server=api)])
    routes = await both(app, root_path + target, reader, seen, root_path=root_path)
    assert routes == [FOUND[target]] * 2


async def test_a_public_route(api: ResourceServer, seen: list[Event]) -> None:
    app = Starlette(routes=ROUTES, middleware=[Middleware(AccessTokenMiddleware, resource_server=api)])
    await get(app, "/health")
    assert [event.route for event in seen] == ["/health"]


async def test_a_host(api: ResourceServer, seen: list[Event], reader: list[Header]) -> None:
    app = Starlette(routes=ROUTES, middleware=[Middleware(AccessTokenMiddleware, resource_server=api)])
    host = [(b"host", b"acme.api.test")]
    await get(app, "/hosted/7", [*host, *reader])
    await get(app, "/hosted/7", host)
    assert [event.route for event in seen] == ["/hosted/{id}"] * 2


async def test_a_websocket(api: ResourceServer, seen: list[Event], reader: list[Header]) -> None:
    app = Starlette(routes=ROUTES, middleware=[Middleware(AccessTokenMiddleware, resource_server=api)])
    for headers in ([], reader):
        await connect(app, "/live/7", headers)
    assert [event.route for event in seen] == ["/live/{id}"] * 2


@pytest.mark.parametrize("target", ["/orders/7", "/routes/acme/orders/7"])
async def test_a_policy_around_starlette(target: str, api: ResourceServer, seen: list[Event], reader: list[Header]) -> None:
    """The application's own route tells more than a row for many."""
    policy = PathPolicy({"/{rest:path}": ANYBODY})
    app = AccessTokenMiddleware(Starlette(routes=ROUTES), resource_server=api, policy=policy)
    assert await both(app, target, reader, seen) == [FOUND[target]] * 2


async def test_a_policy_around_anything_else(api: ResourceServer, seen: list[Event], reader: list[Header]) -> None:
    """Of other frameworks the row is all that is known."""
    app = AccessTokenMiddleware(plain, resource_server=api, policy=PathPolicy({"GET /orders/{id}": ANYBODY}))
    assert await both(app, "/orders/7", reader, seen) == ["/orders/{id}"] * 2
    assert await both(app, "/elsewhere", reader, seen) == ["", ""]


async def test_neither_policy_nor_routes(api: ResourceServer, seen: list[Event], reader: list[Header]) -> None:
    assert await both(AccessTokenMiddleware(plain, resource_server=api), "/orders/7", reader, seen) == ["", ""]


async def test_a_guard_at_a_mount_names_the_mount(api: ResourceServer, seen: list[Event], reader: list[Header]) -> None:
    guard = [Middleware(AccessTokenMiddleware, resource_server=api)]
    inner = Mount("/{tenant}/v1", routes=[Route("/orders/{id}", GUARDED)], middleware=guard)
    app = Starlette(routes=[Mount("/shops", routes=[inner])])
    assert await both(app, "/shops/acme/v1/orders/7", reader, seen) == ["/shops/{tenant}/v1/orders/{id}"] * 2


async def test_a_route_that_is_added_later(api: ResourceServer, seen: list[Event], reader: list[Header]) -> None:
    inner = Starlette(routes=[Route("/a", GUARDED)])
    app = AccessTokenMiddleware(inner, resource_server=api)
    await get(app, "/a", reader)
    inner.router.routes.append(Route("/late/{id}", GUARDED))
    assert await both(app, "/late/7", reader, seen) == ["/late/{id}"] * 2


async def test_a_route_that_cannot_be_asked_has_no_name(api: ResourceServer, seen: list[Event]) -> None:
    class Broken(Route):
        def matches(self, scope: Scope) -> Any:
            raise ZeroDivisionError

    app = AccessTokenMiddleware(Starlette(routes=[Broken("/a", GUARDED)]), resource_server=api)
    assert (await get(app, "/a")).status == 401
    assert [event.route for event in seen] == [""]


async def test_a_middleware_that_hands_on_a_copy_of_the_scope(
    api: ResourceServer, seen: list[Event], reader: list[Header]
) -> None:
    class Copying:
        def __init__(self, app: ASGIApp) -> None:
            self.app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await self.app(dict(scope), receive, send)

    guard = Middleware(AccessTokenMiddleware, resource_server=api)
    app = Starlette(routes=ROUTES, middleware=[guard, Middleware(Copying)])
    assert await both(app, "/routes/acme/orders/7", reader, seen) == ["/routes/{tenant}/orders/{id}"] * 2


class ByItself(BaseRoute):
    """Takes every path, and has neither a template nor an endpoint."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return Match.FULL, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        principal_of(scope, ADMIN)
        raise NotImplementedError


async def test_a_route_without_a_template_beneath_a_mount_is_refused_as_any_other(
    api: ResourceServer, seen: list[Event], reader: list[Header]
) -> None:
    app = AccessTokenMiddleware(Starlette(routes=[Mount("/m", routes=[ByItself()])]), resource_server=api, undeclared="allow")
    assert (await get(app, "/m/a", reader)).status == 403
    assert [event.code for event in seen] == ["missing_role"]


async def third(request: Request) -> Response:
    raise NotImplementedError


def test_where_a_router_names_the_endpoint_alone_one_of_several_routes_has_no_name() -> None:
    """Older ones of Starlette do."""
    names = RouteNames(Router([Route("/a", served), Route("/b/{id}", served), Route("/c/{id}", third)]))
    assert names.taken_by({"endpoint": served}) == ""
    assert names.taken_by({"endpoint": third}) == "/c/{id}"
    assert names.taken_by({}) == ""


def test_before_a_router_was_asked_there_is_no_name() -> None:
    app = Starlette(routes=[Route("/c/{id}", third)])
    names, scope = NamesInApp(), {"app": app, "endpoint": third}
    assert (names(scope, is_served=True), names(scope, is_served=False)) == ("/c/{id}", "")


@pytest.mark.parametrize("scope", [{}, {"app": None}, {"app": object()}])
def test_where_no_application_can_be_read_there_is_no_name(scope: Scope) -> None:
    assert NamesInApp()(scope, is_served=True) == ""


async def test_an_application_that_takes_a_root_path_off_is_named_as_its_routes_are(
    api: ResourceServer, seen: list[Event], reader: list[Header]
) -> None:
    inner = FastAPI(openapi_url=None)
    inner.root_path = "/api"
    inner.add_api_route("/orders/{id}", plain_endpoint, dependencies=[Depends(require(ANYBODY))])
    assert await both(AccessTokenMiddleware(inner, resource_server=api), "/api/orders/7", reader, seen) == ["/orders/{id}"] * 2


def test_a_mount_without_parameters_is_named_as_it_is_written() -> None:
    assert mounted_at({"app_root_path": "/proxy", "root_path": "/proxy/shops"}) == "/shops"


# --- FastAPI


def fastapi(*, resource_server: ResourceServer | None) -> FastAPI:
    access = [Depends(require(ANYBODY, resource_server=resource_server))]
    app, orders, inner = FastAPI(openapi_url=None), APIRouter(prefix="/orders"), APIRouter(prefix="/{order}/lines")
    orders.add_api_route("/{id}", plain_endpoint, dependencies=access)
    inner.add_api_route("/{line}", other_endpoint, dependencies=access)
    orders.include_router(inner)
    app.include_router(orders, prefix="/v1")
    sub = FastAPI(openapi_url=None)
    sub.add_api_route("/{id}", plain_endpoint, dependencies=access)
    app.mount("/sub", sub)
    return app


async def plain_endpoint() -> str:
    return "ok"


async def other_endpoint() -> str:
    return "ok"


IN_FASTAPI = {"/v1/orders/7": "/v1/orders/{id}", "/v1/orders/7/lines/8": "/v1/orders/{order}/lines/{line}", "/sub/7": "/sub/{id}"}


@pytest.mark.parametrize("target", IN_FASTAPI)
async def test_fastapi(target: str, api: ResourceServer, seen: list[Event], reader: list[Header]) -> None:
    app = AccessTokenMiddleware(fastapi(resource_server=None), resource_server=api)
    assert await both(app, target, reader, seen) == [IN_FASTAPI[target]] * 2


@pytest.mark.parametrize("target", ["/v1/orders/7", "/v1/orders/7/lines/8"])
async def test_fastapi_without_a_middleware(target: str, api: ResourceServer, seen: list[Event], reader: list[Header]) -> None:
    assert await both(fastapi(resource_server=api), target, reader, seen) == [IN_FASTAPI[target]] * 2
