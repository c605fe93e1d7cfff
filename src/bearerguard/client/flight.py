"""One token request under way, and those who wait for it: threads, asyncio and trio tasks."""

import asyncio
import sys
import threading
from collections.abc import Callable
from typing import Any, Final

import anyio

from bearerguard.client.schedule import HeldToken
from bearerguard.clock import SystemClock
from bearerguard.errors import TokenRequestError

# a network takes real time, whatever clock a test sets for the token's lifetime
_clock: Final = SystemClock()


class Flight:
    """A token request that belongs to nobody.

    No waiter can cancel it, and none waits longer than its time limit.

    Args:
        number: From the schedule.
        time_limit: Seconds after which waiters give up.
    """

    def __init__(self, number: int, time_limit: float) -> None:
        self.number: Final = number
        self._deadline: Final = _clock.monotonic() + time_limit
        self._lock: Final = threading.Lock()
        self._waiting: set[Callable[[], None]] = set()
        self.outcome: HeldToken | TokenRequestError | None = None

    def time_left(self) -> float:
        """Seconds until waiters give up, at least 0."""
        return max(0.0, self._deadline - _clock.monotonic())

    def land(self, outcome: HeldToken | TokenRequestError) -> bool:
        """Tell everybody.

        Returns:
            Whether this was the first outcome. A second one is ignored: the waiters have gone.
        """
        with self._lock:
            if self.outcome is not None:
                return False
            self.outcome = outcome
            waiting, self._waiting = self._waiting, set()
        for wake in waiting:
            wake()
        return True

    def wait(self) -> None:
        """Block this thread until the flight has landed or its time is up."""
        landed = threading.Event()
        if self._enter(landed.set):
            landed.wait(self.time_left())
            self._leave(landed.set)

    async def wait_async(self) -> None:
        """Suspend this task, not its event loop, until the flight has landed or its time is up."""
        landed = anyio.Event()
        wake = _from_another_thread(landed.set)
        if not self._enter(wake):
            return
        try:
            # more than once only where the loop's time runs ahead, as trio's test clock lets it
            while not landed.is_set() and self.time_left() > 0:
                with anyio.move_on_after(self.time_left()):
                    await landed.wait()
        finally:
            self._leave(wake)

    def _enter(self, wake: Callable[[], None]) -> bool:
        with self._lock:
            if self.outcome is not None:
                return False
            self._waiting.add(wake)
            return True

    def _leave(self, wake: Callable[[], None]) -> None:
        with self._lock:
            self._waiting.discard(wake)


def _from_another_thread(function: Callable[[], None]) -> Callable[[], None]:
    """``function``, to be run by the event loop of this very task, whichever thread calls."""
    trio: Any = sys.modules.get("trio")
    # trio is asked first: it may run as a guest of asyncio
    if trio is not None and trio.lowlevel.in_trio_task():
        call_soon = trio.lowlevel.current_trio_token().run_sync_soon
    else:
        call_soon = asyncio.get_running_loop().call_soon_threadsafe

    def call() -> None:
        try:
            call_soon(function)
        except RuntimeError:  # that loop has ended, and nobody waits there any more
            return

    return call
