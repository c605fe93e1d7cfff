"""One token for threads, tasks and event loops; one request at a time."""

import asyncio
import contextvars
import gc
import logging
import threading
import weakref
from collections.abc import Callable

import anyio
import pytest

from bearerguard.client.schedule import HeldToken, Schedule
from bearerguard.client.secret import Secret
from bearerguard.client.shared_token import SharedToken
from bearerguard.client.token_response import IssuedToken
from bearerguard.errors import TokenRequestError
from bearerguard.testing import FakeClock

BOTH = pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
DOWN = TokenRequestError("token_endpoint_unreachable", "connection refused", hint="check it")
PASSING = TokenRequestError("token_endpoint_failed", "status 503", temporary=True)


class Endpoint:
    """Issues ``token-1`` …, or does what the script says; may be held up."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.script: list[Exception | Callable[[], None]] = []
        self.lifetime = 1000.0
        self.open = threading.Event()
        self.open.set()
        self.reached = threading.Event()
        self.done = threading.Semaphore(0)

    async def __call__(self, claims: str) -> IssuedToken:
        self.asked.append(claims)
        number = len(self.asked)
        self.reached.set()
        try:
            assert self.open.wait(10)
            if self.script:
                step = self.script.pop(0)
                if isinstance(step, Exception):
                    raise step
                step()
            return IssuedToken(Secret(f"token-{number}"), self.lifetime)
        finally:
            self.done.release()


class Waiters:
    """Threads that ask for the token, and what they got."""

    def __init__(self, tokens: SharedToken, count: int) -> None:
        self.got: list[str] = []
        self._tokens = tokens
        self._threads = [threading.Thread(target=self._ask) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def _ask(self) -> None:
        try:
            self.got.append(self._tokens.get().access_token.reveal())
        except TokenRequestError as failure:
            self.got.append(failure.error)

    def join(self) -> list[str]:
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()
        return self.got


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


@pytest.fixture
def tokens(clock: FakeClock, endpoint: Endpoint) -> SharedToken:
    return shared(clock, endpoint)


def shared(clock: FakeClock, endpoint: Endpoint, time_limit: float = 10.0) -> SharedToken:
    return SharedToken(endpoint, Schedule(lambda: 0.5), clock, time_limit=time_limit, endpoint="https://issuer.example/token")


async def text(tokens: SharedToken) -> str:
    return (await tokens.get_async()).access_token.reveal()


async def gathered(tokens: SharedToken, count: int) -> list[str]:
    got: list[str] = []

    async def ask() -> None:
        try:
            got.append(await text(tokens))
        except TokenRequestError as failure:
            got.append(failure.error)

    async with anyio.create_task_group() as tasks:
        for _ in range(count):
            tasks.start_soon(ask)
    return got


# --- one request for all


@pytest.mark.anyio
@BOTH
async def test_tasks_share_one_request(tokens: SharedToken, endpoint: Endpoint) -> None:
    assert await gathered(tokens, 200) == ["token-1"] * 200
    assert len(endpoint.asked) == 1


def test_threads_share_one_request(tokens: SharedToken, endpoint: Endpoint) -> None:
    endpoint.open.clear()
    waiters = Waiters(tokens, 50)
    endpoint.open.set()
    assert waiters.join() == ["token-1"] * 50
    assert len(endpoint.asked) == 1


def test_threads_and_two_event_loops_at_once_share_one_request(tokens: SharedToken, endpoint: Endpoint) -> None:
    endpoint.open.clear()
    waiters = Waiters(tokens, 20)
    got: list[list[str]] = []
    loops = [
        threading.Thread(target=lambda name: got.append(anyio.run(gathered, tokens, 20, backend=name)), args=[name])
        for name in ("asyncio", "trio")
    ]
    for loop in loops:
        loop.start()
    assert endpoint.reached.wait(10)
    endpoint.open.set()
    for loop in loops:
        loop.join(10)
    assert waiters.join() == ["token-1"] * 20
    assert got == [["token-1"] * 20] * 2
    assert len(endpoint.asked) == 1


@pytest.mark.anyio
@BOTH
async def test_the_event_loop_is_free_while_the_endpoint_is_slow(tokens: SharedToken, endpoint: Endpoint) -> None:
    """Prior art: event loop blocked during the token request. Here it must run for the answer to come at all."""
    endpoint.open.clear()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tokens.get_async)
        await anyio.wait_all_tasks_blocked()
        endpoint.open.set()
    assert len(endpoint.asked) == 1


def test_a_token_at_hand_needs_neither_lock_nor_thread(tokens: SharedToken, endpoint: Endpoint) -> None:
    """Prior art: a lock on every request."""
    tokens.get()
    with tokens._lock:
        assert tokens.get().access_token.reveal() == "token-1"
    assert len(endpoint.asked) == 1


# --- renewal


def renewed(tokens: SharedToken, endpoint: Endpoint, clock: FakeClock) -> None:
    """Waits until the endpoint has answered all that was asked, and the answer has been taken in."""
    for thread in threading.enumerate():
        if thread.name == "bearerguard-token-request":
            thread.join(10)


def test_renewal_happens_in_the_background_and_nobody_waits_for_it(
    tokens: SharedToken, endpoint: Endpoint, clock: FakeClock
) -> None:
    tokens.get()
    endpoint.open.clear()
    clock.advance(900)
    assert [tokens.get().access_token.reveal() for _ in range(10)] == ["token-1"] * 10
    endpoint.open.set()
    renewed(tokens, endpoint, clock)
    assert tokens.get().access_token.reveal() == "token-2"
    assert len(endpoint.asked) == 2


@pytest.mark.anyio
@BOTH
async def test_renewal_is_not_waited_for_on_an_event_loop_either(
    tokens: SharedToken, endpoint: Endpoint, clock: FakeClock
) -> None:
    await tokens.get_async()
    endpoint.open.clear()
    clock.advance(900)
    assert await gathered(tokens, 50) == ["token-1"] * 50
    endpoint.open.set()
    await anyio.to_thread.run_sync(renewed, tokens, endpoint, clock)
    assert await text(tokens) == "token-2"


def test_a_step_of_the_wall_clock_changes_nothing(tokens: SharedToken, endpoint: Endpoint, clock: FakeClock) -> None:
    """Prior art: wall clock used for ages."""
    tokens.get()
    clock.step_wall_clock(86_400)
    tokens.get()
    assert len(endpoint.asked) == 1


def test_while_renewal_fails_the_old_token_serves_and_the_endpoint_is_left_alone(
    tokens: SharedToken, endpoint: Endpoint, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    tokens.get()
    clock.advance(900)
    endpoint.script = [DOWN]
    with caplog.at_level(logging.WARNING, "bearerguard"):
        for _ in range(20):
            assert tokens.get().access_token.reveal() == "token-1"
            renewed(tokens, endpoint, clock)
    assert len(endpoint.asked) == 2
    assert [record.levelname for record in caplog.records] == ["WARNING"]


# --- cancellation and ended loops


@pytest.mark.anyio
@BOTH
async def test_a_cancelled_request_cancels_neither_the_token_request_nor_the_others(
    tokens: SharedToken, endpoint: Endpoint
) -> None:
    """Prior art: a fetch cancelled with the request that began it."""
    endpoint.open.clear()
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as first:
            first.start_soon(tokens.get_async)
            await anyio.wait_all_tasks_blocked()
            scope.cancel()
    assert scope.cancelled_caught
    endpoint.open.set()
    assert await gathered(tokens, 3) == ["token-1"] * 3
    assert len(endpoint.asked) == 1


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_event_loop_that_ends_takes_no_token_request_along(tokens: SharedToken, endpoint: Endpoint, backend: str) -> None:
    endpoint.open.clear()

    async def ask_and_leave() -> None:
        with anyio.move_on_after(0.01):
            await tokens.get_async()

    anyio.run(ask_and_leave, backend=backend)
    endpoint.open.set()
    assert anyio.run(text, tokens, backend=backend) == "token-1"
    assert len(endpoint.asked) == 1


def test_a_token_request_carries_no_context_of_the_request_that_came_first(clock: FakeClock) -> None:
    trace = contextvars.ContextVar("trace", default="none")
    seen: list[str] = []

    async def obtain(claims: str) -> IssuedToken:
        seen.append(trace.get())
        return IssuedToken(Secret("x"), 100.0)

    trace.set("request-7")
    SharedToken(obtain, Schedule(lambda: 0.5), clock, time_limit=5.0, endpoint="e").get()
    assert seen == ["none"]


# --- failures


@pytest.mark.anyio
@BOTH
async def test_all_who_wait_share_one_failure_and_none_repeats_it(tokens: SharedToken, endpoint: Endpoint) -> None:
    """Prior art: requests queueing behind one lock, each repeating the failing fetch."""
    endpoint.script = [DOWN]
    assert await gathered(tokens, 100) == ["token_endpoint_unreachable"] * 100
    assert len(endpoint.asked) == 1


def test_each_waiter_raises_a_failure_of_its_own(tokens: SharedToken, endpoint: Endpoint) -> None:
    """One object raised in many threads would collect all their tracebacks."""
    endpoint.script = [DOWN]
    failures = []
    for _ in range(2):
        with pytest.raises(TokenRequestError) as raised:
            tokens.get()
        failures.append(raised.value)
    assert failures[0] is not failures[1]
    assert failures[0] is not DOWN
    assert str(failures[0]) == str(failures[1]) == str(DOWN)


def test_until_the_next_try_the_failure_is_given_again_at_once(tokens: SharedToken, endpoint: Endpoint, clock: FakeClock) -> None:
    """R21: no retry loop on invalid_client; and no storm on any other failure."""
    endpoint.script = [TokenRequestError("invalid_client")]
    for _ in range(100):
        with pytest.raises(TokenRequestError) as raised:
            tokens.get()
        assert raised.value.retry_after == 1
    assert len(endpoint.asked) == 1
    clock.advance(1.3)
    assert tokens.get().access_token.reveal() == "token-2"


def test_what_may_pass_is_tried_once_more_before_anybody_is_told(tokens: SharedToken, endpoint: Endpoint) -> None:
    endpoint.script = [PASSING]
    assert tokens.get().access_token.reveal() == "token-2"


def test_a_second_failure_is_told(tokens: SharedToken, endpoint: Endpoint) -> None:
    endpoint.script = [PASSING, PASSING]
    with pytest.raises(TokenRequestError):
        tokens.get()
    assert len(endpoint.asked) == 2


def test_a_pause_longer_than_anybody_waits_is_not_waited_for(tokens: SharedToken, endpoint: Endpoint) -> None:
    endpoint.script = [TokenRequestError("slow_down", temporary=True, retry_after=120)]
    with pytest.raises(TokenRequestError) as raised:
        tokens.get()
    assert raised.value.retry_after == 120
    assert len(endpoint.asked) == 1


def test_a_token_that_expired_on_its_way_is_a_failure_for_those_who_wait(
    tokens: SharedToken, endpoint: Endpoint, clock: FakeClock
) -> None:
    endpoint.lifetime = 1.0
    endpoint.script = [lambda: clock.advance(2)]
    with pytest.raises(TokenRequestError) as raised:
        tokens.get()
    assert raised.value.error == "invalid_token_response"


@pytest.mark.parametrize("error", [ZeroDivisionError("hunter2"), KeyboardInterrupt("hunter2")], ids=repr)
def test_an_unexpected_error_is_told_too_and_shows_nothing(clock: FakeClock, error: BaseException) -> None:
    """Prior art: a failed refresh that leaves waiters hanging."""

    async def obtain(claims: str) -> IssuedToken:
        raise error

    tokens = SharedToken(obtain, Schedule(lambda: 0.5), clock, time_limit=5.0, endpoint="e")
    with pytest.raises(TokenRequestError) as raised:
        tokens.get()
    assert raised.value.error == "token_endpoint_unreachable"
    assert "hunter2" not in str(raised.value)


def test_a_thread_that_cannot_be_started_is_a_failure(tokens: SharedToken, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    with pytest.raises(TokenRequestError) as raised:
        tokens.get()
    assert raised.value.temporary


@pytest.mark.anyio
@BOTH
async def test_a_request_that_never_ends_does_not_hold_anybody_for_ever(clock: FakeClock, endpoint: Endpoint) -> None:
    endpoint.open.clear()
    tokens = shared(clock, endpoint, time_limit=0.05)
    assert await gathered(tokens, 5) == ["token_endpoint_timeout"] * 5
    assert len(endpoint.asked) == 1
    endpoint.open.set()


def test_after_a_request_that_never_ends_another_one_may_begin(clock: FakeClock, endpoint: Endpoint) -> None:
    endpoint.open.clear()
    tokens = shared(clock, endpoint, time_limit=0.3)
    assert Waiters(tokens, 3).join() == ["token_endpoint_timeout"] * 3
    endpoint.open.set()
    renewed(tokens, endpoint, clock)
    assert tokens.get().access_token.reveal() == "token-1", "its late answer is welcome where there is no newer one"
    assert len(endpoint.asked) == 1


def test_a_late_failure_is_not_told_twice(clock: FakeClock, endpoint: Endpoint, caplog: pytest.LogCaptureFixture) -> None:
    endpoint.open.clear()
    endpoint.script = [DOWN]
    tokens = shared(clock, endpoint, time_limit=0.05)
    with caplog.at_level(logging.WARNING, "bearerguard"):
        assert Waiters(tokens, 3).join() == ["token_endpoint_timeout"] * 3
        endpoint.open.set()
        renewed(tokens, endpoint, clock)
    assert len(caplog.records) == 1


def test_a_late_answer_does_not_replace_a_newer_token(clock: FakeClock, endpoint: Endpoint) -> None:
    """Prior art: a late old answer overwriting a newer one."""
    held_up = endpoint.open
    held_up.clear()
    tokens = shared(clock, endpoint, time_limit=0.3)
    assert Waiters(tokens, 1).join() == ["token_endpoint_timeout"]
    clock.advance(2)
    endpoint.open = threading.Event()
    endpoint.open.set()
    assert tokens.get().access_token.reveal() == "token-2"
    held_up.set()
    renewed(tokens, endpoint, clock)
    assert tokens.get().access_token.reveal() == "token-2"


# --- refusals


def test_a_refused_token_is_asked_for_again_with_the_claims_of_the_challenge(tokens: SharedToken, endpoint: Endpoint) -> None:
    """R23."""
    held: HeldToken = tokens.get()
    assert tokens.refused(held.flight, '{"access_token":{}}')
    assert tokens.get().access_token.reveal() == "token-2"
    assert endpoint.asked == ["", '{"access_token":{}}']


def test_a_token_is_dropped_by_its_text_only_while_it_is_the_one_in_hand(tokens: SharedToken, endpoint: Endpoint) -> None:
    tokens.get()
    assert tokens.drop("another")
    assert tokens.get().access_token.reveal() == "token-1"
    assert tokens.drop("token-1")
    assert tokens.drop("token-1")
    assert tokens.get().access_token.reveal() == "token-2"
    assert len(endpoint.asked) == 2


# --- leftovers


def test_no_thread_stays_behind(tokens: SharedToken, endpoint: Endpoint, clock: FakeClock) -> None:
    tokens.get()
    renewed(tokens, endpoint, clock)
    assert not [thread for thread in threading.enumerate() if thread.name == "bearerguard-token-request"]


def test_an_object_without_a_user_goes_away(clock: FakeClock, endpoint: Endpoint) -> None:
    tokens = shared(clock, endpoint)
    tokens.get()
    renewed(tokens, endpoint, clock)
    reference = weakref.ref(tokens)
    del tokens
    gc.collect()
    assert reference() is None


def test_a_synchronous_caller_inside_an_event_loop_gets_its_token(tokens: SharedToken) -> None:
    """It blocks its own loop, as it asked for; the token request runs elsewhere."""

    async def ask() -> str:
        return tokens.get().access_token.reveal()

    assert asyncio.run(ask()) == "token-1"
