"""A public pattern opens its own endpoint and nothing else.

The protected endpoints here have no decorator and ``undeclared="allow"``: nothing but the middleware stands before them.
"""

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Host, Match, Mount, Route, Router, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from bearerguard import AccessTokenMiddleware, ResourceServer, authenticated, public, requires
from bearerguard.web.public_routes import PublicRoutes
from support.asgi import call, connect, http_scope

pytestmark = pytest.mark.anyio


@public
async def opened(request: Request) -> Response:
    return PlainTextResponse("opened")


async def closed(request: Request) -> Response:
    return PlainTextResponse("closed")


@public
async def opened_socket(websocket: WebSocket) -> None:
    await websocket.accept()


async def closed_socket(websocket: WebSocket) -> None:
    await websocket.accept()


async def foreign_app(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("foreign")(scope, receive, send)


def inside(api: ResourceServer, *routes: BaseRoute) -> ASGIApp:
    return Starlette(routes=routes, middleware=[Middleware(AccessTokenMiddleware, resource_server=api, undeclared="allow")])


async def reached(app: ASGIApp, target: str, method: str = "GET", **more: Any) -> str:
    """Who answered without a token: the endpoint, or ``401``."""
    answer = await call(app, http_scope(method, target, **more))
    return answer.body.decode() if answer.status < 400 else str(answer.status)


async def test_a_public_endpoint_is_reached(api: ResourceServer) -> None:
    app = inside(api, Route("/a", opened), Route("/b", closed))

    assert await reached(app, "/a") == "opened"
    assert await reached(app, "/b") == "401"


async def test_an_earlier_protected_route_is_not_opened_by_a_later_public_pattern(api: ResourceServer) -> None:
    app = inside(api, Route("/a/b", closed), Route("/a/{x}", opened))

    assert await reached(app, "/a/b") == "401"
    assert await reached(app, "/a/c") == "opened"


async def test_an_earlier_public_pattern_opens_what_the_router_gives_it(api: ResourceServer) -> None:
    app = inside(api, Route("/a/{x}", opened), Route("/a/b", closed))

    assert await reached(app, "/a/b") == "opened"


@pytest.mark.parametrize("first", ["opened", "closed"])
async def test_each_method_leads_to_the_route_that_has_it(first: str, api: ResourceServer) -> None:
    """A partial match is none: Starlette goes on looking for a full one."""
    routes = [Route("/a", opened, methods=["GET"]), Route("/a", closed, methods=["POST"])]
    app = inside(api, *(routes if first == "opened" else reversed(routes)))

    assert await reached(app, "/a") == "opened"
    assert await reached(app, "/a", "HEAD") == "opened"
    assert await reached(app, "/a", "POST") == "401"


@pytest.mark.parametrize("method", ["POST", "OPTIONS", "DELETE", "BREW", "get", "", "GET ", "WEBSOCKET"])
async def test_a_method_that_a_public_route_lacks_is_not_public(method: str, api: ResourceServer) -> None:
    """Whether it is 405 or 404 is for those who have a token."""
    assert await reached(inside(api, Route("/a", opened)), "/a", method) == "401"


async def test_a_method_that_only_a_mount_behind_takes_is_judged_by_the_mount(api: ResourceServer) -> None:
    app = inside(api, Route("/a", opened, methods=["GET"]), Mount("/", routes=[Route("/a", closed, methods=["POST"])]))

    assert await reached(app, "/a") == "opened"
    assert await reached(app, "/a", "POST") == "401"


@pytest.mark.parametrize("target", ["/a/", "//a", "/A", "/a%2F", "/a;x=1", "/a.", "/", "", "a"])
async def test_a_path_that_only_resembles_a_public_one_is_not_public(target: str, api: ResourceServer) -> None:
    assert await reached(inside(api, Route("/a", opened), Route("/b", closed)), target) == "401"


@pytest.mark.parametrize("target", ["/b/", "/b"])
async def test_a_redirect_to_a_protected_route_is_not_made_for_nobody(target: str, api: ResourceServer) -> None:
    """With ``redirect_slashes`` the router answers 307 where a path almost matches."""
    app = inside(api, Route("/b", closed), Route("/{x:path}/c", opened))

    assert await reached(app, target) == "401"


@pytest.mark.parametrize(("target", "who"), [("/api/a", "opened"), ("/a", "opened"), ("/api/admin", "401"), ("/admin", "401")])
async def test_root_path_gives_each_route_two_spellings(target: str, who: str, api: ResourceServer) -> None:
    """With root_path="/api" both /admin and /api/admin run the handler."""
    app = inside(api, Route("/a", opened), Route("/admin", closed))

    assert await reached(app, target, root_path="/api") == who


@pytest.mark.parametrize("target", ["/apia", "/api", "/api/api/a", "/api/", "/ap/a"])
async def test_root_path_is_taken_off_as_whole_segments_and_once(target: str, api: ResourceServer) -> None:
    assert await reached(inside(api, Route("/a", opened), Route("/apia", closed)), target, root_path="/api") == "401"


async def test_a_mounts_own_root_path_does_not_open_a_path_that_looks_alike(api: ResourceServer) -> None:
    """Within a mount, a path that does not begin with root_path is matched whole: /sub/a, not /a."""
    app = inside(api, Mount("/sub", routes=[Route("/a", closed), Route("/sub/a", opened)]))

    assert await reached(app, "/sub/a") == "401"
    assert await reached(app, "/sub/sub/a") == "opened"
    assert await reached(app, "/sub/a", root_path="/api") == "401", (
        "the router would serve the inner /sub/a; a token is asked for"
    )


async def test_routes_of_mounts_routers_and_applications_are_found(api: ResourceServer) -> None:
    inner = Starlette(routes=[Route("/a", opened), Route("/b", closed)])
    router = Router([Mount("/deep", app=inner), Route("/a", closed)])
    app = inside(api, Mount("/r", app=router), Mount("/m/{x:int}", routes=[Route("/{y}", opened)]))

    assert await reached(app, "/r/deep/a") == "opened"
    assert await reached(app, "/r/deep/b") == "401"
    assert await reached(app, "/r/a") == "401"
    assert await reached(app, "/m/7/y") == "opened"
    assert await reached(app, "/m/x/y") == "401"


async def test_a_mount_that_matches_first_decides_alone(api: ResourceServer) -> None:
    """A mount takes all beneath its path, also what it has no route for."""
    app = inside(api, Mount("/a", routes=[Route("/x", closed)]), Route("/a/y", opened))

    assert await reached(app, "/a/y") == "401"


async def test_a_router_inside_other_middlewares_is_found(api: ResourceServer) -> None:
    app = inside(
        api,
        Mount("/m", routes=[Route("/a", opened)], middleware=[Middleware(GZipMiddleware)]),
        Mount("/s", app=GZipMiddleware(Starlette(routes=[Route("/a", opened)], middleware=[Middleware(GZipMiddleware)]))),
    )

    assert await reached(app, "/m/a") == "opened"
    assert await reached(app, "/s/a") == "opened"


async def test_hosts_are_told_apart_as_the_router_does(api: ResourceServer) -> None:
    """Host decides nothing but which routes the router asks; a caller who sends another gets that one's answer."""
    app = inside(api, Host("open.test", Router([Route("/a", opened)])), Route("/a", closed), Route("/b", opened))

    async def at(host: bytes, target: str) -> str:
        return await reached(app, target, headers=[(b"host", host)])

    assert await at(b"open.test", "/a") == "opened"
    assert await at(b"open.test:8000", "/a") == "opened"
    assert await at(b"OPEN.test", "/a") == "opened"
    assert await at(b"open.test", "/b") == "401", "that host has no /b"
    assert await at(b"other.test", "/a") == "401"
    assert await at(b"open.test@other.test", "/a") == "401"
    assert await at(b"", "/b") == "opened"


@pytest.mark.parametrize(
    "name", [b"x-forwarded-host", b"x-original-url", b"x-rewrite-url", b"x-http-method-override", b"forwarded"]
)
async def test_no_other_header_decides(name: bytes, api: ResourceServer) -> None:
    """A header that a caller adds decides nothing."""
    app = inside(api, Host("open.test", Router([Route("/{x:path}", opened)])), Route("/b", closed), Route("/a", opened))

    for value in (b"open.test", b"/a", b"GET", b"host=open.test"):
        assert await reached(app, "/b", headers=[(b"host", b"api.test"), (name, value)]) == "401"


async def test_websockets_and_http_do_not_open_one_another(api: ResourceServer) -> None:
    app = inside(api, Route("/http", opened), WebSocketRoute("/socket", opened_socket), WebSocketRoute("/closed", closed_socket))

    assert (await connect(app, "/socket")).status == 101
    assert (await connect(app, "/http")).status == 401
    assert (await connect(app, "/closed")).status == 401
    assert await reached(app, "/socket") == "401"
    assert await reached(app, "/closed") == "401"


async def test_methods_of_a_class_are_opened_one_by_one(api: ResourceServer) -> None:
    class Orders(HTTPEndpoint):
        @public
        async def get(self, request: Request) -> Response:
            return PlainTextResponse("opened")

        opened_method = get

        async def post(self, request: Request) -> Response:
            return PlainTextResponse("closed")

    app = inside(api, Route("/a", Orders))

    assert await reached(app, "/a") == "opened"
    assert await reached(app, "/a", "HEAD") == "opened"
    for method in ("POST", "DELETE", "OPENED_METHOD", "OPTIONS", "DISPATCH", "__INIT__"):
        assert await reached(app, "/a", method) == "401", method


async def test_a_head_of_its_own_is_not_opened_by_a_public_get(api: ResourceServer) -> None:
    class Orders(HTTPEndpoint):
        @public
        async def get(self, request: Request) -> Response:
            return PlainTextResponse("opened")

        async def head(self, request: Request) -> Response:
            return PlainTextResponse("closed")

    assert await reached(inside(api, Route("/a", Orders)), "/a", "HEAD") == "401"


async def test_a_class_with_a_dispatch_of_its_own_is_opened_only_as_a_whole(api: ResourceServer) -> None:
    class Crossed(HTTPEndpoint):
        @public
        async def get(self, request: Request) -> Response:
            return PlainTextResponse("opened")

        async def dispatch(self) -> None:
            await PlainTextResponse("closed")(self.scope, self.receive, self.send)

    assert await reached(inside(api, Route("/a", Crossed)), "/a") == "401"
    assert await reached(inside(api, Route("/a", public(Crossed))), "/a") == "closed"


async def test_a_subclass_of_a_public_class_is_not_public(api: ResourceServer) -> None:
    """It may have methods that nobody declared."""

    @public
    class Base(HTTPEndpoint):
        async def get(self, request: Request) -> Response:
            return PlainTextResponse("opened")

    class Derived(Base):
        async def post(self, request: Request) -> Response:
            return PlainTextResponse("closed")

    app = inside(api, Route("/base", Base), Route("/derived", Derived))

    assert await reached(app, "/base") == "opened"
    assert await reached(app, "/derived") == "401"
    assert await reached(app, "/derived", "POST") == "401"


async def test_a_public_websocket_class_is_reached(api: ResourceServer) -> None:
    class ByMethod(WebSocketEndpoint):
        @public
        async def on_connect(self, websocket: WebSocket) -> None:
            await websocket.accept()

    @public
    class AsAWhole(WebSocketEndpoint):
        pass

    app = inside(api, WebSocketRoute("/m", ByMethod), WebSocketRoute("/c", AsAWhole), WebSocketRoute("/n", WebSocketEndpoint))

    assert (await connect(app, "/m")).status == 101
    assert (await connect(app, "/c")).status == 101
    assert (await connect(app, "/n")).status == 401


async def test_a_mount_opened_as_a_whole_opens_what_declares_nothing_else(api: ResourceServer, tmp_path: Any) -> None:
    (tmp_path / "a.txt").write_text("opened")
    app = inside(
        api,
        Mount("/files/secret", app=foreign_app),
        public(Mount("/files", app=StaticFiles(directory=tmp_path))),
        Mount("/app", app=public(StaticFiles(directory=tmp_path))),
        public(Mount("/mixed", routes=[Route("/a", opened), Route("/b", requires(authenticated())(closed))])),
        public(Host("open.test", app=foreign_app)),
    )

    assert await reached(app, "/files/a.txt") == "opened"
    assert await reached(app, "/app/a.txt") == "opened"
    assert await reached(app, "/files/secret/a.txt") == "401"
    assert await reached(app, "/files") == "401"
    assert await reached(app, "/mixed/a") == "opened"
    assert await reached(app, "/mixed/b") == "401"
    assert await reached(app, "/anything", headers=[(b"host", b"open.test")]) == "foreign"


async def test_dots_behind_a_public_mount_are_refused(api: ResourceServer, tmp_path: Any) -> None:
    """Oathkeeper CVE-2026-33494: traversal. What is mounted may hand the request on, dots and all."""
    (tmp_path / "open").mkdir()
    (tmp_path / "secret.txt").write_text("closed")
    app = inside(api, public(Mount("/files", app=StaticFiles(directory=tmp_path / "open"))), Route("/b", closed))

    for target in ("/files/../secret.txt", "/files/../b", "/files/%2e%2e/b"):
        assert await reached(app, target) == "400"


async def test_nothing_is_public_beneath_a_guarded_mount(api: ResourceServer) -> None:
    guarded = requires(authenticated())(Mount("/g", routes=[Route("/a", opened)]))

    assert await reached(inside(api, guarded), "/g/a") == "401"


async def test_an_application_that_cannot_be_read_is_not_public(api: ResourceServer) -> None:
    class Hidden:
        def __init__(self, app: ASGIApp) -> None:
            self.wrapped = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await self.wrapped(scope, receive, send)

    assert await reached(inside(api, Mount("/h", app=Hidden(Router([Route("/a", opened)])))), "/h/a") == "401"


@pytest.mark.parametrize("digits", [5, 5000])
async def test_a_route_that_cannot_be_asked_is_not_public(digits: int, api: ResourceServer) -> None:
    """``int()`` refuses 4 301 digits: the router fails on such a path, for those who have a token."""
    app = inside(api, Route("/{x:int}", opened))

    assert await reached(app, "/" + "1" * digits) == ("opened" if digits == 5 else "401")


async def test_a_route_class_of_ones_own_is_asked_by_its_own_matching(api: ResourceServer) -> None:
    class Everything(BaseRoute):
        endpoint = staticmethod(opened)

        def matches(self, scope: Scope) -> tuple[Match, Scope]:
            return (Match.FULL if scope["path"].startswith("/a") else Match.NONE), {}

        async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
            await PlainTextResponse("opened")(scope, receive, send)

    app = inside(api, Everything(), Route("/b", closed))

    assert await reached(app, "/anything") == "opened"
    assert await reached(app, "/b") == "401"


async def test_a_protected_route_added_later_is_seen(api: ResourceServer) -> None:
    app = Starlette(
        routes=[Route("/a/{x}", opened)],
        middleware=[Middleware(AccessTokenMiddleware, resource_server=api, undeclared="allow")],
    )
    assert await reached(app, "/a/b") == "opened"

    app.router.routes.insert(0, Route("/a/b", closed))

    assert await reached(app, "/a/b") == "401"


async def test_a_middleware_of_a_mount_asks_the_mounts_routes_and_not_the_applications(api: ResourceServer) -> None:
    """Inside a Mount the paths are relative; the application's own public /a is another."""
    guard = Middleware(AccessTokenMiddleware, resource_server=api, undeclared="allow")
    app = Starlette(
        routes=[
            Mount("/admin", routes=[Route("/a", closed), Route("/open", opened)], middleware=[guard]),
            Mount("/foreign", app=foreign_app, middleware=[guard]),
            Route("/a", opened),
            Route("/route", closed, middleware=[guard]),
        ]
    )

    assert await reached(app, "/admin/a") == "401"
    assert await reached(app, "/admin/open") == "opened"
    assert await reached(app, "/foreign/a") == "401"
    assert await reached(app, "/route") == "401"
    assert await reached(app, "/a") == "opened"


async def test_a_wrapper_that_hides_the_router_is_seen_through_by_the_applications_name(api: ResourceServer) -> None:
    class Hiding:
        def __init__(self, app: ASGIApp) -> None:
            self.wrapped = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await self.wrapped(scope, receive, send)

    guard = Middleware(AccessTokenMiddleware, resource_server=api, undeclared="allow")
    app = Starlette(routes=[Route("/a", opened), Route("/b", closed)], middleware=[guard, Middleware(Hiding)])

    assert await reached(app, "/a") == "opened"
    assert await reached(app, "/b") == "401"


@pytest.mark.parametrize("routes", [[], [Route("/a", closed)], [Mount("/m", routes=[Route("/a", closed)])]])
def test_where_nothing_is_public_no_route_is_asked(routes: list[BaseRoute]) -> None:
    assert not PublicRoutes(Starlette(routes=routes))


@pytest.mark.parametrize("target", ["/x/", "/x/y", "/x/y/z"])
async def test_a_parameter_that_takes_slashes_is_public_whole(target: str, api: ResourceServer) -> None:
    assert await reached(inside(api, Route("/x/{path:path}", opened)), target) == "opened"


async def test_a_route_that_cannot_be_asked_is_not_public_and_the_log_says_so(
    api: ResourceServer, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing(Route):
        def matches(self, scope: Scope) -> tuple[Match, Scope]:
            raise RuntimeError("a converter that cannot convert")

    found = PublicRoutes(Starlette(routes=[Route("/b", opened), Failing("/a", opened)]))
    with caplog.at_level("DEBUG", "bearerguard"):
        assert found.open_for(http_scope("GET", "/a"), "/a") is None
    assert "could not be asked" in caplog.text
