"""A cold start: many requests at once, no keys yet (prior-art.md: one fetch per request, a blocked event loop)."""

from functools import partial

import anyio
import pytest

from bearerguard import Principal, ResourceServer
from bearerguard.testing import LocalIssuer
from benchmarks.measure import frozen
from support.lag import usual, watched_loop
from support.outages import AUDIENCE, trusted

pytestmark = [pytest.mark.anyio, pytest.mark.socket]

REQUESTS = 200
MOST = 0.050


async def cold_start(issuer: LocalIssuer) -> float:
    """Two hundred different tokens at once; the longest stall of the event loop."""
    tokens = [issuer.mint() for _ in range(REQUESTS)]
    server = ResourceServer(trusted(issuer), AUDIENCE)
    issuer.requests.clear()
    principals: list[Principal] = []

    async def request(token: str) -> None:
        principals.append(await server.authenticate(token))

    with frozen():  # or the half million objects of a test process stall the loop for 40 to 90 ms
        async with watched_loop() as lag, anyio.create_task_group() as requests:
            for token in tokens:
                requests.start_soon(request, token)
    assert len(principals) == REQUESTS
    assert dict(issuer.requests) == {"metadata": 1, "jwks": 1}
    return lag.longest


@pytest.mark.timed
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_200_requests_make_one_fetch_and_never_stall_the_event_loop(issuer: LocalIssuer) -> None:
    """One fetch in every start; the longest stall in the median of five, without what other programs take of the CPUs."""
    longest = await usual(partial(cold_start, issuer), MOST)
    assert longest <= MOST, f"the event loop stalled for {longest * 1000:.0f} ms"
