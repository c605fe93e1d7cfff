"""What is told of one request that several ask about, and what becomes of error pages that stand for no refusal."""

import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from fastapi import Depends, FastAPI, Request
from fastapi.responses import PlainTextResponse, StreamingResponse
from starlette.applications import Starlette
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bearerguard import (
    AccessTokenMiddleware,
    InsufficientScope,
    Issuer,
    PathPolicy,
    Refusal,
    ResourceServer,
    authenticated,
    error_codes,
    principal_of,
    requires,
    role,
)
from bearerguard.events import Event
from bearerguard.fastapi import require
from bearerguard.testing import FakeClock, LocalIssuer
from support.asgi import Header, connect, get

pytestmark = pytest.mark.anyio

READ, ADMIN = role("Read.All"), role("Admin.All")
MakeServer = Callable[..., ResourceServer]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(now=1_790_000_000)


@pytest.fixture
def issuer(clock: FakeClock) -> LocalIssuer:
    return LocalIssuer(clock=clock, algorithm="ES256")


@pytest.fixture
def make(issuer: LocalIssuer, clock: FakeClock) -> MakeServer:
    def resource_server(*hooks: Any, kind: type[ResourceServer] = ResourceServer) -> ResourceServer:
        return kind(Issuer(issuer.issuer, jwks=issuer.jwks()), "api://orders", clock=clock, on_event=hooks)

    return resource_server


@pytest.fixture
def reader(issuer: LocalIssuer) -> list[Header]:
    return [(b"authorization", f"Bearer {issuer.mint('reader', audience='api://orders')}".encode())]


def told(events: list[Event]) -> list[tuple[str, str]]:
    return [(event.name, event.code) for event in events]


ACCEPTED = [("request_accepted", "")]


async def served(request: Request) -> Response:
    return PlainTextResponse("ok")


def behind(api: ResourceServer, endpoint: Any = served, **options: Any) -> ASGIApp:
    return AccessTokenMiddleware(Starlette(routes=[Route("/", endpoint)]), resource_server=api, undeclared="allow", **options)


# --- two middlewares


@pytest.mark.parametrize("headers", [True, False])
@pytest.mark.parametrize("who", ["outer", "inner", "both"])
async def test_of_two_middlewares_each_ones_own_hook_is_told_once(
    who: str, headers: bool, make: MakeServer, reader: list[Header]
) -> None:
    inner: list[Event] = []
    outer: list[Event] = []
    within = behind(make(*([inner.append] if who != "outer" else [])))
    around = AccessTokenMiddleware(
        Starlette(routes=[Mount("/", app=within)]),
        resource_server=make(*([outer.append] if who != "inner" else [])),
        policy=PathPolicy({"/": PathPolicy.PUBLIC}),
    )
    await get(around, "/", reader if headers else [])

    expected = ACCEPTED if headers else [("request_refused", "missing_token")]
    assert told(inner) == (expected if who != "outer" else [])
    assert told(outer) == (expected if who != "inner" else [])


async def test_a_hook_of_both_hears_how_long_the_inner_middleware_judged(
    make: MakeServer, clock: FakeClock, reader: list[Header]
) -> None:
    class Slow(ResourceServer):
        async def judge(self, token: bytes) -> Any:
            clock.advance(3)
            return await super().judge(token)

    seen: list[Event] = []
    within = behind(make(seen.append, kind=Slow))
    around = AccessTokenMiddleware(within, resource_server=make(seen.append), policy=PathPolicy({"/": PathPolicy.PUBLIC}))
    await get(around, "/", reader)
    assert [event.seconds for event in seen] == [3.0]


# --- a dependency with a resource server of its own


def asks_another(other: ResourceServer, *before: Any, endpoint: Any = served) -> FastAPI:
    app = FastAPI(openapi_url=None)
    dependencies = [*map(Depends, before), Depends(require(READ, resource_server=other))]
    app.add_api_route("/", endpoint, dependencies=dependencies, response_model=None)
    return app


@pytest.mark.parametrize("who", ["the middleware's", "the other's", "both"])
async def test_who_listens_to_either_server_is_told_once(who: str, make: MakeServer, reader: list[Header]) -> None:
    first: list[Event] = []
    second: list[Event] = []
    api = make(*([first.append] if who != "the other's" else []))
    other = make(*([second.append] if who != "the middleware's" else []))
    assert (await get(AccessTokenMiddleware(asks_another(other), resource_server=api), "/", reader)).status == 200

    assert told(first) == (ACCEPTED if who != "the other's" else [])
    assert told(second) == (ACCEPTED if who != "the middleware's" else [])


async def test_a_request_that_was_refused_before_is_not_told_again(make: MakeServer, reader: list[Header]) -> None:
    """A dependency goes on without the permission; the next one asks another resource server."""
    seen: list[Event] = []

    async def goes_on(request: Request) -> None:
        with pytest.raises(Refusal):
            principal_of(request.scope, ADMIN)

    app = asks_another(make(seen.append), goes_on)
    assert (await get(AccessTokenMiddleware(app, resource_server=make(seen.append)), "/", reader)).status == 200
    assert told(seen) == [("request_refused", "missing_role")]


async def test_a_server_that_is_asked_while_the_response_runs_tells_nothing(make: MakeServer, reader: list[Header]) -> None:
    """The request was told when its response began."""
    seen: list[Event] = []
    late = require(READ, resource_server=make(seen.append))

    async def streams(request: Request) -> Response:
        async def parts() -> AsyncIterator[str]:
            yield "begun, "
            yield (await late(HTTPConnection(request.scope))).display_name

        return StreamingResponse(parts())

    answer = await get(behind(make(seen.append), requires(authenticated())(streams)), "/", reader)
    assert answer.body == b"begun, reader"
    assert told(seen) == ACCEPTED


# --- what is in an event


async def test_seconds_leave_out_what_dependencies_take(make: MakeServer, clock: FakeClock, reader: list[Header]) -> None:
    seen: list[Event] = []

    async def slow() -> None:
        clock.advance(100)

    clock.advance(7)  # a server that has run for a while
    await get(AccessTokenMiddleware(asks_another(make(), slow), resource_server=make(seen.append)), "/", reader)
    assert [event.seconds for event in seen] == [0.0]


async def test_a_refusal_that_comes_late_tells_how_long_the_middleware_judged(
    make: MakeServer, clock: FakeClock, reader: list[Header]
) -> None:
    seen: list[Event] = []

    async def slow(request: Request) -> Response:
        clock.advance(100)
        principal_of(request.scope, ADMIN)
        raise NotImplementedError

    await get(behind(make(seen.append), slow), "/", reader)
    assert [(event.code, event.seconds) for event in seen] == [("missing_role", 0.0)]


async def test_where_nobody_was_looked_at_no_token_was_known(make: MakeServer, reader: list[Header]) -> None:
    seen: list[Event] = []
    await get(behind(make(seen.append), policy=PathPolicy({"/": PathPolicy.PUBLIC})), "/", reader)
    assert [(event.principal, event.cached, event.verified) for event in seen] == [(None, False, False)]


async def test_an_application_that_does_not_answer_has_no_status(make: MakeServer, reader: list[Header]) -> None:
    async def says_nothing(scope: Scope, receive: Receive, send: Send) -> None:
        return None

    seen: list[Event] = []
    app = AccessTokenMiddleware(says_nothing, resource_server=make(seen.append), policy=PathPolicy({"/": READ}))
    with pytest.raises(IndexError):  # there is no message
        _ = (await get(app, "/", reader)).status
    assert [(event.name, event.status) for event in seen] == [("request_accepted", 0)]


async def test_a_caller_without_a_client_has_an_empty_one(make: MakeServer, issuer: LocalIssuer) -> None:
    seen: list[Event] = []
    claims = {"iss": issuer.issuer, "aud": "api://orders", "exp": 1_790_000_600, "sub": "somebody"}
    token = issuer.sign({"alg": "ES256", "kid": issuer.signing_key.kid}, claims)
    assert (await get(behind(make(seen.append)), "/", [(b"authorization", f"Bearer {token}".encode())])).status == 200
    assert [(event.subject, event.client_id) for event in seen] == [("somebody", "")]


@pytest.mark.parametrize("allowed", [True, False])
async def test_a_path_that_nobody_named_has_no_route_beneath_a_mount_either(
    allowed: bool, make: MakeServer, reader: list[Header]
) -> None:
    async def plain(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("ok")(scope, receive, send)

    seen: list[Event] = []
    policy = None if allowed else PathPolicy({"/elsewhere": READ})
    inner = AccessTokenMiddleware(plain, resource_server=make(seen.append), policy=policy)
    answer = await get(Starlette(routes=[Mount("/shops", app=inner)]), "/shops/orders", reader)
    assert answer.status == (200 if allowed else 403)
    assert [event.route for event in seen] == [""]


@pytest.mark.parametrize("served_first", [True, False])
async def test_the_log_names_the_mount_where_nobody_listens(
    served_first: bool, make: MakeServer, reader: list[Header], caplog: pytest.LogCaptureFixture
) -> None:
    """Refused by the middleware, or by a guard behind it."""
    caplog.set_level(logging.INFO, "bearerguard")
    routes = [Route("/orders/{id}", requires(ADMIN)(served))]
    inner = AccessTokenMiddleware(Starlette(routes=routes), resource_server=make())
    app = Starlette(routes=[Mount("/{tenant}", app=inner)])
    await get(app, "/acme/orders/7", reader if served_first else [])
    assert [record.__dict__["route"] for record in caplog.records] == ["/{tenant}/orders/{id}"]


# --- error pages


async def test_an_error_page_that_stands_for_no_refusal_is_passed_on(make: MakeServer, reader: list[Header]) -> None:
    async def out_of_order(request: Request) -> Response:
        return PlainTextResponse("out of order", 500)

    answer = await get(behind(make(), out_of_order), "/", reader)
    assert (answer.status, answer.body) == (500, b"out of order")


async def test_a_refusal_of_the_endpoints_own_is_one_record(
    make: MakeServer, reader: list[Header], caplog: pytest.LogCaptureFixture
) -> None:
    """Its error page is held back, and then it leaves the application as well."""

    async def refuses(request: Request) -> Response:
        raise InsufficientScope(error_codes.NOT_PERMITTED, verified=True)

    caplog.set_level(logging.INFO, "bearerguard")
    answer = await get(behind(make(), refuses), "/", reader)
    assert answer.status == 403
    assert [record.__dict__["code"] for record in caplog.records] == ["not_permitted"]


# --- websockets


def ending(message: Message) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send(message)

    return app


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ({"type": "websocket.accept"}, 101),
        ({"type": "websocket.close", "code": 1000}, 0),
        ({"type": "websocket.http.response.start", "status": 404, "headers": []}, 404),
    ],
)
async def test_the_status_of_a_websocket_is_that_of_its_answer(
    message: Message, status: int, make: MakeServer, reader: list[Header]
) -> None:
    seen: list[Event] = []
    await connect(AccessTokenMiddleware(ending(message), resource_server=make(seen.append)), "/", reader)
    assert [(event.name, event.status) for event in seen] == [("request_accepted", status)]


async def test_a_close_for_a_refusal_that_nobody_raised_is_passed_on(make: MakeServer, reader: list[Header]) -> None:
    """No guard asked for it."""

    def fails() -> None:
        raise ExceptionGroup("all", [InsufficientScope(error_codes.NOT_PERMITTED)])

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        try:
            fails()
        except ExceptionGroup:
            await send({"type": "websocket.close", "code": 1011})

    answer = await connect(AccessTokenMiddleware(app, resource_server=make()), "/", reader)
    assert [message["type"] for message in answer.messages] == ["websocket.accept", "websocket.close"]
    assert answer.close_code == 1011
