"""A host that runs the event loop only while a request runs, with real pauses in between.

AWS Lambda does so, and Cloud Run with CPU only during requests. What a request begins in the background stands still with the
host: its time limit has run out, or its connection is gone, when the next request comes.
"""

import asyncio
import gc
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from bearerguard import ResourceServer
from bearerguard.errors import AccessTokenError, IssuerUnavailable
from bearerguard.keys.fetch import Fetcher
from support.far_issuer import FarIssuer, far_issuer
from support.key_sets import settled
from support.outages import LONG

pytestmark = [
    pytest.mark.socket,
    pytest.mark.timed,
    # httpcore leaves the socket of a handshake that is cut off to the garbage collector
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]

TIME_LIMIT: Final = 0.5
"""Of a whole fetch, in place of 5 s."""
PAUSE: Final = 0.7
HOURS: Final = 3600.0


@pytest.fixture
def issuer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FarIssuer]:
    monkeypatch.setattr("bearerguard.connection.Fetcher", partial(Fetcher, timeout=TIME_LIMIT))
    with far_issuer(tmp_path) as far:
        yield far


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    async def wind_up() -> None:
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await settled()

    loop = asyncio.new_event_loop()
    yield loop
    loop.run_until_complete(wind_up())
    loop.close()
    gc.collect()


class FrozenHost:
    """Runs its loop for each request, and 5 ms more."""

    def __init__(self, loop: asyncio.AbstractEventLoop, server: ResourceServer, issuer: FarIssuer) -> None:
        self._loop = loop
        self._server = server
        self._issuer = issuer

    def request(self, token: str) -> str:
        """The code, or ``accepted``."""
        try:
            self._loop.run_until_complete(self._server.authenticate(token))
        except (AccessTokenError, IssuerUnavailable) as error:
            return error.code
        finally:
            self._loop.run_until_complete(asyncio.sleep(0.005))
        return "accepted"

    def freeze(self, seconds: float) -> None:
        """Nothing runs for a moment, in which the clock advances."""
        time.sleep(PAUSE)
        self._issuer.clock.advance(seconds)


@pytest.mark.parametrize("size", [0, 10_000], ids=["verified anew", "remembered"])
def test_a_withdrawn_key_takes_its_tokens_with_it_at_the_first_request_past_the_lifetime(
    issuer: FarIssuer, loop: asyncio.AbstractEventLoop, size: int
) -> None:
    server = issuer.server(token_cache_size=size)
    host = FrozenHost(loop, server, issuer)
    leaked = issuer.local.mint(lifetime=LONG)
    assert host.request(leaked) == "accepted"
    issuer.withdraw()

    host.freeze(590.0)
    assert host.request(leaked) == "accepted"
    host.freeze(4 * HOURS)
    assert host.request(leaked) == "unknown_key"
    assert host.request(issuer.local.mint(lifetime=LONG)) == "accepted"
    assert server.status()[0].last_error == ""


def test_a_refresh_that_is_frozen_again_and_again_never_counts_as_a_failure(
    issuer: FarIssuer, loop: asyncio.AbstractEventLoop
) -> None:
    """The first request past the lifetime waits for one fetch."""
    server = issuer.server()
    host = FrozenHost(loop, server, issuer)
    leaked = issuer.local.mint(lifetime=LONG)
    assert host.request(leaked) == "accepted"
    issuer.withdraw()

    issuer.clock.advance(500.0)
    for _ in range(4):
        assert host.request(leaked) == "accepted"
        host.freeze(20.0)
    host.freeze(100.0)
    assert host.request(leaked) == "unknown_key"
    assert server.status()[0].last_error == ""
