"""The refresh ahead, over real sockets, on asyncio and on trio."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import pytest

from bearerguard import IssuerUnavailable, Principal, ResourceServer
from bearerguard.testing import FakeClock, LocalIssuer
from support.outages import AUDIENCE, LONG, REFRESH_DUE, trusted
from support.servers import serve
from support.watch import Watch

pytestmark = [pytest.mark.anyio, pytest.mark.socket, pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])]


@contextmanager
def served(**settings: Any) -> Iterator[LocalIssuer]:
    local = LocalIssuer(algorithm="EdDSA", clock=FakeClock(), **settings)
    with serve(local) as base_url:
        local.move_to(base_url)
        yield local


def watched(issuer: LocalIssuer) -> tuple[ResourceServer, Watch, FakeClock]:
    watch, clock = Watch(), FakeClock()
    return ResourceServer(trusted(issuer), AUDIENCE, clock=clock, on_event=watch), watch, clock


async def test_no_request_waits_for_the_refresh() -> None:
    with served() as issuer:
        server, watch, clock = watched(issuer)
        token = issuer.mint(lifetime=LONG)
        await server.authenticate(token)
        issuer.slow(0.2, "jwks")
        clock.advance(REFRESH_DUE)
        for _ in range(100):
            assert server.recall(token.encode()) is not None
            await server.authenticate(issuer.mint(lifetime=LONG))
        assert watch.count("keys_fetched") == 1
        await watch.until("keys_fetched", 2)
        assert issuer.requests["jwks"] == 2


@pytest.mark.parametrize(
    ("cache_control", "too_early", "due"),
    [
        pytest.param(None, 430.0, 530.0, id="10-minutes-by-default"),
        pytest.param("max-age=300", 215.0, 265.0, id="as-the-issuer-says"),
        pytest.param("max-age=5", 43.0, 53.0, id="a-minute-at-least"),
        pytest.param("no-store", 43.0, 53.0, id="no-store-a-minute"),
        pytest.param("public, max-age=86400", 2590.0, 3170.0, id="an-hour-at-most"),
    ],
)
async def test_cache_control_decides_when_within_bounds(cache_control: str | None, too_early: float, due: float) -> None:
    with served(cache_control=cache_control) as issuer:
        server, watch, clock = watched(issuer)
        token = issuer.mint(lifetime=LONG)
        await server.authenticate(token)
        clock.advance(too_early)
        await server.authenticate(token)
        assert server.status()[0].next_fetch_in != 0.0
        clock.advance(due - too_early)
        await server.authenticate(token)
        await watch.until("keys_fetched", 2)


async def test_a_304_renews_the_keys_and_the_tokens_verified_under_them() -> None:
    with served(etag=True) as issuer:
        server, watch, clock = watched(issuer)
        token = issuer.mint(lifetime=LONG)
        before = await server.authenticate(token)
        for fetches in range(2, 5):
            clock.advance(REFRESH_DUE)
            assert server.recall(token.encode()) == before
            await watch.until("keys_fetched", fetches)
            assert before.key_age == 0.0
        issuer.rotate_keys(keep_old=False)
        clock.advance(REFRESH_DUE)
        assert server.recall(token.encode()) == before
        await watch.until("keys_fetched", 5)
        assert server.recall(token.encode()) is None


async def test_a_fetch_outlives_the_request_that_began_it() -> None:
    with served() as issuer:
        server, watch, _ = watched(issuer)
        token = issuer.mint(lifetime=LONG)
        issuer.slow(0.1, "metadata", "jwks")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.authenticate, token)
            await anyio.sleep(0.02)
            tasks.cancel_scope.cancel()
        await watch.until("keys_fetched", 1)
        assert isinstance(await server.authenticate(token), Principal)
        assert dict(issuer.requests) == {"metadata": 1, "jwks": 1}


async def test_warming_up_an_issuer_that_is_down_raises_nothing_and_the_first_good_fetch_heals() -> None:
    with served() as issuer:
        server, _, clock = watched(issuer)
        issuer.go_down()
        await server.warm_up()
        with pytest.raises(IssuerUnavailable):
            await server.authenticate(issuer.mint(lifetime=LONG))
        assert issuer.requests["metadata"] == 1
        issuer.come_back()
        clock.advance(1.2)
        assert isinstance(await server.authenticate(issuer.mint(lifetime=LONG)), Principal)


async def test_closing_ends_a_fetch_under_way_at_once() -> None:
    with served() as issuer:
        server, watch, _ = watched(issuer)
        issuer.slow(1.0, "metadata")

        async def request() -> None:
            with pytest.raises(IssuerUnavailable):
                await server.authenticate(issuer.mint(lifetime=LONG))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(request)
            await anyio.sleep(0.05)
            await server.aclose()
        assert watch.count("keys_fetched") == 0, "it waited for the fetch to end"
