"""Every route and who gets through to it: what the audit lists is what is enforced."""

import functools
import re
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Host, Match, Mount, Route, Router, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from bearerguard import (
    AccessTokenMiddleware,
    ConfigurationError,
    Issuer,
    PathPolicy,
    ResourceServer,
    audit,
    authenticated,
    public,
    requires,
    role,
)
from bearerguard.web.route_table import AuditedRoute
from support.asgi import get, lifespan

READ, WRITE, ADMIN = role("Read.All"), role("Write.All"), role("Admin.All")
PUBLIC = PathPolicy.PUBLIC
NOBODY_TRUSTED = ResourceServer(Issuer("https://issuer.test", jwks_uri="https://issuer.test/jwks"), "api://orders")


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
    app = Starlette(routes=routes, middleware=[Middleware(AccessTokenMiddleware, resource_server=NOBODY_TRUSTED, **options)])
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


def test_a_guarded_class_is_listed_with_the_methods_of_its_route_alone() -> None:
    @requires(ADMIN)
    class Wide(HTTPEndpoint):
        async def get(self, request: Request) -> Response:
            raise NotImplementedError

        async def post(self, request: Request) -> Response:
            raise NotImplementedError

    assert rows(Route("/wide", Wide, methods=["POST"])) == [("POST", "/wide", ADMIN, "endpoint")]
    assert rows(Route("/wide", Wide)) == [("GET,HEAD,POST", "/wide", ADMIN, "endpoint")]


def test_a_path_beneath_a_mount_can_be_listed() -> None:
    found = rows(Mount("/m", routes=[Route("/a", forgotten)]), public="/m/a")
    assert found == [("GET,HEAD", "/m/a", PUBLIC, "public=")]


def test_what_is_declared_is_given_no_advice() -> None:
    @functools.wraps(read)
    async def cached(request: Request) -> Response:
        raise NotImplementedError

    routes = [Route("/listed", cached), Route("/forgotten", cached)]
    app = Starlette(
        routes=routes, middleware=[Middleware(AccessTokenMiddleware, resource_server=NOBODY_TRUSTED, public="/listed")]
    )
    assert [(row.path, bool(row.advice)) for row in audit(app)] == [("/listed", False), ("/forgotten", True)]


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
    """A path listed in public= counts as declared."""
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
    *_, (_, _, access, decided_by) = sorted(rows(Route(template, forgotten), public=[listed]), key=lambda row: row[2] is None)

    assert (access, decided_by) == (None, "nothing")


@pytest.mark.parametrize("kind", ["str", "int", "float", "uuid", "path"])
def test_a_pattern_covers_the_route_of_its_spelling(kind: str) -> None:
    ((_, _, access, _),) = rows(Route(f"/a/{{x:{kind}}}", forgotten), public=[f"/a/{{y:{kind}}}"])

    assert access is PUBLIC


def table(*routes: Any, **options: Any) -> list[str]:
    """Path, who and where, of each route, as the audit prints them."""
    app = Starlette(routes=routes, middleware=[Middleware(AccessTokenMiddleware, resource_server=NOBODY_TRUSTED, **options)])
    return [" ".join(str(row).split()[:-1]) for row in audit(app)]


def test_each_row_that_decides_for_a_part_of_a_route_is_listed() -> None:
    """A table of sample paths showed such a route as public, or as refused, as a whole."""
    policy = PathPolicy(
        {"GET /orders/{id:int}": READ, "GET /orders/latest": PUBLIC, "/files/{p:path}": ADMIN, "/reports/{name}": WRITE}
    )

    assert table(Route("/items/{id:int}", forgotten), public=["/items/7", "/items/x"]) == [
        "GET,HEAD /items/{id:int} UNDECLARED in part: all other paths",
        "GET,HEAD /items/{id:int} public in part: /items/7",
    ]
    assert table(Route("/orders/{id}", forgotten), Route("/files/a/{x}", forgotten), policy=policy) == [
        'GET,HEAD /orders/{id} role("Read.All") in part: GET /orders/{id:int}',
        "GET,HEAD /orders/{id} refused: no row of the policy in part: all other paths",
        "GET,HEAD /orders/{id} public in part: GET /orders/latest",
        'GET,HEAD /files/a/{x} role("Admin.All")',
    ]
    assert table(Mount("/{kind}", routes=[Route("/{x:path}", forgotten, methods=["PUT"])]), policy=policy) == [
        'PUT /{kind}/{x:path} role("Admin.All") in part: /files/{p:path}',
        'PUT /{kind}/{x:path} role("Write.All") in part: /reports/{name}',
        "PUT /{kind}/{x:path} refused: no row of the policy in part: all other paths",
    ]


def test_a_row_that_changes_nothing_for_a_route_is_not_listed() -> None:
    assert table(Route("/a/{x}", read), Route("/{x}/b", opened), public=["/a/b", "/a/c"]) == [
        'GET,HEAD /a/{x} role("Read.All")',
        "GET,HEAD /{x}/b public",
    ]


def test_an_http_method_that_calls_itself_websocket_is_not_what_a_row_for_websockets_names() -> None:
    (row,) = rows(Route("/a", forgotten, methods=["WEBSOCKET"]), public=["WEBSOCKET /a"])

    assert row == ("other", "/a", None, "nothing")


def test_a_mounted_application_with_a_root_path_sees_more_of_the_path_than_is_beneath_its_mount() -> None:
    """Its ``/m/a`` serves ``/m/a``, not ``/m/m/a``."""
    inner = FastAPI(openapi_url=None, routes=[Route("/m/a", forgotten)])
    inner.root_path = "/elsewhere"

    assert table(Mount("/m", app=inner), public=["/m/m/a"])[0] == "GET,HEAD /m/m/a UNDECLARED in part: all other paths"
    assert table(Mount("/m", app=inner), public=["/m/{rest:path}"]) == ["GET,HEAD /m/m/a public"]


class AnyCase(Route):
    """Matches what its path does not say."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return super().matches({**scope, "path": scope["path"].lower()})


def any_case(path: str) -> Route:
    route = Route(path, forgotten)
    route.path_regex = re.compile(route.path_regex.pattern, re.IGNORECASE)
    return route


@pytest.mark.parametrize("route", [any_case("/a"), AnyCase("/a", forgotten)], ids=["its pattern", "how it matches"])
def test_a_route_that_matches_otherwise_than_it_is_written_may_serve_any_path(route: Route) -> None:
    assert rows(route, public=["/a"])[0] == ("GET,HEAD", "/a", None, "nothing")
    assert rows(Mount("/m", routes=[route]), public=["/m/{rest:path}"]) == [("GET,HEAD", "/m/a", PUBLIC, "public=")]


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
    guard = Middleware(AccessTokenMiddleware, resource_server=NOBODY_TRUSTED, public="/a")
    others = Middleware(GZipMiddleware)

    for middleware in ([others, guard], [guard, others], [others]):
        (row,) = audit(Starlette(routes=[Route("/a", forgotten)], middleware=middleware))
        assert (row.access is PUBLIC) == (guard in middleware)


def test_a_row_holds_for_all_paths_of_its_route_unless_it_says_otherwise() -> None:
    assert not AuditedRoute(("GET",), "/read", "orders.read", READ, "endpoint").in_part


def test_no_other_middleware_is_made_to_be_asked() -> None:
    class Connects:
        """What opens a connection when it is made."""

        def __init__(self, app: Any) -> None:
            raise NotImplementedError

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            raise NotImplementedError

    app = Starlette(routes=[Route("/read", read)], middleware=[Middleware(Connects)])
    assert [row.access for row in audit(app)] == [READ]


def test_a_partial_is_named_by_its_function() -> None:
    (row,) = audit(Starlette(routes=[Route("/read", functools.partial(forgotten))]))
    assert row.endpoint.endswith(".forgotten")


def test_a_middleware_around_the_application_counts(api: ResourceServer) -> None:
    app = Starlette(routes=[Route("/a", forgotten)])
    policy = PathPolicy({"/a": READ})

    (row,) = audit(GZipMiddleware(AccessTokenMiddleware(app, resource_server=api, policy=policy)))
    assert row.access == READ
    (row,) = audit(app)
    assert row.access is None


class Derived(AccessTokenMiddleware):
    """Knows its rules itself."""

    def __init__(self, app: Any) -> None:
        super().__init__(app, resource_server=NOBODY_TRUSTED, policy=PathPolicy({"/a": READ}))


KINDS_OF_MIDDLEWARE = [
    Middleware(Derived),
    Middleware(functools.partial(Derived)),
    Middleware(functools.partial(AccessTokenMiddleware, resource_server=NOBODY_TRUSTED, policy=PathPolicy({"/a": READ}))),
]


@pytest.mark.parametrize("middleware", KINDS_OF_MIDDLEWARE, ids=["derived", "partial of it", "partial of ours"])
def test_a_middleware_derived_from_ours_counts(middleware: Middleware) -> None:
    (row,) = audit(Starlette(routes=[Route("/a", forgotten)], middleware=[middleware]))

    assert row.access == READ


@pytest.mark.anyio
async def test_a_middleware_that_a_function_makes_counts_once_it_is_made() -> None:
    def made(app: Any) -> AccessTokenMiddleware:
        return Derived(app)

    app = Starlette(routes=[Route("/a", forgotten)], middleware=[Middleware(made)])
    (row,) = audit(app)
    assert row.access is None

    assert (await get(app, "/a")).status == 401
    (row,) = audit(app)
    assert row.access == READ


A_AND_B = PathPolicy({"/a": READ, "/b": PUBLIC, "/c": WRITE, "/d": PUBLIC})
STACKED: list[tuple[str, dict[str, Any], dict[str, Any], list[tuple[object, str, str]]]] = [
    (
        "two policies",
        {"policy": A_AND_B},
        {"policy": PathPolicy({"/a": ADMIN, "/b": ADMIN, "/d": PUBLIC})},
        [(READ & ADMIN, "policy", "/a"), (ADMIN, "policy", "/b"), (None, "no row", ""), (PUBLIC, "policy", "/d")],
    ),
    (
        "a policy and one path",
        {"policy": A_AND_B},
        {"public": ["/a", "/d"]},
        [(READ, "policy", "/a"), (None, "nothing", ""), (WRITE, "policy", "/c"), (PUBLIC, "policy", "/d")],
    ),
    (
        "one path and nothing",
        {"public": ["/a"]},
        {},
        [(None, "nothing", "")] * 4,
    ),
]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, READ),
        ({"policy": PathPolicy({"/a": READ})}, READ),
        ({"policy": PathPolicy({"/a": WRITE})}, WRITE & READ),
        ({"policy": PathPolicy({"/a": READ & WRITE})}, READ & WRITE),
    ],
    ids=["no table", "the same", "another", "more"],
)
def test_two_middlewares_list_a_requirement_once(options: dict[str, Any], expected: object) -> None:
    guards = [Middleware(AccessTokenMiddleware, resource_server=NOBODY_TRUSTED, **one) for one in (options, {})]
    (row,) = audit(Starlette(routes=[Route("/a", read)], middleware=guards))

    assert row.access == expected


@pytest.mark.parametrize(("outer", "inner", "expected"), [row[1:] for row in STACKED], ids=[row[0] for row in STACKED])
def test_what_two_middlewares_say_holds_together(
    outer: dict[str, Any], inner: dict[str, Any], expected: list[tuple[object, str, str]]
) -> None:
    """A path that only one of them opens needs a token for the other."""
    routes = [Route(path, forgotten) for path in ("/a", "/b", "/c", "/d")]
    guards = [Middleware(AccessTokenMiddleware, resource_server=NOBODY_TRUSTED, **options) for options in (outer, inner)]

    for app in (
        Starlette(routes=routes, middleware=guards),
        AccessTokenMiddleware(Starlette(routes=routes, middleware=guards[1:]), resource_server=NOBODY_TRUSTED, **outer),
    ):
        assert [(row.access, row.decided_by, row.row) for row in audit(app)] == expected


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
    named = [line.strip().partition(" (")[0] for line in messages[0]["message"].splitlines() if line.startswith("  ")]

    assert named == [
        "DELETE /orders",
        "GET,HEAD /forgotten",
        "WEBSOCKET /bare",
        "GET,HEAD /static/{path:path}",
        "* /foreign/{path:path}",
        "GET,HEAD //h.test/hosted",
    ]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("template", "listed"),
    [
        ("/items/{id:int}", "/items/7"),
        ("/items/{id}", "/items/any-text"),
        ("/items/{id:float}", "/items/{id:int}"),
        ("/items/{rest:path}", "/items/{a}/{b}"),
        ("/items/{id:uuid}", "/items/8f3c1d52-0b6e-4c49-9d55-2f1f6a0f3b11"),
    ],
)
async def test_a_route_of_which_one_path_is_listed_does_not_start(api: ResourceServer, template: str, listed: str) -> None:
    """The listed path is the very sample by which such a route was once judged: all others were open to every token."""
    guard = Middleware(AccessTokenMiddleware, resource_server=api, public=[listed])
    with pytest.raises(ExceptionGroup):
        async with lifespan(Starlette(routes=[Route(template, forgotten)], middleware=[guard])) as sent:
            messages = sent

    assert f"GET,HEAD {template} ({__name__}.forgotten; public= lists only a part of its paths" in messages[0]["message"]
