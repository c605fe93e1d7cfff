"""Fetches under way, one for each event loop: a request cannot wait for what another loop runs."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum, auto

import anyio

from bearerguard.background import call_in, current_loop, is_closed, spawn
from bearerguard.clock import PAST, Instant


class Outcome(Enum):
    """What came of a fetch."""

    NONE = auto()
    """It is under way, or it was ended, or its event loop ended."""
    ANSWER = auto()
    """The issuer sent keys, or confirmed them."""
    FAILURE = auto()
    """The issuer failed."""
    PAUSE = auto()
    """The host stood still meanwhile: this says nothing about the issuer."""


@dataclass(slots=True, eq=False)
class Flight:
    """A fetch under way, and the event its waiters wait for.

    Attributes:
        begun_at: When a request asked for it.
        for_unknown_kid: Whether that request named a key that the set does not have.
        number: Its place in the order in which fetches were sent; 0 before.
        sent_at: When it left.
        outcome: What came of it.
        done: Set when it has ended, whatever came of it.
        loop: The event loop it belongs to.
    """

    begun_at: Instant
    for_unknown_kid: bool
    number: int = 0
    sent_at: Instant = PAST
    outcome: Outcome = Outcome.NONE
    done: anyio.Event = field(default_factory=anyio.Event)
    loop: object = field(default_factory=current_loop)
    _scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)


class Flights:
    """The fetches under way of one key source."""

    def __init__(self) -> None:
        self._by_loop: dict[object, Flight] = {}
        self._ending: set[Flight] = set()
        self._are_over = False

    def __len__(self) -> int:
        """How many there are, in all event loops."""
        return len(self._by_loop)

    def here(self) -> Flight | None:
        """The one of the running event loop."""
        return self._by_loop.get(current_loop()) if self._by_loop else None

    def begin(self, flight: Flight, work: Callable[[Flight], Awaitable[None]]) -> None:
        """Run ``work`` beside the request that asks for it. Its waiters go on whatever happens."""

        async def fly() -> None:
            try:
                with flight._scope:
                    await work(flight)
            finally:
                if self.holds(flight):
                    del self._by_loop[flight.loop]
                self._ending.discard(flight)
                flight.done.set()

        self._by_loop[flight.loop] = flight
        if self._are_over:  # looked at after the entry is made: another thread may be ending all
            self._by_loop.pop(flight.loop, None)
            flight.done.set()
            return
        spawn(fly)

    def holds(self, flight: Flight) -> bool:
        """Whether this flight is under way. After a fork, those of the parent are not."""
        return self._by_loop.get(flight.loop) is flight

    def drop_closed(self) -> bool:
        """Drop those whose event loop was closed before they ended. Whether there were any."""
        closed = [loop for loop in list(self._by_loop) if is_closed(loop)]
        for loop in closed:
            self._by_loop.pop(loop, None)
        return bool(closed)

    def end(self) -> None:
        """End the one of the running event loop. Its waiters go on without an answer.

        It is gone at once: a host may freeze before it has ended, and later requests must not wait
        for it.
        """
        self._end(current_loop())

    def end_all(self) -> None:
        """End those of all event loops, and all that ever begin. May be called from any thread."""
        self._are_over = True
        for loop in list(self._by_loop):
            self._end(loop)

    async def ended(self) -> None:
        """Wait until those of the running event loop that were told to end have done so."""
        for flight in [flight for flight in self._ending if flight.loop is current_loop()]:
            await flight.done.wait()

    def _end(self, loop: object) -> None:
        flight = self._by_loop.pop(loop, None)
        if flight is not None:
            self._ending.add(flight)
            call_in(loop, flight._scope.cancel)
