"""Work that outlives the request that began it, on asyncio and on trio."""

import asyncio
import contextvars
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import anyio

from bearerguard.clock import Clock, Instant, instant

_logger: Final = logging.getLogger("bearerguard")
_running: Final[set[asyncio.Task[None]]] = set()  # asyncio keeps weak references only
BEAT: Final = 0.1
"""Seconds. A host that runs the loop more often than this lets a fetch come to its end."""


def current_loop() -> object | None:
    """The identity of the running event loop: asyncio's loop or trio's token; ``None`` outside."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        trio: Any = sys.modules.get("trio")
        if trio is None:
            return None
    try:
        return trio.lowlevel.current_trio_token()  # type: ignore[no-any-return]
    except RuntimeError:
        return None


def is_closed(loop: object) -> bool:
    """Whether this event loop is closed. asyncio may close one before its tasks have ended."""
    return isinstance(loop, asyncio.AbstractEventLoop) and loop.is_closed()


def call_in(loop: object, function: Callable[[], None]) -> None:
    """Have ``function()`` called in this event loop, from any thread; at once if it is this one.

    A loop that has ended has nothing left to act on.
    """
    if loop is current_loop():
        function()
        return
    if isinstance(loop, asyncio.AbstractEventLoop):
        soon: Callable[[Callable[[], None]], object] = loop.call_soon_threadsafe
    else:
        soon = loop.run_sync_soon  # type: ignore[attr-defined]  # trio's token
    try:
        soon(function)
    except RuntimeError:  # closed; trio.RunFinishedError is one, too
        return


def spawn(function: Callable[[], Awaitable[None]]) -> None:
    """Run ``function`` beside the current task, without its cancellation and context variables.

    Nobody waits for it. What it raises is logged, on trio too, where it would end the whole run. It
    ends with the event loop.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        trio: Any = sys.modules["trio"]
        trio.lowlevel.spawn_system_task(_run, function, context=contextvars.Context())
        return
    _running.difference_update([task for task in _running if task.get_loop().is_closed()])
    task = loop.create_task(_run(function), context=contextvars.Context())
    _running.add(task)
    task.add_done_callback(_running.discard)


def every(seconds: float, function: Callable[[], None]) -> Callable[[], None]:
    """Have ``function()`` called again and again, in this event loop; returns what ends it."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return _every_on_trio(seconds, function)

    # not a task: one that the end of the loop cuts off before it begins leaves a warning behind
    timer: asyncio.TimerHandle

    def tick() -> None:
        begin()
        function()

    def begin() -> None:
        nonlocal timer
        timer = loop.call_later(seconds, tick)

    begin()
    return lambda: timer.cancel()  # noqa: PLW0108  the timer of that moment


def _every_on_trio(seconds: float, function: Callable[[], None]) -> Callable[[], None]:
    scope = anyio.CancelScope()

    async def tick() -> None:
        with scope:
            while True:
                await anyio.sleep(seconds)
                function()

    spawn(tick)
    return scope.cancel


async def _run(function: Callable[[], Awaitable[None]]) -> None:
    try:
        await function()
    except Exception:  # whatever it is, no request asked for it
        _logger.exception("work in the background failed")


class Pulse:
    """Tells whether the event loop stood still with its host.

    Serverless hosts run the loop only while a request runs, and laptops sleep. A time limit that
    runs out meanwhile says nothing about the other side.

    Args:
        clock: Both times count.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began = self._last = instant(clock)
        self._lost = 0.0

    @asynccontextmanager
    async def beating(self) -> AsyncIterator["Pulse"]:
        """Beats for the length of the block."""
        stop = every(BEAT, self.beat)
        try:
            yield self
        finally:
            stop()

    def beat(self) -> None:
        """The loop runs. Expected every ``BEAT`` seconds; what is longer is lost."""
        now = instant(self._clock)
        self._lost += self._late(now)
        self._last = now

    @property
    def stood_still(self) -> bool:
        """Whether the loop stood still for most of the time."""
        now = instant(self._clock)
        return self._lost + self._late(now) > now.since(self._began) / 2

    def _late(self, now: Instant) -> float:
        return max(0.0, now.since(self._last) - BEAT)
