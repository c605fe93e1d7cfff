"""How long an event loop stalls, and how to tell a stall from a busy machine."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import anyio
from anyio.abc import TaskStatus

_TICK: Final = 0.001
_SCHEDSTAT: Final = Path("/proc/thread-self/schedstat")
_KEPT_BY_LINUX: Final = _SCHEDSTAT.exists()
_RUNS: Final = 5


def own_time() -> float:
    """A clock, in seconds, that stands still while this thread could run and has no CPU, since others have them all.

    It runs on while the thread computes, sleeps, or waits for a lock, a socket or another thread of Python's. Elsewhere than on
    Linux, it is ``time.perf_counter``. It does not see what a hypervisor takes away.

    Source: proc(5), ``/proc/pid/schedstat``: nanoseconds on a CPU, nanoseconds waiting for one, number of turns.
    """
    now = time.perf_counter()
    return now - int(_SCHEDSTAT.read_bytes().split()[1]) / 1e9 if _KEPT_BY_LINUX else now


class Lag:
    """How long nothing else could run.

    Attributes:
        longest: The longest such time, in seconds of ``own_time``.
    """

    def __init__(self) -> None:
        self.longest = 0.0
        self._ticked = anyio.Event()

    async def watch(self, *, task_status: TaskStatus[None]) -> None:
        """Tick until cancelled."""
        before = own_time()
        task_status.started()
        while True:
            await anyio.sleep(_TICK)
            now = own_time()
            self.longest = max(self.longest, now - before - _TICK)
            before = now
            ticked, self._ticked = self._ticked, anyio.Event()
            ticked.set()

    async def tick(self) -> None:
        """Wait until a stall that lasts till now has been noted."""
        await self._ticked.wait()


@asynccontextmanager
async def watched_loop() -> AsyncIterator[Lag]:
    """Watches the event loop for the length of the block, from its first to its last instant."""
    lag = Lag()
    async with anyio.create_task_group() as tasks:
        await tasks.start(lag.watch)
        yield lag
        await lag.tick()
        tasks.cancel_scope.cancel()


async def usual(run: Callable[[], Awaitable[float]], enough: float) -> float:
    """The median of five measurements: most of them have to be small enough, for a single one is at the mercy of the machine.

    Stops as soon as three agree on which side of ``enough`` they are, and returns the third smallest of those made: on the same
    side as the median.
    """
    measured: list[float] = []
    majority = _RUNS // 2 + 1
    while max(small := sum(one <= enough for one in measured), len(measured) - small) < majority:
        measured.append(await run())
    return sorted(measured)[majority - 1]


async def least(run: Callable[[], Awaitable[float]], enough: float) -> float:
    """The smallest of ten measurements, for what stalls the loop each time or never: others can only make a stall longer.

    A thread of this process that has the interpreter's lock and no CPU holds up the loop, too, which ``own_time`` counts. Stops
    as soon as one is small enough.
    """
    found = await run()
    for _ in range(9):
        if found <= enough:
            break
        found = min(found, await run())
    return found
