"""Work under way for requests that wait for it, once for each name and event loop.

A request cannot wait for what another event loop runs, so each loop has work of its own.
"""

from collections.abc import Awaitable, Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import anyio

from bearerguard.background import call_in, current_loop, is_closed, spawn


@dataclass(slots=True, eq=False, kw_only=True)
class Flight:
    """Work under way, and the event its waiters wait for.

    Attributes:
        name: What is worked at, where there may be several at once.
        done: Set when it has ended, whatever came of it.
        loop: The event loop it belongs to.
    """

    name: Hashable = None
    done: anyio.Event = field(default_factory=anyio.Event)
    loop: object = field(default_factory=current_loop)
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)

    @property
    def key(self) -> tuple[object, Hashable]:
        """Loop and name: only one flight at a time has them."""
        return self.loop, self.name


F = TypeVar("F", bound=Flight)


class Flights(Generic[F]):
    """All work of one kind that is under way."""

    def __init__(self) -> None:
        self._by_key: dict[tuple[object, Hashable], F] = {}
        self._ending: set[F] = set()
        self._are_over = False

    def __len__(self) -> int:
        """How many there are, in all event loops."""
        return len(self._by_key)

    def here(self, name: Hashable = None) -> F | None:
        """The one of this name in the running event loop."""
        return self._by_key.get((current_loop(), name)) if self._by_key else None

    def begin(self, flight: F, work: Callable[[F], Awaitable[None]]) -> None:
        """Run ``work`` beside the request that asks for it, so that no waiter can cancel it.

        Its waiters go on whatever happens.
        """

        async def fly() -> None:
            try:
                with flight.scope:
                    await work(flight)
            finally:
                if self.holds(flight):
                    del self._by_key[flight.key]
                self._ending.discard(flight)
                flight.done.set()

        self._by_key[flight.key] = flight
        if self._are_over:  # looked at after the entry is made: another thread may be ending all
            self._by_key.pop(flight.key, None)
            flight.done.set()
            return
        spawn(fly)

    def holds(self, flight: F) -> bool:
        """Whether it is under way and was not ended. After a fork, those of the parent are not."""
        return self._by_key.get(flight.key) is flight

    def drop_closed(self) -> bool:
        """Drop those whose event loop was closed before they ended. Whether there were any."""
        closed = [key for key in list(self._by_key) if is_closed(key[0])]
        for key in closed:
            self._by_key.pop(key, None)
        return bool(closed)

    def end(self) -> None:
        """End those of the running event loop. Their waiters go on without an answer.

        They are gone at once: a host may freeze before they have ended, and later requests must not
        wait for them.
        """
        loop = current_loop()
        self._end(flight for flight in list(self._by_key.values()) if flight.loop is loop)

    def end_all(self) -> None:
        """End those of all event loops, and all that ever begin. May be called from any thread."""
        self._are_over = True
        self._end(list(self._by_key.values()))

    def disown(self) -> None:
        """Hold none of them any more. Those of other event loops still come to their end."""
        self._by_key = {}

    async def ended(self) -> None:
        """Wait until those of the running event loop that were told to end have done so."""
        for flight in [flight for flight in self._ending if flight.loop is current_loop()]:
            await flight.done.wait()

    def _end(self, flights: Iterable[F]) -> None:
        for flight in flights:
            if self._by_key.pop(flight.key, None) is flight:
                self._ending.add(flight)
                call_in(flight.loop, flight.scope.cancel)
