"""Work that requests wait for: once for each name and event loop, and nobody's to cancel."""

import asyncio
from dataclasses import dataclass

import anyio
import pytest

from bearerguard.flights import Flight, Flights

BOTH = pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])


@dataclass(slots=True, eq=False)
class Held(Flight):
    """Ends when it is told to."""

    ended_well: bool = False


class Work:
    """What flights do: count, and wait."""

    def __init__(self) -> None:
        self.begun = 0
        self.may_end = anyio.Event()

    async def __call__(self, flight: Held) -> None:
        self.begun += 1
        await self.may_end.wait()
        flight.ended_well = True


@pytest.mark.anyio
@BOTH
async def test_one_is_found_by_its_name_until_it_has_ended() -> None:
    flights: Flights[Held] = Flights()
    work, flight = Work(), Held(name="a")
    flights.begin(flight, work)
    assert (flights.here("a"), flights.here("b"), flights.here()) == (flight, None, None)
    assert flights.holds(flight)

    work.may_end.set()
    await flight.done.wait()

    assert flight.ended_well
    assert (flights.here("a"), flights.holds(flight), len(flights)) == (None, False, 0)


@pytest.mark.anyio
@BOTH
async def test_a_waiter_that_is_cancelled_leaves_the_work_alone() -> None:
    flights: Flights[Held] = Flights()
    work, flight = Work(), Held()
    with anyio.CancelScope() as scope:
        flights.begin(flight, work)
        scope.cancel()
        await flight.done.wait()

    work.may_end.set()
    await flight.done.wait()

    assert flight.ended_well


@pytest.mark.anyio
@BOTH
async def test_what_is_ended_is_gone_at_once_and_its_waiters_go_on() -> None:
    flights: Flights[Held] = Flights()
    flight = Held(name="a")
    flights.begin(flight, Work())

    flights.end()

    assert (flights.here("a"), len(flights)) == (None, 0)
    await flights.ended()
    assert flight.done.is_set()
    assert not flight.ended_well


@pytest.mark.anyio
@BOTH
async def test_a_later_one_of_the_same_name_is_not_taken_away_by_the_one_before() -> None:
    flights: Flights[Held] = Flights()
    former, later, work = Held(name="a"), Held(name="a"), Work()
    flights.begin(former, Work())
    flights.end()

    flights.begin(later, work)
    await former.done.wait()

    assert flights.here("a") is later
    work.may_end.set()
    await later.done.wait()


@pytest.mark.anyio
async def test_once_all_are_ended_none_begins() -> None:
    flights: Flights[Held] = Flights()
    running, late, work = Held(), Held(), Work()
    flights.begin(running, Work())

    flights.end_all()
    flights.begin(late, work)
    await running.done.wait()

    assert late.done.is_set()
    assert (work.begun, len(flights)) == (0, 0)


@pytest.mark.anyio
async def test_what_is_disowned_comes_to_its_end_and_is_not_held() -> None:
    flights: Flights[Held] = Flights()
    flight, work = Held(), Work()
    flights.begin(flight, work)

    flights.disown()
    work.may_end.set()
    await flight.done.wait()

    assert flight.ended_well
    assert not flights.holds(flight)


@pytest.mark.anyio
async def test_work_that_raises_ends_its_flight(caplog: pytest.LogCaptureFixture) -> None:
    flights: Flights[Held] = Flights()
    flight = Held()

    async def fail(_flight: Held) -> None:
        raise RuntimeError

    flights.begin(flight, fail)
    await flight.done.wait()

    assert len(flights) == 0


def test_each_event_loop_has_its_own() -> None:
    flights: Flights[Held] = Flights()

    async def begin() -> Held:
        assert flights.here("a") is None
        flight = Held(name="a")
        flights.begin(flight, Work())
        return flight

    first, second = asyncio.new_event_loop(), asyncio.new_event_loop()
    try:
        one, two = first.run_until_complete(begin()), second.run_until_complete(begin())
        assert (flights.holds(one), flights.holds(two), len(flights)) == (True, True, 2)
    finally:
        for loop in (first, second):
            loop.run_until_complete(_cancelled(loop))
            loop.close()


def test_those_of_an_event_loop_that_was_closed_early_are_dropped() -> None:
    """asyncio may close a loop before its tasks have ended."""
    flights: Flights[Held] = Flights()

    async def begin() -> None:
        flights.begin(Held(name="a"), Work())

    loop = asyncio.new_event_loop()
    loop.run_until_complete(begin())
    assert not flights.drop_closed()
    tasks = asyncio.all_tasks(loop)
    loop.close()

    assert flights.drop_closed()
    assert len(flights) == 0
    for task in tasks:
        task.get_coro().close()  # else asyncio says that it was never awaited


async def _cancelled(loop: asyncio.AbstractEventLoop) -> None:
    others = asyncio.all_tasks(loop) - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
