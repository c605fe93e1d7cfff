"""2 000 tokens with distinct unknown kids in 3 seconds, and what becomes of the valid ones."""

import math
import time
from collections.abc import Iterator

import anyio
import pytest

from bearerguard import AccessTokenError, ResourceServer
from bearerguard.testing import LocalIssuer
from support.lag import least_of_ten
from support.outages import AUDIENCE, trusted
from support.servers import serve

pytestmark = [pytest.mark.anyio, pytest.mark.socket]

FLOOD, DURATION = 2_000, 3.0
VALID_EVERY = 0.005
AT_MOST = 2.0
NOT_MEASURABLE = 0.001


@pytest.fixture(scope="module")
def issuer() -> Iterator[LocalIssuer]:
    local = LocalIssuer()
    with serve(local) as base_url:
        local.move_to(base_url)
        yield local


class Traffic:
    """Valid requests at a steady pace, each with a token of its own, and the flood beside them."""

    def __init__(self, issuer: LocalIssuer) -> None:
        self.server = ResourceServer(trusted(issuer), AUDIENCE)
        self.latencies: list[float] = []
        self.refused: list[str] = []
        self._valid = [issuer.mint() for _ in range(int(DURATION / VALID_EVERY))]
        self._forged = [issuer.mint(header={"kid": f"unknown-{number}"}) for number in range(FLOOD)]

    async def calm(self, seconds: float) -> float:
        """The 99th percentile of the valid requests' time without the flood, queueing for the event loop included."""
        await self.server.authenticate(self._valid[0])
        return await self._valid_requests(seconds)

    async def flooded(self) -> float:
        """The same with the flood."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._flood)
            percentile = await self._valid_requests(DURATION)
        return percentile  # noqa: RET504  for mypy, a return in the block might never be reached

    async def _valid_requests(self, seconds: float) -> float:
        latencies: list[float] = []

        async def request(token: str, due: float) -> None:
            await self.server.verify(token.encode())
            latencies.append(time.perf_counter() - due)

        async with anyio.create_task_group() as tasks:
            for token in self._valid[: int(seconds / VALID_EVERY)]:
                await anyio.sleep(VALID_EVERY)
                tasks.start_soon(request, token, time.perf_counter())
        return sorted(latencies)[math.ceil(len(latencies) * 0.99) - 1]

    async def _flood(self) -> None:
        begun = time.perf_counter()

        async def request(token: str) -> None:
            with pytest.raises(AccessTokenError) as caught:
                await self.server.authenticate(token)
            self.refused.append(caught.value.code)

        async with anyio.create_task_group() as tasks:
            for number, token in enumerate(self._forged):
                await anyio.sleep(max(0.0, begun + number * DURATION / FLOOD - time.perf_counter()))
                tasks.start_soon(request, token)


@pytest.mark.timed
async def test_a_flood_costs_one_fetch_and_valid_requests_at_most_twice_their_time(issuer: LocalIssuer) -> None:
    async def ratio() -> float:
        traffic = Traffic(issuer)
        calm = await traffic.calm(1.5)
        issuer.requests.clear()
        flooded = await traffic.flooded()
        assert traffic.refused == ["unknown_key"] * FLOOD
        assert dict(issuer.requests) == {"jwks": 1}  # at once, and the next one not before 5 s
        print(f"p99 calm {calm * 1000:.2f} ms, flooded {flooded * 1000:.2f} ms")
        return flooded / max(calm, NOT_MEASURABLE)

    assert await least_of_ten(ratio, AT_MOST) <= AT_MOST
