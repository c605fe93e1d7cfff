"""Every route and who gets through to it: what the audit lists is what is enforced."""

import functools
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Host, Mount, Route, Router, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from bearerguard import (
    AccessTokenMiddleware,
    ConfigurationError,
    PathPolicy,
    ResourceServer,
    audit,
    authenticated,
    public,
    requires,
    role,
)
from bearerguard.web.route_table import AuditedRoute
from support.asgi import lifespan

READ, WRITE, ADMIN = role("Read.All"), role("Write.All"), role("Admin.All")
PUBLIC = PathPolicy.PUBLIC


@requires(READ)
async def read(request: Request) -> Response:
    raise NotImplementedError


@public
def opened(request: Request) -> Response:
    raise NotImplementedError


async def forgotten(request: Request) -> Response:
    raise NotImplementedError


@requires(READ)
async def live(websocket: WebSocket) -> None:
    raise NotImplementedError


class Orders(HTTPEndpoint):
    @requires(READ)
    async def get(self, request: Request) -> Response:
        raise NotImplementedError

    @requires(WRITE)
    async def post(self, request: Request) -> Response:
        raise NotImplementedError

    @requires(WRITE)
    async def patch(self, request: Request) -> Response:
        raise NotImplementedError

    async def delete(self, request: Request) -> Response:
        raise NotImplementedError


@requires(ADMIN)
class Guarded(HTTPEndpoint):
    async def get(self, request: Request) -> Response:
        raise NotImplementedError


@public
class Open(HTTPEndpoint):
    async def get(self, request: Request) -> Response:
        raise NotImplementedError


class Crossed(HTTPEndpoint):
    @requires(READ)
    async def get(self, request: Request) -> Response:
        raise NotImplementedError

    async def dispatch(self) -> None:
        raise NotImplementedError


class Feed(WebSocketEndpoint):
    @requires(READ)
    async def on_connect(self, websocket: WebSocket) -> None:
        raise NotImplementedError


async def foreign(scope: Scope, receive: Receive, send: Send) -> None:
    raise NotImplementedError


def rows(*routes: Any, **options: Any) -> list[tuple[str, str, object, str]]:
    """Methods, path, access and who decided, of each route."""
    app = Starlette(routes=routes, middleware=[Middleware(AccessTokenMiddleware, resource_server=None, **options)])  # type: ignore[arg-type]
    return [(",".join(row.methods), row.path, row.access, row.decided_by) for row in audit(app)]


def test_functions() -> None:
    found = rows(
        Route("/read", read),
        Route("/write", requires(WRITE)(forgotten), methods=["POST", "PUT"]),
        Route("/open", opened),
        Route("/forgotten/{x:int}", forgotten),
        Route("/partial", functools.partial(read)),
    )
    assert found == [
        ("GET,HEAD", "/read", READ, "endpoint"),
        ("POST,PUT", "/write", WRITE, "endpoint"),
        ("GET,HEAD", "/open", PUBLIC, "endpoint"),
        ("GET,HEAD", "/forgotten/{x:int}", None, "nothing"),
        ("GET,HEAD", "/partial", READ, "endpoint"),
    ]


def test_classes_by_method_or_as_a_whole() -> None:
    found = rows(Route("/orders", Orders), Route("/guarded", Guarded), Route("/open", Open), Route("/crossed", Crossed))

    assert found == [
        ("GET,HEAD", "/orders", READ, "endpoint"),
        ("POST,PATCH", "/orders", WRITE, "endpoint"),
        ("DELETE", "/orders", None, "nothing"),
        ("GET,HEAD", "/guarded", ADMIN, "endpoint"),
        ("GET,HEAD", "/open", PUBLIC, "endpoint"),
        ("", "/crossed", None, "nothing"),
    ]


def test_a_class_restricted_to_methods_is_listed_with_these() -> None:
    assert rows(Route("/guarded", Guarded, methods=["GET"])) == [("GET,HEAD", "/guarded", ADMIN, "endpoint")]


def test_websockets() -> None:
    found = rows(
        WebSocketRoute("/live", live),
        WebSocketRoute("/feed", Feed),
        WebSocketRoute("/bare", WebSocketEndpoint),
    )
    assert found == [
        ("WEBSOCKET", "/live", READ, "endpoint"),
        ("WEBSOCKET", "/feed", READ, "endpoint"),
        ("WEBSOCKET", "/bare", None, "nothing"),
    ]


def test_mounts_hosts_and_nested_applications(tmp_path: Path) -> None:
    inner = Starlette(routes=[Route("/a", read)], middleware=[Middleware(GZipMiddleware)])
    found = rows(
        Mount("/m/{x}", routes=[Mount("/n", routes=[Route("/", forgotten)])], middleware=[Middleware(GZipMiddleware)]),
        Mount("/app", app=GZipMiddleware(inner)),
        Host("{team}.api.test", Router([Route("/a", read), WebSocketRoute("/b", live)])),
        Mount("/static", app=StaticFiles(directory=tmp_path)),
        Mount("/foreign", app=foreign),
        Route("/asgi", GZipMiddleware(foreign)),
    )
    assert found == [
        ("GET,HEAD", "/m/{x}/n/", None, "nothing"),
        ("GET,HEAD", "/app/a", READ, "endpoint"),
        ("GET,HEAD", "//{team}.api.test/a", READ, "endpoint"),
        ("WEBSOCKET", "//{team}.api.test/b", READ, "endpoint"),
        ("GET,HEAD", "/static/{path:path}", None, "nothing"),
        ("", "/foreign/{path:path}", None, "nothing"),
        ("", "/asgi", None, "nothing"),
    ]


def test_what_a_mount_declares_counts_for_all_beneath() -> None:
    def routes() -> list[Any]:
        return [Route("/read", read), Route("/open", opened), Route("/forgotten", forgotten)]

    found = rows(
        requires(ADMIN)(Mount("/g", routes=routes())),
        public(Mount("/p", routes=routes())),
        Mount("/ga", app=requires(ADMIN)(Router([Route("/forgotten", forgotten)]))),
        Mount("/pa", app=public(Router([requires(ADMIN)(Mount("/x", routes=[Route("/forgotten", forgotten)]))]))),
        requires(WRITE)(requires(ADMIN)(Mount("/twice", app=foreign))),
    )
    assert found == [
        ("GET,HEAD", "/g/read", READ & ADMIN, "endpoint"),
        ("GET,HEAD", "/g/open", ADMIN, "endpoint"),
        ("GET,HEAD", "/g/forgotten", ADMIN, "mount"),
        ("GET,HEAD", "/p/read", READ, "endpoint"),
        ("GET,HEAD", "/p/open", PUBLIC, "endpoint"),
        ("GET,HEAD", "/p/forgotten", PUBLIC, "mount"),
        ("GET,HEAD", "/ga/forgotten", ADMIN, "mount"),
        ("GET,HEAD", "/pa/x/forgotten", ADMIN, "mount"),
        ("", "/twice/{path:path}", WRITE & ADMIN, "mount"),
    ]


def test_listed_paths_are_declared() -> None:
    """Design §3: a path listed in public= counts as declared."""
    found = rows(
        Route("/docs", forgotten),
        Route("/docs/{page}", forgotten),
        Route("/read", read),
        Mount("/static", app=foreign),
        Route("/write", forgotten, methods=["GET", "POST"]),
        public=["/docs", "/docs/{page}", "/read", "/static/{path:path}", "GET /write"],
    )
    assert found == [
        ("GET,HEAD", "/docs", PUBLIC, "public="),
        ("GET,HEAD", "/docs/{page}", PUBLIC, "public="),
        ("GET,HEAD", "/read", READ, "public="),
        ("", "/static/{path:path}", PUBLIC, "public="),
        ("GET,HEAD", "/write", PUBLIC, "public="),
        ("POST", "/write", None, "nothing"),
    ]


@pytest.mark.parametrize(
    ("template", "listed"),
    [
        ("/a/{x}", "/a/{y:int}"),
        ("/a/{x:path}", "/a/{y}"),
        ("/a/{x:float}", "/a/{y:int}"),
        ("/a/{x}", "/a/any"),
        ("/{x}", "/a"),
        ("/a", "/a/"),
        ("/a/{x}", "/{y:int}/b"),
    ],
)
def test_a_route_that_is_listed_in_part_is_not_declared(template: str, listed: str) -> None:
    ((_, _, access, decided_by),) = rows(Route(template, forgotten), public=[listed])

    assert (access, decided_by) == (None, "nothing")


@pytest.mark.parametrize("kind", ["str", "int", "float", "uuid", "path"])
def test_a_pattern_covers_the_route_of_its_spelling(kind: str) -> None:
    ((_, _, access, _),) = rows(Route(f"/a/{{x:{kind}}}", forgotten), public=[f"/a/{{y:{kind}}}"])

    assert access is PUBLIC


def test_a_policy_decides_for_every_method() -> None:
    found = rows(
        Route("/orders", forgotten, methods=["GET", "POST", "DELETE"]),
        Route("/read", requires(ADMIN)(forgotten)),
        Route("/nowhere", read),
        WebSocketRoute("/live", live),
        Mount("/files", app=foreign),
        policy=PathPolicy(
            {
                "GET,POST /orders": authenticated(),
                "/read": READ,
                "WEBSOCKET /live": PUBLIC,
                "GET /files/{path:path}": PUBLIC,
                "WEBSOCKET /files/{path:path}": READ,
            }
        ),
    )
    assert found == [
        ("DELETE", "/orders", None, "no row"),
        ("GET,HEAD,POST", "/orders", authenticated(), "policy"),
        ("GET,HEAD", "/read", READ & ADMIN, "policy"),
        ("GET,HEAD", "/nowhere", None, "no row"),
        ("WEBSOCKET", "/live", READ, "policy"),
        ("CONNECT,DELETE,OPTIONS,PATCH,POST,PUT,QUERY,TRACE,other", "/files/{path:path}", None, "no row"),
        ("GET,HEAD", "/files/{path:path}", PUBLIC, "policy"),
        ("WEBSOCKET", "/files/{path:path}", READ, "policy"),
    ]


def test_other_middlewares_of_the_application_are_passed_over() -> None:
    guard = Middleware(AccessTokenMiddleware, resource_server=None, public="/a")  # type: ignore[arg-type]
    others = Middleware(GZipMiddleware)

    for middleware in ([others, guard], [guard, others], [others]):
        (row,) = audit(Starlette(routes=[Route("/a", forgotten)], middleware=middleware))
        assert (row.access is PUBLIC) == (guard in middleware)


def test_a_middleware_around_the_application_counts(api: ResourceServer) -> None:
    app = Starlette(routes=[Route("/a", forgotten)])
    policy = PathPolicy({"/a": READ})

    (row,) = audit(GZipMiddleware(AccessTokenMiddleware(app, resource_server=api, policy=policy)))
    assert row.access == READ
    (row,) = audit(app)
    assert row.access is None


def test_rows_print_as_a_table() -> None:
    app = Starlette(routes=[Route("/orders", Orders), Route("/open", opened), Mount("/f", app=StaticFiles(check_dir=False))])

    assert [" ".join(str(row).split()) for row in audit(app)] == [
        f'GET,HEAD /orders role("Read.All") {__name__}.Orders',
        f'POST,PATCH /orders role("Write.All") {__name__}.Orders',
        f"DELETE /orders UNDECLARED {__name__}.Orders",
        f"GET,HEAD /open public {__name__}.opened",
        "GET,HEAD /f/{path:path} UNDECLARED starlette.staticfiles.StaticFiles",
    ]


def test_a_refused_row_says_so() -> None:
    row = AuditedRoute((), "/x", "app", None, "no row")

    assert "refused: no row of the policy" in str(row)
    assert str(row).startswith("* ")


def test_rows_are_values() -> None:
    first, second = (audit(Starlette(routes=[Route("/a", read)])) for _ in range(2))

    assert first == second
    assert len({*first, *second}) == 1


@pytest.mark.parametrize("app", [foreign, None, GZipMiddleware(foreign)])
def test_an_application_that_cannot_be_read_is_an_error(app: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        audit(app)
    assert caught.value.parameter == "app"


@pytest.mark.anyio
async def test_the_start_names_every_undeclared_route_and_no_other(api: ResourceServer, tmp_path: Path) -> None:
    app = Starlette(
        routes=[
            Route("/orders", Orders),
            Route("/read", read),
            Route("/open", opened),
            Route("/forgotten", forgotten),
            WebSocketRoute("/bare", WebSocketEndpoint),
            Mount("/static", app=StaticFiles(directory=tmp_path)),
            Mount("/foreign", app=foreign),
            Host("h.test", Router([Route("/hosted", forgotten)])),
        ],
        middleware=[Middleware(AccessTokenMiddleware, resource_server=api)],
    )
    with pytest.raises(ExceptionGroup):
        async with lifespan(app) as sent:
            messages = sent
    named = [line.strip().rpartition(" ")[0] for line in messages[0]["message"].splitlines() if line.startswith("  ")]

    assert named == [
        "DELETE /orders",
        "GET,HEAD /forgotten",
        "WEBSOCKET /bare",
        "GET,HEAD /static/{path:path}",
        "* /foreign/{path:path}",
        "GET,HEAD //h.test/hosted",
    ]
