"""Tokens that nobody issued come at a steady pace, and valid requests go on beside them: what the flood costs those."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import anyio

from bearerguard import ResourceServer
from bearerguard.errors import Refusal
from benchmarks.measure import frozen
from support.lag import own_time

AT_MOST: Final = 2.0
"""Times that a valid request may take in the flood, to what it takes in calm."""

NOT_MEASURABLE: Final = 0.001
"""Seconds below which a calm 99th percentile counts as this long.

Verifying takes 0.03 ms. What is measured below a millisecond is the event loop, the clock of the CPU and what its neighbours
leave of the caches: of 0.4 to 0.7 ms calm and 0.8 to 1.4 ms flooded nobody can tell what the flood has cost.
"""

_VALID_EVERY: Final = 0.0025


@dataclass(slots=True)
class Flood:
    """What comes, and how fast.

    Attributes:
        forged: Tokens of the flood.
        valid: Gives the token of a valid request by its number.
        seconds: In which the flood comes.
        refused: Codes that the tokens of the flood were refused with, in the last run.
        lasted: Seconds that it took in the last run: more than ``seconds`` on a busy machine.
    """

    forged: Sequence[str]
    valid: Callable[[int], str]
    seconds: float
    refused: Counter[str]
    lasted: float = 0.0

    async def ratio(self, server: ResourceServer) -> float:
        """99th percentile of the valid requests' time in the flood, to that in as much calm: half before and half after."""
        count = int(self.seconds / _VALID_EVERY)
        self.refused = Counter()
        with frozen():  # or the half million objects of a test process stall the loop for 40 to 90 ms
            calm = await self._valid_requests(server, range(count // 2))
            flooded = await self._flooded(server, count)
            calm += await self._valid_requests(server, range(count // 2, count))
        print(f"p99 calm {_percentile(calm) * 1000:.2f} ms, flooded {_percentile(flooded) * 1000:.2f} ms")
        return _percentile(flooded) / max(_percentile(calm), NOT_MEASURABLE)

    async def _flooded(self, server: ResourceServer, count: int) -> list[float]:
        latencies: list[float] = []
        begun = anyio.current_time()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._flood, server)
            latencies += await self._valid_requests(server, range(count))
        self.lasted = anyio.current_time() - begun
        return latencies

    async def _valid_requests(self, server: ResourceServer, numbers: range) -> list[float]:
        """How long each took, queueing for the event loop included."""
        latencies: list[float] = []

        async def request(token: str, due: float) -> None:
            await server.authenticate(token)
            latencies.append(own_time() - due)

        async with anyio.create_task_group() as tasks:
            for number in numbers:
                await anyio.sleep(_VALID_EVERY)
                tasks.start_soon(request, self.valid(number), own_time())
        return latencies

    async def _flood(self, server: ResourceServer) -> None:
        async def request(token: str) -> None:
            try:
                await server.authenticate(token)
            except Refusal as refusal:
                self.refused[refusal.code] += 1

        begun = anyio.current_time()
        async with anyio.create_task_group() as tasks:
            for number, token in enumerate(self.forged):
                await anyio.sleep_until(begun + number * self.seconds / len(self.forged))
                tasks.start_soon(request, token)


def _percentile(latencies: list[float]) -> float:
    return sorted(latencies)[math.ceil(len(latencies) * 0.99) - 1]
