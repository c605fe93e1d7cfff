"""Each request behind a guard is told exactly once: accepted or refused."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from bearerguard import (
    AccessTokenMiddleware,
    InsufficientScope,
    Issuer,
    PathPolicy,
    ResourceServer,
    error_codes,
    optional,
    principal_of,
    public,
    requires,
    role,
)
from bearerguard.events import Event
from bearerguard.testing import FakeClock, LocalIssuer
from support.asgi import Answer, Header, bearer, call, connect, get, http_scope

pytestmark = pytest.mark.anyio

READ = role("Read.All")
ADMIN = role("Admin.All")


@pytest.fixture
def seen() -> list[Event]:
    return []


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(now=1_790_000_000)


@pytest.fixture
def issuer(clock: FakeClock) -> LocalIssuer:
    return LocalIssuer(clock=clock, algorithm="ES256")


@pytest.fixture
def api(issuer: LocalIssuer, clock: FakeClock, seen: list[Event]) -> ResourceServer:
    trusted = Issuer(issuer.issuer, jwks=issuer.jwks())
    return ResourceServer(trusted, "api://orders", clock=clock, on_event=seen.append)


@pytest.fixture
def reader(issuer: LocalIssuer) -> list[Header]:
    return bearer(issuer.mint("reader", audience="api://orders"))


async def served(request: Request) -> Response:
    return PlainTextResponse("ok", 202)


async def health(request: Request) -> Response:
    return PlainTextResponse("ok")


async def open_to_all(request: Request) -> Response:
    return PlainTextResponse("ok")


async def fails(request: Request) -> Response:
    raise ZeroDivisionError


async def asks(request: Request) -> Response:
    principal_of(request.scope, ADMIN)
    raise NotImplementedError


async def catches(request: Request) -> Response:
    try:
        principal_of(request.scope, ADMIN)
    except InsufficientScope:
        return PlainTextResponse("less")
    raise NotImplementedError


async def raises_a_refusal(request: Request) -> Response:
    raise InsufficientScope(error_codes.NOT_PERMITTED, verified=True)


def in_a_thread(request: Request) -> Response:
    return PlainTextResponse("ok")


class Orders(HTTPEndpoint):
    @requires(READ)
    async def get(self, request: Request) -> Response:
        return PlainTextResponse("ok")

    @requires(ADMIN)
    async def post(self, request: Request) -> Response:
        raise NotImplementedError


async def talks(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close()


async def says_nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """An ASGI application that returns without an answer."""


ROUTES = [
    Route("/orders/{id}", requires(READ)(served)),
    Route("/admin", requires(ADMIN)(served)),
    Route("/public", public(health)),
    Route("/optional", optional(open_to_all)),
    Route("/fails", requires(READ)(fails)),
    Route("/asks", requires(READ)(asks)),
    Route("/catches", requires(READ)(catches)),
    Route("/raises", requires(READ)(raises_a_refusal)),
    Route("/class", Orders),
    Route("/thread", requires(READ)(in_a_thread)),
    Route("/admin-thread", requires(ADMIN)(in_a_thread)),
    Mount("/mount/{tenant}", routes=[Route("/orders/{id}", requires(READ)(served)), Route("/admin", requires(ADMIN)(served))]),
    requires(ADMIN)(Mount("/whole", routes=[Route("/orders", served)])),
    WebSocketRoute("/live", requires(READ)(talks)),
    WebSocketRoute("/live-admin", requires(ADMIN)(talks)),
]


def starlette(api: ResourceServer) -> ASGIApp:
    return Starlette(routes=ROUTES, middleware=[Middleware(AccessTokenMiddleware, resource_server=api)])


async def outcome(app: ASGIApp, target: str, headers: list[Header], method: str = "GET") -> Answer | None:
    """The answer; ``None`` where the application failed."""
    try:
        if method == "WEBSOCKET":
            return await connect(app, target, headers)
        return await call(app, http_scope(method, target, headers))
    except ZeroDivisionError:
        return None


ACCEPTED = ("request_accepted", "")


def refused(code: str) -> tuple[str, str]:
    return ("request_refused", code)


CASES: dict[str, tuple[str, str, bool, tuple[str, str]]] = {
    "accepted": ("GET", "/orders/7", True, ACCEPTED),
    "no token": ("GET", "/orders/7", False, refused("missing_token")),
    "no role": ("GET", "/admin", True, refused("missing_role")),
    "public": ("GET", "/public", False, ACCEPTED),
    "optional, nobody": ("GET", "/optional", False, ACCEPTED),
    "optional, somebody": ("GET", "/optional", True, ACCEPTED),
    "endpoint fails": ("GET", "/fails", True, ACCEPTED),
    "endpoint refuses": ("GET", "/asks", True, refused("missing_role")),
    "endpoint catches the refusal": ("GET", "/catches", True, refused("missing_role")),
    "endpoint raises a refusal of its own": ("GET", "/raises", True, refused("not_permitted")),
    "class": ("GET", "/class", True, ACCEPTED),
    "class, no role": ("POST", "/class", True, refused("missing_role")),
    "class, no such method": ("PUT", "/class", True, ACCEPTED),
    "thread": ("GET", "/thread", True, ACCEPTED),
    "thread, no role": ("GET", "/admin-thread", True, refused("missing_role")),
    "mount": ("GET", "/mount/acme/orders/7", True, ACCEPTED),
    "mount, no role": ("GET", "/mount/acme/admin", True, refused("missing_role")),
    "guarded mount": ("GET", "/whole/orders", True, refused("missing_role")),
    "no such route": ("GET", "/nothing", True, ACCEPTED),
    "no such method": ("DELETE", "/orders/7", True, ACCEPTED),
    "no such path may be": ("GET", "/a/../b", True, refused("malformed_path")),
    "websocket": ("WEBSOCKET", "/live", True, ACCEPTED),
    "websocket, no token": ("WEBSOCKET", "/live", False, refused("missing_token")),
    "websocket, no role": ("WEBSOCKET", "/live-admin", True, refused("missing_role")),
    "no such websocket": ("WEBSOCKET", "/nothing", True, ACCEPTED),
}


@pytest.mark.parametrize("case", CASES)
async def test_each_request_is_told_once(case: str, api: ResourceServer, seen: list[Event], reader: list[Header]) -> None:
    method, target, with_token, expected = CASES[case]
    await outcome(starlette(api), target, reader if with_token else [], method)
    assert [(event.name, event.code) for event in seen] == [expected]
    assert (seen[0].method, seen[0].path) == (method, target)


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_an_accepted_request_tells_who_called_and_what_was_answered(
    api: ResourceServer, seen: list[Event], reader: list[Header], issuer: LocalIssuer
) -> None:
    app = starlette(api)
    await get(app, "/orders/7?token=hidden", reader)
    await get(app, "/orders/7", reader)

    first, second = seen
    assert first.principal is not None
    assert first._replace(principal=None) == Event(
        "request_accepted",
        issuer.issuer,
        status=202,
        client_id="reader",
        method="GET",
        path="/orders/7",
        route="/orders/{id}",
        verified=True,
        subject="reader",
    )
    assert second == first._replace(cached=True)


async def test_a_guard_that_looks_at_the_token_itself_tells_whether_it_was_known(
    api: ResourceServer, seen: list[Event], reader: list[Header]
) -> None:
    """On a public path the middleware has not looked."""
    routes = [Route("/a", requires(READ)(served)), Route("/admin", requires(ADMIN)(served))]
    app = Starlette(routes=routes, middleware=[Middleware(AccessTokenMiddleware, resource_server=api, public="/a")])

    for path in ("/a", "/a", "/admin"):
        await get(app, path, reader)
    assert [(event.name, event.cached) for event in seen] == [
        ("request_accepted", False),
        ("request_accepted", True),
        ("request_refused", True),
    ]


async def test_a_guard_that_refuses_a_new_token_tells_that_it_was_new(
    api: ResourceServer, seen: list[Event], reader: list[Header]
) -> None:
    app = Starlette(
        routes=[Route("/admin", requires(ADMIN)(served))], middleware=[Middleware(AccessTokenMiddleware, resource_server=api)]
    )

    await get(app, "/admin", reader)
    assert [(event.name, event.cached) for event in seen] == [("request_refused", False)]


async def test_a_refusal_tells_whom_the_token_names(
    api: ResourceServer, seen: list[Event], issuer: LocalIssuer, clock: FakeClock
) -> None:
    """Whose credentials are wrong is the first question of an operator."""
    token = issuer.mint("reader", audience="api://orders")
    clock.advance(86_400)
    await get(starlette(api), "/orders/7", bearer(token))
    (event,) = seen
    assert event._replace(seconds=0.0) == Event(
        "request_refused",
        issuer.issuer,
        "token_expired",
        401,
        client_id="reader",
        kid=issuer.signing_key.kid,
        method="GET",
        path="/orders/7",
        route="/orders/{id}",
        subject="reader",
    )


async def test_what_a_refused_token_says_is_verified_if_the_issuer_signed_it(
    api: ResourceServer, seen: list[Event], reader: list[Header]
) -> None:
    await get(starlette(api), "/admin", reader)
    assert (seen[0].verified, seen[0].client_id, seen[0].status) == (True, "reader", 403)
    assert seen[0].principal is not None


async def test_seconds_are_those_of_judging_and_not_of_the_endpoint(
    issuer: LocalIssuer, clock: FakeClock, seen: list[Event], reader: list[Header]
) -> None:
    class Slow(ResourceServer):
        async def judge(self, token: bytes) -> Any:
            clock.advance(3)
            return await super().judge(token)

    async def slow(request: Request) -> Response:
        clock.advance(100)
        return PlainTextResponse("ok")

    api = Slow(Issuer(issuer.issuer, jwks=issuer.jwks()), "api://orders", clock=clock, on_event=seen.append)
    app = AccessTokenMiddleware(Starlette(routes=[Route("/", requires(READ)(slow))]), resource_server=api)
    await get(app, "/", reader)
    await get(app, "/", bearer("x"))
    assert [event.seconds for event in seen] == [3.0, 3.0]


async def test_a_defect_while_judging_is_told_as_a_refusal(issuer: LocalIssuer, seen: list[Event], reader: list[Header]) -> None:
    class Broken(ResourceServer):
        def recall(self, token: bytes) -> Any:
            raise ZeroDivisionError

    api = Broken(Issuer(issuer.issuer, jwks=issuer.jwks()), "api://orders", on_event=seen.append)
    answer = await get(starlette(api), "/orders/7", reader)
    assert answer.status == 500
    assert [(event.name, event.code, event.status) for event in seen] == [("request_refused", "internal_error", 500)]


async def test_a_route_that_declares_nothing_refuses_and_is_told(
    api: ResourceServer, seen: list[Event], reader: list[Header]
) -> None:
    app = AccessTokenMiddleware(Starlette(routes=[Route("/", served)]), resource_server=api)
    with pytest.raises(ValueError, match="undeclared"):
        await get(app, "/", reader)
    assert [(event.name, event.code) for event in seen] == [refused("internal_error")]


async def test_an_application_that_does_not_answer_was_called(
    api: ResourceServer, seen: list[Event], reader: list[Header]
) -> None:
    app = AccessTokenMiddleware(says_nothing, resource_server=api, policy=PathPolicy({"/": READ}))
    await call(app, http_scope("GET", "/", reader))
    assert [event.name for event in seen] == ["request_accepted"]


def _outside(app: ASGIApp, api: ResourceServer) -> ASGIApp:
    return AccessTokenMiddleware(app, resource_server=api, undeclared="allow")


def _mounted(app: ASGIApp, api: ResourceServer) -> ASGIApp:
    return _outside(Starlette(routes=[Mount("/", app=app)]), api)


@pytest.mark.parametrize("case", ["accepted", "no role", "public", "endpoint fails", "websocket", "websocket, no role"])
@pytest.mark.parametrize("around", [_outside, _mounted])
async def test_nested_middlewares_tell_each_hook_once(
    case: str,
    around: Callable[[ASGIApp, ResourceServer], ASGIApp],
    api: ResourceServer,
    seen: list[Event],
    reader: list[Header],
) -> None:
    """One request is one event, and the verdict is that of the innermost guard."""
    also: list[Event] = []
    other = ResourceServer(api.issuers, "api://orders", clock=api.connection.clock, on_event=[also.append, seen.append])
    method, target, _, expected = CASES[case]
    for outer in (api, other):
        seen.clear()
        await outcome(around(starlette(api), outer), target, reader, method)
        assert [(event.name, event.code) for event in seen] == [expected]
    assert also == seen


async def test_who_listens_to_the_outer_middleware_alone_is_told_of_the_inner_refusal(
    issuer: LocalIssuer, reader: list[Header]
) -> None:
    told: list[Event] = []
    trusted = Issuer(issuer.issuer, jwks=issuer.jwks())
    quiet, outer = (ResourceServer(trusted, "api://orders", on_event=hook, clock=issuer.clock) for hook in (None, told.append))
    await get(_outside(starlette(quiet), outer), "/admin", reader)
    await get(_outside(starlette(quiet), outer), "/orders/7", reader)
    assert [(event.name, event.code) for event in told] == [refused("missing_role"), ACCEPTED]


async def test_a_listener_that_raises_decides_nothing(
    issuer: LocalIssuer, clock: FakeClock, reader: list[Header], caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_event: Event) -> None:
        raise ZeroDivisionError

    api = ResourceServer(Issuer(issuer.issuer, jwks=issuer.jwks()), "api://orders", clock=clock, on_event=broken)
    app = starlette(api)
    assert [(await get(app, "/orders/7", headers)).status for headers in (reader, [])] == [202, 401]
    assert "ZeroDivisionError" in caplog.text


async def test_a_listener_that_is_added_later_is_told(api: ResourceServer, reader: list[Header]) -> None:
    """Instruments come after the middleware was built."""
    app, later = starlette(api), list[Event]()
    await get(app, "/orders/7", reader)
    api.listeners.add(later.append)
    await get(app, "/orders/7", reader)
    assert [event.name for event in later] == ["request_accepted"]
