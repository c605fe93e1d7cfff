"""Questions under way: one for each token and event loop, shared by all who wait for it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import anyio

from bearerguard.background import call_in, current_loop, is_closed, spawn
from bearerguard.errors import Refusal
from bearerguard.principal import Principal

_Key: TypeAlias = tuple[object, bytes]


@dataclass(slots=True, eq=False)
class Flight:
    """One question.

    Attributes:
        digest: Of the token.
        outcome: The caller, or why there is none; ``None`` until then, and if it was ended.
        done: Set when it has ended, whatever came of it.
        loop: The event loop it belongs to.
    """

    digest: bytes
    outcome: Principal | Refusal | None = None
    done: anyio.Event = field(default_factory=anyio.Event)
    loop: object = field(default_factory=current_loop)
    _scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)


class Flights:
    """All questions under way at one endpoint."""

    def __init__(self) -> None:
        self._by_key: dict[_Key, Flight] = {}
        self._ending: set[Flight] = set()

    def __len__(self) -> int:
        """How many there are, in all event loops that still run."""
        for key in [key for key in list(self._by_key) if is_closed(key[0])]:
            self._by_key.pop(key, None)
        return len(self._by_key)

    def here(self, digest: bytes) -> Flight | None:
        """The one about this token in the running event loop."""
        return self._by_key.get((current_loop(), digest))

    def begin(self, digest: bytes, work: Callable[[Flight], Awaitable[None]]) -> Flight:
        """Run ``work`` beside the request that asks for it, so that no waiter can cancel it."""
        flight = Flight(digest)

        async def fly() -> None:
            try:
                with flight._scope:
                    await work(flight)
            finally:
                if self.holds(flight):
                    del self._by_key[flight.loop, digest]
                self._ending.discard(flight)
                flight.done.set()

        self._by_key[flight.loop, digest] = flight
        spawn(fly)
        return flight

    def holds(self, flight: Flight) -> bool:
        """Whether it is still under way: it was not ended, nor is it a fork's parent's."""
        return self._by_key.get((flight.loop, flight.digest)) is flight

    def end(self) -> None:
        """End those of the running event loop, and take no answer of the others any more."""
        loop, former = current_loop(), self._by_key
        self._by_key = {}
        ending = [flight for flight in list(former.values()) if flight.loop is loop]
        self._ending.update(ending)
        for flight in ending:
            flight._scope.cancel()

    def end_all(self) -> None:
        """End those of all event loops. May be called from any thread."""
        former, self._by_key = self._by_key, {}
        for flight in list(former.values()):
            call_in(flight.loop, flight._scope.cancel)

    async def ended(self) -> None:
        """Wait until those of the running event loop that were told to end have done so."""
        for flight in [flight for flight in self._ending if flight.loop is current_loop()]:
            await flight.done.wait()
