"""One token for threads, tasks and event loops; one request at a time."""

import asyncio
import contextvars
import gc
import logging
import threading
import weakref

import anyio
import pytest

from bearerguard.client.schedule import HeldToken, Schedule
from bearerguard.client.shared_token import SharedToken
from bearerguard.client.token_response import IssuedToken
from bearerguard.client_authentication.secret import Secret
from bearerguard.testing import FakeClock
from support.held_up_endpoint import DOWN, HeldUpEndpoint, Waiters, gathered, settled, shared, text

BOTH = pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])


# --- one request for all


@pytest.mark.anyio
@BOTH
async def test_tasks_share_one_request(tokens: SharedToken, endpoint: HeldUpEndpoint) -> None:
    assert await gathered(tokens, 200) == ["token-1"] * 200
    assert len(endpoint.asked) == 1


def test_threads_share_one_request(tokens: SharedToken, endpoint: HeldUpEndpoint) -> None:
    endpoint.open.clear()
    waiters = Waiters(tokens, 50)
    endpoint.open.set()
    assert waiters.join() == ["token-1"] * 50
    assert len(endpoint.asked) == 1


def test_threads_and_two_event_loops_at_once_share_one_request(tokens: SharedToken, endpoint: HeldUpEndpoint) -> None:
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
async def test_the_event_loop_is_free_while_the_endpoint_is_slow(tokens: SharedToken, endpoint: HeldUpEndpoint) -> None:
    """The loop must run for the answer to come at all."""
    endpoint.open.clear()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tokens.get_async)
        await anyio.wait_all_tasks_blocked()
        endpoint.open.set()
    assert len(endpoint.asked) == 1


def test_a_token_at_hand_needs_neither_lock_nor_thread(tokens: SharedToken, endpoint: HeldUpEndpoint) -> None:
    """A lock on every request would be contended by all threads."""
    tokens.get()
    with tokens._lock:
        assert tokens.get().access_token.reveal() == "token-1"
    assert len(endpoint.asked) == 1


# --- renewal


def test_renewal_happens_in_the_background_and_nobody_waits_for_it(
    tokens: SharedToken, endpoint: HeldUpEndpoint, clock: FakeClock
) -> None:
    tokens.get()
    endpoint.open.clear()
    clock.advance(900)
    assert [tokens.get().access_token.reveal() for _ in range(10)] == ["token-1"] * 10
    endpoint.open.set()
    settled()
    assert tokens.get().access_token.reveal() == "token-2"
    assert len(endpoint.asked) == 2


@pytest.mark.anyio
@BOTH
async def test_renewal_is_not_waited_for_on_an_event_loop_either(
    tokens: SharedToken, endpoint: HeldUpEndpoint, clock: FakeClock
) -> None:
    await tokens.get_async()
    endpoint.open.clear()
    clock.advance(900)
    assert await gathered(tokens, 50) == ["token-1"] * 50
    endpoint.open.set()
    await anyio.to_thread.run_sync(settled)
    assert await text(tokens) == "token-2"


def test_a_step_of_the_wall_clock_changes_nothing(tokens: SharedToken, endpoint: HeldUpEndpoint, clock: FakeClock) -> None:
    """Ages are monotonic."""
    tokens.get()
    clock.step_wall_clock(86_400)
    tokens.get()
    assert len(endpoint.asked) == 1


def test_while_renewal_fails_the_old_token_serves_and_the_endpoint_is_left_alone(
    tokens: SharedToken, endpoint: HeldUpEndpoint, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    tokens.get()
    clock.advance(900)
    endpoint.script = [DOWN]
    with caplog.at_level(logging.WARNING, "bearerguard"):
        for _ in range(20):
            assert tokens.get().access_token.reveal() == "token-1"
            settled()
    assert len(endpoint.asked) == 2
    assert [record.levelname for record in caplog.records] == ["WARNING"]


# --- cancellation and ended loops


@pytest.mark.anyio
@BOTH
async def test_a_cancelled_request_cancels_neither_the_token_request_nor_the_others(
    tokens: SharedToken, endpoint: HeldUpEndpoint
) -> None:
    """The token request belongs to none of those who wait for it."""
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
def test_an_event_loop_that_ends_takes_no_token_request_along(
    tokens: SharedToken, endpoint: HeldUpEndpoint, backend: str
) -> None:
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


# --- refusals


def test_a_refused_token_is_asked_for_again_with_the_claims_of_the_challenge(
    tokens: SharedToken, endpoint: HeldUpEndpoint
) -> None:
    """Continuous Access Evaluation."""
    held: HeldToken = tokens.get()
    assert tokens.refused(held.flight, '{"access_token":{}}')
    assert tokens.get().access_token.reveal() == "token-2"
    assert endpoint.asked == ["", '{"access_token":{}}']


def test_a_token_is_dropped_by_its_text_only_while_it_is_the_one_in_hand(tokens: SharedToken, endpoint: HeldUpEndpoint) -> None:
    tokens.get()
    assert tokens.drop("another")
    assert tokens.get().access_token.reveal() == "token-1"
    assert tokens.drop("token-1")
    assert tokens.drop("token-1")
    assert tokens.get().access_token.reveal() == "token-2"
    assert len(endpoint.asked) == 2


# --- leftovers


def test_no_thread_stays_behind(tokens: SharedToken, endpoint: HeldUpEndpoint, clock: FakeClock) -> None:
    before = set(threading.enumerate())
    tokens.get()
    settled()
    assert set(threading.enumerate()) <= before


def test_an_object_without_a_user_goes_away(clock: FakeClock, endpoint: HeldUpEndpoint) -> None:
    tokens = shared(clock, endpoint)
    tokens.get()
    settled()
    reference = weakref.ref(tokens)
    del tokens
    gc.collect()
    assert reference() is None


def test_a_synchronous_caller_inside_an_event_loop_gets_its_token(tokens: SharedToken) -> None:
    """It blocks its own loop, as it asked for; the token request runs elsewhere."""

    async def ask() -> str:
        return tokens.get().access_token.reveal()

    assert asyncio.run(ask()) == "token-1"
