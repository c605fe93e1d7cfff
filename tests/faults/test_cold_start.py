"""A cold start: many requests at once, no keys yet (prior-art.md: one fetch per request, a blocked event loop)."""

from collections.abc import Iterator

import anyio
import pytest

from bearerguard import Principal, ResourceServer
from bearerguard.testing import LocalIssuer
from support.lag import Lag, least_of_ten
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
    lag, principals = Lag(), list[Principal]()

    async def request(token: str) -> None:
        principals.append(await server.authenticate(token))

    async with anyio.create_task_group() as watching:
        watching.start_soon(lag.watch)
        async with anyio.create_task_group() as requests:
            for token in tokens:
                requests.start_soon(request, token)
        watching.cancel_scope.cancel()
    assert len(principals) == REQUESTS
    assert dict(issuer.requests) == {"metadata": 1, "jwks": 1}
    return lag.longest


@pytest.mark.timed
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_200_requests_make_one_fetch_and_never_stall_the_event_loop(issuer: LocalIssuer) -> None:
    longest = await least_of_ten(lambda: cold_start(issuer), MOST)
    assert longest <= MOST, f"the event loop stalled for {longest * 1000:.0f} ms"
