"""An open websocket ends with its token: ``AccessTokenMiddleware(…, end_at_expiry=True)``."""

import contextlib
import gc
import logging
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final

import anyio
import anyio.lowlevel
import httpx
import pytest
from fastapi import Depends, FastAPI, WebSocket
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from bearerguard import AccessTokenMiddleware, ConfigurationError, Introspection, PathPolicy, Principal, ResourceServer, role
from bearerguard import error_codes as codes
from bearerguard.errors import InsufficientScope
from bearerguard.events import Event
from bearerguard.fastapi import require
from bearerguard.revocation import Denylist
from bearerguard.web.expiry import LOOK_EVERY, EndAtExpiry
from support.asgi import Header, http_scope, websocket_scope
from support.published import Published
from support.sealed import AUDIENCE, EC, ISSUER, NOW, RSA, claims, issuer, seal, server

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])]

LIFE: Final = 3600 + 60
"""Seconds the token is good for, leeway included."""
ENDED: Final = ("websocket.close", 1008)
HEADERS: Final[list[Header]] = [(b"authorization", b"Bearer " + seal())]


async def at_rest() -> None:
    """Let everything beside the test go on until it waits; anyio's own wait begins with a sleep if it does not yet."""
    for _ in range(30):
        await anyio.lowlevel.checkpoint()
    await anyio.wait_all_tasks_blocked()


class Line:
    """A client and the server in front of the application."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self._to_app, self._messages = anyio.create_memory_object_stream[Message](10)
        self._to_app.send_nowait({"type": "websocket.connect"})
        self.began = anyio.Event()
        self._closed = anyio.Event()
        self.said_goodbye = anyio.Event()
        self.said_goodbye.set()

    async def receive(self) -> Message:
        self.began.set()
        return await self._messages.receive()

    async def send(self, message: Message) -> None:
        await anyio.lowlevel.checkpoint()
        self.sent.append(message)
        if message["type"] == "websocket.close":
            self._closed.set()
            await self.said_goodbye.wait()

    async def says(self, text: str) -> None:
        await self._to_app.send({"type": "websocket.receive", "text": text})
        await at_rest()

    async def hangs_up(self) -> None:
        await self._to_app.send({"type": "websocket.disconnect", "code": 1001})
        await at_rest()

    def ends(self) -> list[tuple[str, int]]:
        """How it was ended."""
        return [(message["type"], message["code"]) for message in self.sent if message["type"] == "websocket.close"]

    async def ended(self) -> list[tuple[str, int]]:
        """The same, once it is."""
        await self._closed.wait()
        await at_rest()
        return self.ends()

    def close(self) -> None:
        self._to_app.close()
        self._messages.close()


class Talk:
    """An application that keeps what it receives, until the end."""

    def __init__(self) -> None:
        self.heard: list[Message] = []
        self.has_returned = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while True:
            message = await receive()
            self.heard.append(message)
            if message["type"] == "websocket.disconnect":
                self.has_returned = True
                return

    @property
    def last(self) -> Message:
        return self.heard[-1]


class Pauses:
    """In place of a sleep: ends when the test says so."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._end = anyio.Event()

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await self._end.wait()

    async def end(self) -> None:
        """Let what is waiting go on, until it waits again."""
        ended, self._end = self._end, anyio.Event()
        ended.set()
        await at_rest()


async def served(app: ASGIApp, scope: Scope, line: Line) -> None:
    await app(scope, line.receive, line.send)


@asynccontextmanager
async def opened(app: ASGIApp, headers: list[Header] | None = None, path: str = "/", **more: Any) -> AsyncIterator[Line]:
    """A websocket for the length of the block, at the end of which the client hangs up. ``more`` goes into its scope."""
    line = Line()
    scope = {**websocket_scope(path, HEADERS if headers is None else headers), **more}
    try:
        with anyio.fail_after(20):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(served, app, scope, line)
                await line.began.wait()
                await at_rest()
                yield line
                await line.hangs_up()
    finally:
        line.close()


def guarded(api: ResourceServer, app: ASGIApp, pauses: Pauses | None = None, **options: Any) -> ASGIApp:
    """Behind the middleware, with pauses of the test's where it gives some."""
    if pauses is None:
        return AccessTokenMiddleware(app, resource_server=api, end_at_expiry=True, **options)
    return AccessTokenMiddleware(EndAtExpiry(app, pause=pauses), resource_server=api, **options)


def advance(api: ResourceServer, seconds: float) -> None:
    api.connection.clock.advance(seconds)  # type: ignore[attr-defined]


def step_wall_clock(api: ResourceServer, seconds: float) -> None:
    api.connection.clock.step_wall_clock(seconds)  # type: ignore[attr-defined]


# --- expiry


async def test_it_ends_when_its_token_expires(anyio_backend: str) -> None:
    api, talk, pauses = server(), Talk(), Pauses()
    async with opened(guarded(api, talk, pauses)) as line:
        advance(api, LIFE - 1)
        await pauses.end()
        assert line.ends() == []

        advance(api, 1)
        await pauses.end()

        assert await line.ended() == [ENDED]
        assert (talk.last["type"], talk.last["code"]) == ("websocket.disconnect", 1008)
        assert talk.has_returned


async def test_without_the_option_it_stays_open(anyio_backend: str) -> None:
    api, talk = server(), Talk()
    async with opened(AccessTokenMiddleware(talk, resource_server=api)) as line:
        advance(api, LIFE * 10)
        await line.says("still there")

        assert line.ends() == []
        assert talk.last["text"] == "still there"


async def test_a_message_that_comes_after_the_expiry_is_not_heard(anyio_backend: str) -> None:
    """No timer has run: the machine was suspended."""
    api, talk = server(), Talk()
    async with opened(guarded(api, talk)) as line:
        await line.says("in time")
        advance(api, LIFE)
        await line.says("too late")

        assert [message.get("text") for message in talk.heard] == ["in time", None]
        assert await line.ended() == [ENDED]


async def test_nothing_is_sent_after_the_expiry(anyio_backend: str) -> None:
    api, go_on = server(), anyio.Event()
    caught: list[str] = []

    async def ticker(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await go_on.wait()
        try:
            await send({"type": "websocket.send", "text": "secret"})
        except OSError as error:
            caught.append(type(error).__name__)
            raise

    async with opened(guarded(api, ticker)) as line:
        advance(api, LIFE)
        go_on.set()
        await at_rest()

        assert [message["type"] for message in line.sent] == ["websocket.accept", "websocket.close"]
        assert caught == ["WebSocketEnded"]


async def test_a_wall_clock_that_is_set_back_prolongs_nothing(anyio_backend: str) -> None:
    """With the cache and without."""
    for size in (0, 10):
        api, talk, pauses = server(token_cache_size=size), Talk(), Pauses()
        async with opened(guarded(api, talk, pauses)) as line:
            step_wall_clock(api, -1800)
            advance(api, LIFE)
            await pauses.end()

            assert await line.ended() == [ENDED]


async def test_a_wall_clock_that_is_set_forward_ends_it(anyio_backend: str) -> None:
    """So does a machine that slept for a day: its monotonic clock stood still."""
    api, talk, pauses = server(), Talk(), Pauses()
    async with opened(guarded(api, talk, pauses)) as line:
        step_wall_clock(api, 86_400)
        await pauses.end()

        assert await line.ended() == [ENDED]


async def test_it_looks_every_few_seconds_and_at_the_expiry(anyio_backend: str) -> None:
    api, pauses = server(), Pauses()
    async with opened(guarded(api, Talk(), pauses)):
        advance(api, LIFE - 2)
        await pauses.end()

    assert pauses.seconds == [LOOK_EVERY, 2.0]


async def test_shortly_before_the_expiry_it_waits_only_for_that(anyio_backend: str) -> None:
    api, pauses = server(), Pauses()
    async with opened(guarded(api, Talk(), pauses)):
        advance(api, LIFE - 0.5)
        await pauses.end()

    assert pauses.seconds == [LOOK_EVERY, 0.5]


# --- other reasons


async def test_it_ends_when_its_key_is_withdrawn(anyio_backend: str) -> None:
    both, talk, pauses = Published(), Talk(), Pauses()
    api = both.server()
    async with opened(guarded(api, talk, pauses)) as line:
        both.keys["issuer.test"] = [RSA]
        advance(api, 601)
        await pauses.end()

        assert both.fetches == 2, "an open websocket keeps the keys fresh on an idle server"
        assert await line.ended() == [ENDED]


async def test_it_ends_when_its_issuer_is_not_trusted_any_more(anyio_backend: str) -> None:
    api, talk, pauses = server(), Talk(), Pauses()
    async with opened(guarded(api, talk, pauses)) as line:
        api.reconfigure(issuers=issuer("https://other.test/"))
        await pauses.end()

        assert await line.ended() == [ENDED]


async def test_the_next_message_after_a_reconfiguration_is_judged_at_once(anyio_backend: str) -> None:
    api, talk = server(), Talk()
    async with opened(guarded(api, talk)) as line:
        api.reconfigure(audience="api://billing")
        await line.says("too late")

        assert [message["type"] for message in talk.heard] == ["websocket.disconnect"]


async def test_it_stays_open_when_its_issuer_stays(anyio_backend: str) -> None:
    api, talk, pauses = server(), Talk(), Pauses()
    async with opened(guarded(api, talk, pauses)) as line:
        api.reconfigure(issuers=[issuer(), issuer("https://other.test/")])
        await pauses.end()
        await line.says("still here")

        assert talk.last["text"] == "still here"


async def test_it_ends_when_its_token_is_revoked(anyio_backend: str) -> None:
    denylist, talk, pauses = Denylist(), Talk(), Pauses()
    api = server(revoked=denylist)
    async with opened(guarded(api, talk, pauses)) as line:
        denylist.revoke(client_id="reader")
        advance(api, LOOK_EVERY)
        await pauses.end()

        assert await line.ended() == [ENDED]


async def test_an_issuer_that_is_down_ends_nothing_before_the_expiry(anyio_backend: str) -> None:
    both, talk, pauses = Published(), Talk(), Pauses()
    both.keys["issuer.test"] = [EC]
    api = both.server()
    long = [(b"authorization", b"Bearer " + seal(claims(exp=NOW + 200_000)))]
    async with opened(guarded(api, talk, pauses), long) as line:
        both.is_down = True
        advance(api, 100_000)
        await pauses.end()
        assert line.ends() == []

        advance(api, 100_060)
        await pauses.end()
        assert await line.ended() == [ENDED]


async def test_a_look_at_a_remembered_token_verifies_nothing(anyio_backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand open websockets are looked at two thousand times a second."""
    api, talk, pauses = server(), Talk(), Pauses()
    async with opened(guarded(api, talk, pauses)) as line:
        monkeypatch.setattr(api, "judge", None)
        advance(api, LOOK_EVERY)
        await pauses.end()
        await line.says("still here")

        assert talk.last["text"] == "still here"


async def test_a_defect_while_looking_ends_it(anyio_backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    api, pauses = server(token_cache_size=0), Pauses()
    app = guarded(api, Talk(), pauses)

    async def broken(_token: bytes) -> Principal:
        raise ZeroDivisionError

    async with opened(app) as line:
        monkeypatch.setattr(api, "judge", broken)
        advance(api, LOOK_EVERY)
        await pauses.end()

        assert await line.ended() == [ENDED]


# --- how it ends


async def test_the_handshake_is_refused_if_it_was_not_accepted_yet(anyio_backend: str) -> None:
    api, pauses = server(), Pauses()

    async def hesitant(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        assert (await receive())["type"] == "websocket.disconnect"

    async with opened(guarded(api, hesitant, pauses)) as line:
        advance(api, LIFE)
        await pauses.end()

        assert (line.sent[0]["type"], line.sent[0]["status"]) == ("websocket.http.response.start", 401)


async def test_one_that_the_application_has_closed_is_left_alone(anyio_backend: str, caplog: pytest.LogCaptureFixture) -> None:
    api, pauses, go_on = server(), Pauses(), anyio.Event()

    async def closing(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": 1000})
        await go_on.wait()

    async with opened(guarded(api, closing, pauses)) as line:
        with caplog.at_level(logging.INFO, logger="bearerguard"):
            advance(api, LIFE)
            await pauses.end()
        go_on.set()

        assert line.ends() == [("websocket.close", 1000)]
        assert caplog.records == []


async def test_one_that_the_client_has_closed_is_left_alone(anyio_backend: str) -> None:
    api, pauses, go_on = server(), Pauses(), anyio.Event()
    seen: list[Message] = []

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        seen.append(await receive())
        await go_on.wait()
        seen.append(await receive())

    async with opened(guarded(api, slow, pauses)) as line:
        await line.hangs_up()
        advance(api, LIFE)
        await pauses.end()
        go_on.set()
        await at_rest()

        assert line.ends() == []
        assert [message["code"] for message in seen] == [1001, 1001]


class SlowHook:
    """Clears tokens at once, until it holds: then it says ``says``, as soon as it may go on."""

    def __init__(self, *, says: bool) -> None:
        self.says, self.holds = says, False
        self.asked, self.go_on = anyio.Event(), anyio.Event()

    async def __call__(self, _principal: Principal) -> bool:
        if not self.holds:
            return False
        self.asked.set()
        await self.go_on.wait()
        return self.says


async def test_one_that_the_client_closes_during_the_look_is_left_alone(anyio_backend: str) -> None:
    """The hook takes a while to say that the token is revoked."""
    revoked = SlowHook(says=True)

    async def talk(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            pass
        await revoked.go_on.wait()

    api, pauses = server(revoked=revoked, revoked_timeout=20), Pauses()
    async with opened(guarded(api, talk, pauses)) as line:
        revoked.holds = True
        advance(api, LOOK_EVERY)
        await pauses.end()
        await revoked.asked.wait()
        await line.hangs_up()
        revoked.go_on.set()
        await at_rest()

        assert line.ends() == []


async def test_to_close_it_afterwards_does_no_harm(anyio_backend: str) -> None:
    """As applications do when they clean up."""
    api, pauses = server(), Pauses()
    done: list[str] = []

    async def tidy(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            pass
        await send({"type": "websocket.close", "code": 1000})
        done.append("tidied up")

    async with opened(guarded(api, tidy, pauses)) as line:
        advance(api, LIFE)
        await pauses.end()

        assert await line.ended() == [ENDED]
        assert done == ["tidied up"]


async def test_a_client_that_never_says_goodbye_does_not_hold_up_the_application(anyio_backend: str) -> None:
    api, talk, pauses = server(), Talk(), Pauses()
    line, goodbye = Line(), anyio.Event()
    line.said_goodbye = goodbye

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(served, guarded(api, talk, pauses), websocket_scope("/", HEADERS), line)
        await at_rest()
        advance(api, LIFE)
        await pauses.end()
        assert await line.ended() == [ENDED]
        await at_rest()
        assert talk.has_returned
        goodbye.set()
    line.close()


async def test_the_log_tells_why_and_says_nothing_of_the_token(anyio_backend: str, caplog: pytest.LogCaptureFixture) -> None:
    api, pauses = server(), Pauses()
    with caplog.at_level(logging.DEBUG, logger="bearerguard"):
        async with opened(guarded(api, Talk(), pauses)):
            caplog.clear()
            advance(api, LIFE)
            await pauses.end()

    (record,) = caplog.records
    assert record.getMessage().startswith("an open websocket ends: token_expired")
    assert (record.code, record.client_id, record.path) == ("token_expired", "reader", "/")  # type: ignore[attr-defined]
    assert seal().decode() not in str(record.__dict__)


async def test_it_was_accepted_once_and_its_end_is_no_other_request(anyio_backend: str) -> None:
    events: list[Event] = []
    api, pauses = server(on_event=events.append), Pauses()
    async with opened(guarded(api, Talk(), pauses)) as line:
        advance(api, LIFE)
        await pauses.end()
        await line.ended()

    assert [(event.name, event.status) for event in events] == [("request_accepted", 101)]


async def test_a_handshake_that_ends_was_refused(anyio_backend: str) -> None:
    events: list[Event] = []
    api, pauses = server(on_event=events.append), Pauses()

    async def hesitant(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await receive()

    async with opened(guarded(api, hesitant, pauses)):
        advance(api, LIFE)
        await pauses.end()

    assert [(event.name, event.code) for event in events] == [("request_refused", "token_expired")]


@pytest.mark.parametrize("error", [ZeroDivisionError(), InsufficientScope(codes.MISSING_ROLE)])
async def test_an_error_of_the_application_is_its_own(anyio_backend: str, error: Exception) -> None:
    """No task group wraps it."""

    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": 1000})
        raise error

    line = Line()
    with pytest.raises(type(error)) as caught:
        await guarded(server(), broken)(websocket_scope("/", HEADERS), line.receive, line.send)
    line.close()
    assert caught.value is error


async def test_a_refusal_of_a_guard_still_ends_it(anyio_backend: str) -> None:
    async def later(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        raise role("Write.All").refusal(scope["user"])

    line = Line()
    await guarded(server(), later)(websocket_scope("/", HEADERS), line.receive, line.send)
    line.close()
    assert await line.ended() == [ENDED]


# --- whom else it concerns


async def test_where_nothing_is_refused_it_is_told_once_and_nothing_ends(
    anyio_backend: str, caplog: pytest.LogCaptureFixture
) -> None:
    api, talk, pauses = server(), Talk(), Pauses()
    async with opened(guarded(api, talk, pauses, insecure_report_only=True)) as line:
        with caplog.at_level(logging.INFO, logger="bearerguard"):
            advance(api, LIFE)
            await pauses.end()
            await line.says("still here")

        assert line.ends() == []
        assert talk.last["text"] == "still here"
    assert [record.getMessage().partition(". ")[0] for record in caplog.records if "token_expired" in record.getMessage()] == [
        "would be refused: token_expired: The time is past 'exp' plus the leeway"
    ]


async def test_where_nothing_is_refused_nobody_looks_any_more_once_it_is_told(anyio_backend: str) -> None:
    api, pauses = server(), Pauses()
    async with opened(guarded(api, Talk(), pauses, insecure_report_only=True)):
        advance(api, LIFE)
        await pauses.end()
        before = len(pauses.seconds)
        await pauses.end()

        assert len(pauses.seconds) == before


async def test_the_option_tells_and_ends_nothing_where_the_middleware_only_reports(
    anyio_backend: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Before a roll-out it is good to know that clients will have to come back with a new token."""
    api, talk = server(), Talk()
    async with opened(guarded(api, talk, insecure_report_only=True)) as line:
        with caplog.at_level(logging.INFO, logger="bearerguard"):
            advance(api, LIFE)
            await line.says("still here")
            await line.says("and here")

        assert line.ends() == []
        assert [message["text"] for message in talk.heard] == ["still here", "and here"]
    assert [record.__dict__["code"] for record in caplog.records if "code" in record.__dict__] == ["token_expired"]


async def test_requests_are_none_of_its_business(anyio_backend: str) -> None:
    seen: list[object] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(receive)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    line = Line()
    receive: Callable[[], Awaitable[Message]] = line.receive
    await guarded(server(), app)(http_scope("GET", "/", HEADERS), receive, line.send)
    line.close()
    assert seen == [receive]


async def test_an_anonymous_websocket_stays_open(anyio_backend: str) -> None:
    api, talk, pauses = server(), Talk(), Pauses()
    async with opened(guarded(api, talk, pauses, policy=PathPolicy({"WEBSOCKET /": PathPolicy.PUBLIC})), []) as line:
        advance(api, LIFE * 10)
        await pauses.end()
        await line.says("hello")

        assert talk.last["text"] == "hello"


async def test_a_guard_that_judged_the_token_later_is_minded_too(anyio_backend: str) -> None:
    """The path is public for the middleware, and a dependency asks a resource server of its own."""
    outer, inner, pauses = server(), server(issuer(ISSUER)), Pauses()
    reader = require(role("Read.All"), resource_server=inner)
    heard: list[Any] = []
    app = FastAPI()

    @app.websocket("/")
    async def talk(websocket: WebSocket, _caller: Annotated[Principal, Depends(reader)]) -> None:
        await websocket.accept()
        heard.append((await websocket.receive())["type"])

    policy = PathPolicy({"WEBSOCKET /": PathPolicy.PUBLIC})
    async with opened(guarded(outer, app, pauses, policy=policy)) as line:
        await pauses.end()
        inner.reconfigure(audience="api://billing")
        await pauses.end()

        assert await line.ended() == [ENDED]
        assert heard == ["websocket.disconnect"]


async def test_what_is_exchanged_during_a_look_is_judged_at_the_next_message(anyio_backend: str) -> None:
    """Of two resource servers, the first is told to trust others while the second waits for its hook."""
    revoked = SlowHook(says=False)

    first, second, pauses = server(), server(revoked=revoked, revoked_timeout=20), Pauses()
    reader = require(role("Read.All"), resource_server=second)
    heard: list[str] = []
    app = FastAPI()

    @app.websocket("/")
    async def talk(websocket: WebSocket, _caller: Annotated[Principal, Depends(reader)]) -> None:
        await websocket.accept()
        while (message := await websocket.receive())["type"] != "websocket.disconnect":
            heard.append(message["text"])

    async with opened(guarded(first, app, pauses, undeclared="allow")) as line:
        revoked.holds = True
        advance(first, LOOK_EVERY)
        await pauses.end()
        await revoked.asked.wait()
        first.reconfigure(audience="api://billing")
        revoked.go_on.set()
        await at_rest()
        await line.says("too late")

        assert await line.ended() == [ENDED]
        assert heard == []


async def test_an_application_may_take_the_header_out_of_its_scope(anyio_backend: str) -> None:
    api, pauses = server(), Pauses()
    talk = Talk()

    async def stripping(scope: Scope, receive: Receive, send: Send) -> None:
        scope["headers"].clear()
        await talk(scope, receive, send)

    async with opened(guarded(api, stripping, pauses), list(HEADERS)) as line:
        advance(api, LOOK_EVERY)
        await pauses.end()
        await line.says("still here")

        assert talk.last["text"] == "still here"


async def test_an_application_that_fails_after_its_end_is_not_told_as_a_refusal(
    anyio_backend: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The websocket has ended already: what is raised then is the application's own affair."""
    api, pauses, caught = server(), Pauses(), list[BaseException]()

    async def refuses_at_the_end(scope: Scope, receive: Receive, send: Send) -> None:
        await Talk()(scope, receive, send)
        raise role("Write.All").refusal(scope["user"])

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await guarded(api, refuses_at_the_end, pauses)(scope, receive, send)
        except InsufficientScope as error:
            caught.append(error)

    caplog.set_level(logging.INFO, logger="bearerguard")
    async with opened(app) as line:
        advance(api, LIFE)
        await pauses.end()
        assert await line.ended() == [ENDED]

    assert [error.reason.code for error in caught if isinstance(error, InsufficientScope)] == ["missing_role"]
    assert [record.__dict__["code"] for record in caplog.records] == ["token_expired"]


async def test_a_token_of_a_sub_protocol_is_judged_again_like_any_other(anyio_backend: str) -> None:
    api, talk, pauses = server(), Talk(), Pauses()
    app = guarded(api, talk, pauses, websocket_protocol=True)
    async with opened(app, [], subprotocols=["bearer", seal().decode()]) as line:
        advance(api, LOOK_EVERY)
        await pauses.end()
        await line.says("still here")
        assert talk.last["text"] == "still here"

        advance(api, LIFE)
        await pauses.end()
        assert await line.ended() == [ENDED]


async def test_a_server_may_leave_the_sub_protocols_out(anyio_backend: str) -> None:
    """ASGI: optional; if missing, defaults to an empty list."""
    scope = websocket_scope("/", HEADERS)
    del scope["subprotocols"]
    line, talk = Line(), Talk()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(served, guarded(server(), talk), scope, line)
        await line.says("hello")
        await line.hangs_up()
    line.close()

    assert talk.heard[0]["text"] == "hello"


async def test_messages_leave_nothing_behind(anyio_backend: str) -> None:
    """A websocket may be open for days."""

    def waits() -> int:
        return sum(type(one).__name__ == "CancelScope" for one in gc.get_objects())

    async with opened(guarded(server(), Talk(), Pauses())) as line:
        await line.says("once")
        before = waits()
        for _ in range(20):
            await line.says("again")
        assert waits() == before


async def test_nothing_is_left_of_it(anyio_backend: str) -> None:
    """No task, no timer, and no reference to the token beyond the connection."""
    receives: list[weakref.ref[Any]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        receives.append(weakref.ref(receive.__self__))  # type: ignore[attr-defined]
        await Talk()(scope, receive, send)

    async with opened(guarded(server(), app, Pauses())):
        assert receives[0]() is not None
    gc.collect()

    assert receives[0]() is None


class Marker:
    """Is in a scope, and can be watched."""


async def test_an_application_that_fails_leaves_nothing_for_the_garbage_collector(anyio_backend: str) -> None:
    """Its error has the frames of its websocket, which must not have the error."""

    async def fails(scope: Scope, receive: Receive, send: Send) -> None:
        raise ZeroDivisionError

    app, line, scope = guarded(server(), fails), Line(), {**websocket_scope("/", HEADERS), "marker": Marker()}
    gone = weakref.ref(scope["marker"])
    gc.disable()
    try:
        with contextlib.suppress(ZeroDivisionError):
            await app(scope, line.receive, line.send)
        line.close()
        del scope
        assert gone() is None
    finally:
        gc.enable()


async def test_a_route_of_starlette_sees_the_disconnect(anyio_backend: str) -> None:
    seen: list[int] = []

    async def live(websocket: WebSocket) -> None:
        await websocket.accept()
        try:
            await websocket.receive_text()
        except WebSocketDisconnect as gone:
            seen.append(gone.code)

    api, pauses = server(), Pauses()
    app = Starlette(routes=[WebSocketRoute("/", live)])
    async with opened(guarded(api, app, pauses, undeclared="allow")):
        advance(api, LIFE)
        await pauses.end()

    assert seen == [1008]


@pytest.mark.parametrize("wrong", [None, 1, "yes"])
async def test_it_is_a_switch(anyio_backend: str, wrong: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        AccessTokenMiddleware(Talk(), resource_server=server(), end_at_expiry=wrong)
    assert caught.value.parameter == "end_at_expiry"


async def test_an_answer_of_an_introspection_endpoint_is_asked_for_again(anyio_backend: str) -> None:
    active = {"active": True, "iss": ISSUER, "aud": AUDIENCE, "exp": NOW + 3600, "client_id": "reader", "sub": "x"}
    answers = [active, {"active": False}]
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=answers.pop(0)))
    asked = Introspection("https://issuer.test/introspect", client_id="api", client_secret="secret")
    api = server(introspection=asked, transport=transport)
    pauses = Pauses()
    async with opened(guarded(api, Talk(), pauses), [(b"authorization", b"Bearer opaque")]) as line:
        advance(api, 30)
        await pauses.end()
        assert line.ends() == []

        advance(api, 31)
        await pauses.end()
        assert await line.ended() == [ENDED]
