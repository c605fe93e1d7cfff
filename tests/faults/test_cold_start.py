"""A cold start in a fresh process: many requests at once, no keys yet, and nothing imported yet."""

from functools import partial

import pytest

from bearerguard.testing import LocalIssuer
from support import fresh_process
from support.lag import usual
from support.outages import AUDIENCE

pytestmark = [pytest.mark.anyio, pytest.mark.socket, pytest.mark.timed, pytest.mark.xdist_group("measured")]

REQUESTS = 200
MOST = 0.050


async def cold_start(issuer: LocalIssuer, backend: str) -> float:
    """Two hundred different tokens at once; the longest stall of the event loop."""
    tokens = [issuer.mint() for _ in range(REQUESTS)]
    issuer.requests.clear()
    found = await fresh_process.start(issuer.issuer, AUDIENCE, tokens, backend=backend)
    assert found["accepted"] == REQUESTS
    assert dict(issuer.requests) == {"metadata": 1, "jwks": 1}
    longest: float = found["longest"]
    return longest


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
async def test_200_requests_make_one_fetch_and_never_stall_the_event_loop(issuer: LocalIssuer, backend: str) -> None:
    """One fetch in every start; the longest stall in the median of five, without what other programs take of the CPUs."""
    longest = await usual(partial(cold_start, issuer, backend), MOST)
    assert longest <= MOST, f"the event loop stalled for {longest * 1000:.0f} ms"
