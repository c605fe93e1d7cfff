"""Waiting for one token request, from threads and from event loops of both kinds."""

import threading
from collections.abc import Callable

import anyio
import pytest
from trio.testing import MockClock

from bearerguard.client.flight import Flight
from bearerguard.client.schedule import HeldToken
from bearerguard.client_authentication.secret import Secret
from bearerguard.errors import TokenRequestError

TOKEN = HeldToken(Secret("token"), 1, 100.0, 110.0)
LATER = HeldToken(Secret("later"), 1, 100.0, 110.0)
BOTH = pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])


def in_thread(function: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=function)
    thread.start()
    return thread


def test_a_thread_waits_until_the_flight_lands() -> None:
    flight = Flight(1, 10.0)
    waiting = [in_thread(flight.wait) for _ in range(5)]
    assert flight.land(TOKEN)
    for thread in waiting:
        thread.join(5)
        assert not thread.is_alive()
    assert flight.outcome is TOKEN


def test_who_comes_after_the_landing_does_not_wait() -> None:
    flight = Flight(1, 10.0)
    flight.land(TOKEN)
    flight.wait()
    anyio.run(flight.wait_async)


def test_only_the_first_outcome_counts() -> None:
    """Those who waited have been told; a second truth helps nobody."""
    flight = Flight(1, 10.0)
    assert flight.land(TokenRequestError("token_endpoint_timeout"))
    assert not flight.land(LATER)
    assert isinstance(flight.outcome, TokenRequestError)


def test_nobody_waits_longer_than_the_time_limit() -> None:
    flight = Flight(1, 0.01)
    flight.wait()
    assert flight.outcome is None
    assert flight.time_left() == 0


@pytest.mark.anyio
@BOTH
async def test_a_task_waits_until_the_flight_lands() -> None:
    flight = Flight(1, 10.0)
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(flight.wait_async)
        await anyio.wait_all_tasks_blocked()
        await anyio.to_thread.run_sync(flight.land, TOKEN)
    assert flight.outcome is TOKEN


@pytest.mark.anyio
@BOTH
async def test_no_task_waits_longer_than_the_time_limit() -> None:
    flight = Flight(1, 0.01)
    with anyio.fail_after(5):
        await flight.wait_async()
    assert flight.outcome is None


@pytest.mark.anyio
@BOTH
async def test_a_cancelled_task_leaves_the_others_waiting_and_is_not_told() -> None:
    """The token request belongs to none of those who wait for it."""
    flight = Flight(1, 10.0)
    told = []

    async def wait() -> None:
        await flight.wait_async()
        told.append(flight.outcome)

    async with anyio.create_task_group() as tasks:
        with anyio.CancelScope() as cancelled:
            async with anyio.create_task_group() as first:
                first.start_soon(wait)
                await anyio.wait_all_tasks_blocked()
                cancelled.cancel()
        tasks.start_soon(wait)
        await anyio.wait_all_tasks_blocked()
        flight.land(TOKEN)
    assert told == [TOKEN]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_event_loop_that_has_ended_does_not_keep_the_others_from_being_told(backend: str) -> None:
    """A waiter's loop may be gone by the time the answer comes."""
    flight = Flight(1, 10.0)
    landed = threading.Event()
    flight._waiting.add(anyio.run(wake_up_call_of_this_loop, flight, backend=backend))
    flight._waiting.add(landed.set)
    assert flight.land(TOKEN)
    assert landed.is_set()


async def wake_up_call_of_this_loop(flight: Flight) -> Callable[[], None]:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(flight.wait_async)
        await anyio.wait_all_tasks_blocked()
        (wake,) = flight._waiting
        tasks.cancel_scope.cancel()
    return wake


def test_a_clock_that_jumps_ahead_ends_nobodys_waiting() -> None:
    """trio's test clock jumps to the next deadline as soon as all tasks wait."""
    flight = Flight(1, 10.0)
    timer = threading.Timer(0.02, flight.land, [TOKEN])

    async def wait() -> None:
        timer.start()
        await flight.wait_async()

    anyio.run(wait, backend="trio", backend_options={"clock": MockClock(autojump_threshold=0)})
    assert flight.outcome is TOKEN
