"""How long an event loop stalls, and how to tell a stall from a busy machine."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

import anyio

T = TypeVar("T")
_TICK: Final = 0.001


@dataclass
class Lag:
    """The longest time in which nothing else could run, in seconds."""

    longest: float = 0.0

    async def watch(self) -> None:
        """Tick until cancelled."""
        before = time.perf_counter()
        while True:
            await anyio.sleep(_TICK)
            now = time.perf_counter()
            self.longest = max(self.longest, now - before - _TICK)
            before = now


async def least_of_ten(run: Callable[[], Awaitable[float]], enough: float) -> float:
    """The smallest of up to ten measurements: noise only ever adds. Stops at the first that is small enough."""
    measured: list[float] = []
    for _ in range(10):
        measured.append(await run())
        if measured[-1] <= enough:
            break
    return min(measured)
