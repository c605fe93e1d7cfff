"""What nobody has judged is not served: routes that come late, what serves the rest, wrappers and dispatchers."""

import functools
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Match, Mount, Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bearerguard import (
    AccessTokenMiddleware,
    ConfigurationError,
    Issuer,
    PathPolicy,
    Principal,
    ResourceServer,
    audit,
    authenticated,
    public,
    requires,
    role,
)
from bearerguard.testing import LocalIssuer
from support.asgi import Answer, Header, call, get, lifespan, websocket_scope

pytestmark = pytest.mark.anyio

READ = role("Read.All")
WRITE = role("Write.All")


@pytest.fixture
def noroles(issuer: LocalIssuer) -> list[Header]:
    return [(b"authorization", b"Bearer " + issuer.mint("noroles").encode())]


@pytest.fixture
def reader(issuer: LocalIssuer) -> list[Header]:
    return [(b"authorization", b"Bearer " + issuer.mint("reader").encode())]


async def served(request: Request) -> Response:
    return PlainTextResponse("served")


async def serves(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("served")(scope, receive, send)


def fresh() -> Callable[[Request], Awaitable[Response]]:
    """A function that declares nothing yet."""

    async def endpoint(request: Request) -> Response:
        return await served(request)

    return endpoint


def guarded(api: ResourceServer, *routes: BaseRoute, **options: Any) -> Starlette:
    return Starlette(routes=routes, middleware=[Middleware(AccessTokenMiddleware, resource_server=api, **options)])


async def refused_start(app: ASGIApp) -> str:
    """What the start says, over a lifespan and at the first request without one."""
    with pytest.raises(ConfigurationError) as at_first_request:
        await get(app, "/")
    with pytest.RaisesGroup(pytest.RaisesExc(ConfigurationError)):
        async with lifespan(app) as sent:
            assert sent[-1]["type"] == "lifespan.startup.failed"
    return str(at_first_request.value)


def code_of(answer: Answer) -> str:
    return str(json.loads(answer.body)["code"])


# --- a declaration belongs to what enforces it


def cached(function: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """As every cache is written."""
    kept: list[Response] = []

    @functools.wraps(function)
    async def answer(request: Request) -> Response:
        if not kept:
            kept.append(await function(request))
        return kept[0]

    return answer


@pytest.mark.parametrize("declare", [requires(WRITE), public], ids=["requires", "public"])
@pytest.mark.parametrize("place", ["route", "mount"])
async def test_a_cache_around_a_guard_declares_nothing(declare: Any, place: str, api: ResourceServer) -> None:
    """It would answer anybody with what one writer was given; ``functools.wraps`` copies attributes."""
    route = Route("/", cached(declare(fresh())))
    app = guarded(api, route if place == "route" else Mount("/m", routes=[route]))

    assert [row.decided_by for row in audit(app)] == ["nothing"]
    assert "outermost" in await refused_start(app)


async def test_a_cache_beneath_a_guard_is_guarded(api: ResourceServer, reader: list[Header], noroles: list[Header]) -> None:
    app = guarded(api, Route("/", requires(READ)(cached(served))))

    assert [(await get(app, "/", token)).status for token in (reader, noroles, [])] == [200, 403, 401]


def test_a_wrapper_of_a_method_declares_nothing(api: ResourceServer) -> None:
    class Orders(HTTPEndpoint):
        get = cached(requires(READ)(served))

    assert [row.decided_by for row in audit(guarded(api, Route("/", Orders)))] == ["nothing"]


class Proxy:
    """As ``wrapt`` makes them: what it does not have itself is asked of what is inside."""

    def __init__(self, wrapped: Any) -> None:
        self.__wrapped__ = wrapped

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return type(self.__wrapped__)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__wrapped__, name)

    async def __call__(self, request: Request) -> Response:
        return PlainTextResponse("kept")


class Orders:
    """Endpoints that are bound methods."""

    @requires(WRITE)
    async def write(self, request: Request) -> Response:
        return PlainTextResponse("served")


GUARDED = {"method": Orders().write, "partial": functools.partial(requires(WRITE)(fresh())), "function": requires(WRITE)(fresh())}


@pytest.mark.parametrize("inside", GUARDED.values(), ids=GUARDED)
async def test_a_proxy_of_a_guard_declares_nothing(inside: Any, api: ResourceServer) -> None:
    app = guarded(api, Route("/", Proxy(inside)))

    assert [row.decided_by for row in audit(app)] == ["nothing"]
    assert "declare neither" in await refused_start(app)


# --- what stands between route and endpoint


class Cache:
    """A middleware that answers everybody with what the first caller was given."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.kept: list[Message] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def keep(message: Message) -> None:
            if message["type"] != "http.response.start" or message["status"] == 200:
                self.kept.append(message)
            await send(message)

        if len(self.kept) > 1:
            for message in self.kept:
                await send(message)
        else:
            await self.app(scope, receive, keep)


def as_function(app: ASGIApp) -> ASGIApp:
    cache = Cache(app)

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        await cache(scope, receive, send)

    return middleware


def guarded_endpoints() -> dict[str, Any]:
    @requires(READ)
    async def function(request: Request) -> Response:
        return await served(request)

    @requires(READ)
    class Whole(HTTPEndpoint):
        async def get(self, request: Request) -> Response:
            return await served(request)

    class Method(HTTPEndpoint):
        @requires(READ)
        async def get(self, request: Request) -> Response:
            return await served(request)

    return {"function": function, "class": Whole, "method": Method, "application": requires(READ)(serves)}


@pytest.mark.parametrize("kind", guarded_endpoints())
@pytest.mark.parametrize("middleware", [Cache, as_function])
async def test_a_cache_that_is_a_middleware_of_the_route_answers_behind_the_guard(
    kind: str, middleware: Any, api: ResourceServer, reader: list[Header], noroles: list[Header]
) -> None:
    app = guarded(api, Route("/", guarded_endpoints()[kind], middleware=[Middleware(middleware)]))

    for token, status in ((reader, 200), (noroles, 403), ([], 401), (reader, 200)):
        assert (await get(app, "/", token)).status == status


# --- what comes after the start


LATE: dict[str, Callable[[Starlette, Router], Any]] = {
    "appended": lambda app, _: app.router.routes.append(Route("/late", served)),
    "first": lambda app, _: app.router.routes.insert(0, Route("/{late}", served)),
    "replaced": lambda app, _: app.router.routes.__setitem__(0, Route("/late", served)),
    "a new list": lambda app, _: setattr(app.router, "routes", [Route("/late", served)]),
    "in a mount": lambda _, inner: inner.routes.append(Route("/late", served)),
    "mounted": lambda app, _: app.router.routes.append(Mount("/late", app=serves)),
    "in place of what is mounted": lambda app, _: setattr(app.router.routes[1], "app", serves),
    "a default": lambda app, _: setattr(app.router, "default", serves),
    "a default in a mount": lambda _, inner: setattr(inner, "default", serves),
}


@pytest.mark.parametrize("kind", LATE)
async def test_what_is_added_after_the_start_is_judged_before_it_is_served(
    kind: str, api: ResourceServer, noroles: list[Header]
) -> None:
    inner = Router([Route("/a", requires(READ)(served))])
    app = guarded(api, Route("/a", public(fresh())), Mount("/m", app=inner))
    assert (await get(app, "/a")).status == 200

    LATE[kind](app, inner)

    for target in ("/late", "/m/late", "/a"):
        with pytest.raises(ConfigurationError):
            await get(app, target, noroles)


@pytest.mark.parametrize("mount", ["", "/m"])
async def test_what_is_added_while_a_token_is_verified_is_judged_before_it_is_served(
    mount: str, issuer: LocalIssuer, noroles: list[Header]
) -> None:
    """A first request may wait ten seconds for keys."""
    inner = Router([Route("/a", requires(READ)(served))])

    async def looks_up(principal: Principal) -> bool:
        if len(inner.routes) == 1:
            inner.routes.append(Route("/late", served))
        return False

    api = ResourceServer(Issuer(issuer.issuer, jwks=issuer.jwks()), "api://orders", revoked=looks_up)
    app = guarded(api, Mount(mount, app=inner))

    assert (await get(app, f"{mount}/late", noroles)).status == 500
    with pytest.raises(ConfigurationError):
        await get(app, f"{mount}/late", noroles)


async def test_what_is_declared_may_come_while_a_token_is_verified(issuer: LocalIssuer, noroles: list[Header]) -> None:
    late = {"/public": public(fresh()), "/read": requires(READ)(fresh()), "/any": requires(authenticated())(fresh())}
    app = Starlette()

    async def looks_up(principal: Principal) -> bool:
        app.router.routes[:] = [Route(path, endpoint) for path, endpoint in late.items()]
        return False

    api = ResourceServer(Issuer(issuer.issuer, jwks=issuer.jwks()), "api://orders", revoked=looks_up)
    app.add_middleware(AccessTokenMiddleware, resource_server=api)

    for path, status in (("/public", 200), ("/read", 403), ("/any", 200)):
        app.router.routes.clear()
        assert (await get(app, path, noroles)).status == status


async def test_a_declared_route_may_come_late(api: ResourceServer, reader: list[Header]) -> None:
    app = guarded(api, Route("/a", requires(READ)(served)))
    assert (await get(app, "/late")).status == 401

    app.router.routes.append(Route("/late", public(fresh())))
    app.router.routes.append(Route("/later", requires(WRITE)(served)))

    assert (await get(app, "/late")).status == 200
    assert (await get(app, "/later", reader)).status == 403


# --- applications inside a function


def closure(app: ASGIApp) -> ASGIApp:
    """A function around an application: nobody can see what it serves besides."""

    async def function(scope: Scope, receive: Receive, send: Send) -> None:
        await (serves if scope["path"].endswith("/secret") else app)(scope, receive, send)

    return function


@pytest.mark.parametrize("place", ["mount", "mount in a mount", "default", "behind a middleware"])
async def test_an_application_inside_a_function_is_undeclared_whatever_it_declares(place: str, api: ResourceServer) -> None:
    hidden = closure(Starlette(routes=[Route("/{path:path}", public(fresh()))]))
    app = guarded(api, Route("/a", public(fresh())))
    app.router.routes += {
        "mount": [Mount("/m", app=hidden)],
        "mount in a mount": [Mount("/m", routes=[Mount("/n", app=hidden)])],
        "behind a middleware": [Mount("/m", app=GZipMiddleware(hidden))],
        "default": [],
    }[place]
    if place == "default":
        app.router.default = hidden

    assert [row.decided_by for row in audit(app)] == ["endpoint", "nothing"]
    await refused_start(app)


async def test_nothing_that_an_application_inside_a_function_declares_opens_it(
    api: ResourceServer, noroles: list[Header]
) -> None:
    hidden = closure(Starlette(routes=[Route("/{path:path}", public(fresh()))]))
    app = AccessTokenMiddleware(hidden, resource_server=api)

    for target in ("/a", "/secret"):
        assert [(await get(app, target, token)).status for token in (noroles, [])] == [200, 401]
        assert (await call(app, websocket_scope(target))).status == 401


async def test_a_guard_around_it_holds_for_all_that_it_serves(api: ResourceServer, noroles: list[Header]) -> None:
    app = guarded(api, requires(READ)(Mount("/m", app=closure(Starlette(routes=[Route("/a", public(fresh()))])))))

    for target in ("/m/a", "/m/secret"):
        assert [(await get(app, target, token)).status for token in (noroles, [])] == [403, 401]


# --- what is put in place of what a route serves


class Wrapper:
    """A middleware around what a route serves."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


async def test_a_public_route_is_public_as_long_as_it_serves_the_same(api: ResourceServer, noroles: list[Header]) -> None:
    route = Route("/a", public(fresh()))
    app = guarded(api, route, Mount("/m", routes=[route]))
    assert [(await get(app, target)).status for target in ("/a", "/m/a")] == [200, 200]

    route.app = serves

    assert [(await get(app, target)).status for target in ("/a", "/m/a")] == [401, 401]
    app.router.routes.append(Route("/b", public(fresh())))
    for target in ("/a", "/b", "/m/a"):
        with pytest.raises(ConfigurationError, match="in place of"):
            await get(app, target, noroles)


async def test_what_replaces_it_is_refused_when_routes_are_read_again(api: ResourceServer, reader: list[Header]) -> None:
    guard, table = Route("/a", requires(READ)(served)), PathPolicy({"/{path:path}": READ})
    for options in ({}, {"undeclared": "allow"}, {"policy": table}):
        guard.app = Route("/a", requires(READ)(served)).app
        app = guarded(api, guard, **options)
        assert (await get(app, "/a", reader)).status == 200

        guard.app = serves
        app.router.routes.append(Route("/b", public(fresh())))

        with pytest.raises(ConfigurationError, match="in place of"):
            await get(app, "/a", reader)


async def test_a_wrapper_around_it_is_no_other_application(api: ResourceServer, reader: list[Header]) -> None:
    def write(request: Request) -> Response:
        raise NotImplementedError

    opened, plain = Route("/a", public(fresh())), Route("/b", requires(WRITE)(write))
    app = guarded(api, opened, plain)
    assert (await get(app, "/a")).status == 200

    for route in (opened, plain):
        route.app = Wrapper(Wrapper(route.app))
    app.router.routes.append(Route("/c", public(fresh())))

    assert [(await get(app, target)).status for target in ("/a", "/c")] == [200, 200]
    assert (await get(app, "/b", reader)).status == 403


# --- what serves paths that no route takes


async def test_a_default_that_declares_nothing_refuses_the_start(api: ResourceServer) -> None:
    app = guarded(api, Route("/a", requires(READ)(served)))
    app.router.default = serves

    assert "router.default" in await refused_start(app)


async def test_a_guarded_default_is_guarded(api: ResourceServer, reader: list[Header], noroles: list[Header]) -> None:
    app = guarded(api, Route("/a", requires(WRITE)(served)))
    app.router.default = requires(READ)(serves)

    assert [(await get(app, "/b/c", token)).status for token in (reader, noroles, [])] == [200, 403, 401]
    assert str(audit(app)[-1].access) == str(READ)


async def test_a_public_default_is_public_and_nothing_else_is(api: ResourceServer, noroles: list[Header]) -> None:
    async def site(scope: Scope, receive: Receive, send: Send) -> None:
        await serves(scope, receive, send)

    app = guarded(api, Route("/a", requires(READ)(served)), Mount("/m", routes=[Route("/b", requires(READ)(served))]))
    app.router.default = public(site)

    assert [(await get(app, target)).status for target in ("/b", "/x/y", "/a", "/m/b", "/m/x")] == [200, 200, 401, 401, 401]


# --- routes of a class of one's own


class Custom(BaseRoute):
    """Takes every path, and has no endpoint."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return Match.FULL, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await serves(scope, receive, send)


@pytest.mark.parametrize("place", ["top", "mount"])
async def test_a_route_of_a_class_of_ones_own_is_named_at_the_start(place: str, api: ResourceServer) -> None:
    app = guarded(api, Custom() if place == "top" else Mount("/m", routes=[Custom()]))

    assert "Custom" in await refused_start(app)


async def test_such_a_route_is_served_where_somebody_said_who_may(api: ResourceServer, noroles: list[Header]) -> None:
    for options in ({"undeclared": "allow"}, {"policy": PathPolicy({"/{path:path}": authenticated()})}):
        app = guarded(api, Custom(), **options)

        assert [(await get(app, "/a", token)).status for token in (noroles, [])] == [200, 401]
    assert (await get(guarded(api, Custom(), public="/{path:path}"), "/a")).status == 200


# --- dispatchers


class Dispatcher:
    """Serves one path itself, and all others by ``app``."""

    def __init__(self, app: ASGIApp, other: Any) -> None:
        self.app = app
        self.other = other

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (serves if scope["path"] == "/secret" else self.app)(scope, receive, send)


class SlottedDispatcher:
    """The same without a dictionary of attributes."""

    __slots__ = ("app", "other")
    __init__ = Dispatcher.__init__
    __call__ = Dispatcher.__call__


class DispatcherByClass(Dispatcher):
    """The same with the other application in its class."""

    default_app = Router([])


def dispatching_function(app: ASGIApp, _other: Any) -> ASGIApp:
    async def dispatcher(scope: Scope, receive: Receive, send: Send) -> None:
        await (serves if scope["path"] == "/secret" else app)(scope, receive, send)

    dispatcher.app = app  # type: ignore[attr-defined]
    return dispatcher


DISPATCHERS: dict[str, Callable[[ASGIApp], ASGIApp]] = {
    "a function": lambda app: dispatching_function(app, serves),
    "an object": lambda app: Dispatcher(app, serves),
    "of several": lambda app: Dispatcher(app, [serves]),
    "by name": lambda app: Dispatcher(app, {"/secret": Starlette()}),
    "by names and methods": lambda app: Dispatcher(app, {"secret": [("GET", serves)]}),
    "in a slot": lambda app: SlottedDispatcher(app, serves),
    "in its class": lambda app: DispatcherByClass(app, None),
    "inside a middleware": lambda app: GZipMiddleware(Dispatcher(app, Router([]))),
}


@pytest.mark.parametrize("kind", DISPATCHERS)
@pytest.mark.parametrize("place", ["around", "mount", "middleware"])
async def test_the_other_side_of_a_dispatcher_is_not_public_because_the_application_is(
    kind: str, place: str, api: ResourceServer
) -> None:
    open_to_all = Starlette(routes=[Route("/{path:path}", public(fresh()))])
    build = DISPATCHERS[kind]

    def app(**options: Any) -> ASGIApp:
        if place == "around":
            return AccessTokenMiddleware(build(open_to_all), resource_server=api, **options)
        if place == "mount":
            return guarded(api, Mount("", app=build(open_to_all)), **options)
        middleware = [Middleware(AccessTokenMiddleware, resource_server=api, **options), Middleware(build)]
        return Starlette(routes=open_to_all.routes, middleware=middleware)

    with pytest.raises(ConfigurationError, match="may serve something else"):
        await get(app(), "/secret")
    assert (await get(app(undeclared="allow"), "/secret")).status == 401
    assert (await call(app(undeclared="allow"), websocket_scope("/secret"))).status == 401


async def test_a_guard_inside_a_dispatcher_is_none_for_its_other_side(api: ResourceServer) -> None:
    app = guarded(api, Mount("/m", app=Dispatcher(requires(READ)(serves), serves)))

    assert [row.decided_by for row in audit(app)] == ["nothing"]


async def test_a_guard_around_a_dispatcher_is_one(api: ResourceServer, reader: list[Header], noroles: list[Header]) -> None:
    app = guarded(api, Mount("/m", app=requires(READ)(Dispatcher(Starlette(), serves))))

    assert [(await get(app, "/m/secret", token)).status for token in (reader, noroles, [])][1:] == [403, 401]


@pytest.mark.parametrize("wrap", [GZipMiddleware, lambda app: GZipMiddleware(GZipMiddleware(app))], ids=["one", "two"])
async def test_a_middleware_is_no_dispatcher(wrap: Any, api: ResourceServer) -> None:
    app = AccessTokenMiddleware(wrap(Starlette(routes=[Route("/", public(fresh()))])), resource_server=api)

    assert (await get(app, "/")).status == 200
