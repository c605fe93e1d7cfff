"""A cold start: many requests at once, no keys yet (prior-art.md: one fetch per request, a blocked event loop)."""

from collections.abc import Iterator
from functools import partial

import anyio
import pytest

from bearerguard import Principal, ResourceServer
from bearerguard.testing import LocalIssuer
from support.lag import small_heap, usual, watched_loop
from support.outages import AUDIENCE, trusted
from support.servers import serve

pytestmark = [pytest.mark.anyio, pytest.mark.socket]

REQUESTS = 200
MOST = 0.050


@pytest.fixture(scope="module")
def issuer() -> Iterator[LocalIssuer]:
    local = LocalIssuer()
    with serve(local) as base_url:
        local.move_to(base_url)
        yield local


async def cold_start(issuer: LocalIssuer) -> float:
    """Two hundred different tokens at once; the longest stall of the event loop."""
    tokens = [issuer.mint() for _ in range(REQUESTS)]
    server = ResourceServer(trusted(issuer), AUDIENCE)
    issuer.requests.clear()
    principals: list[Principal] = []

    async def request(token: str) -> None:
        principals.append(await server.authenticate(token))

    with small_heap():
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
