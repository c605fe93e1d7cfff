"""A host that runs the event loop only while a request runs, with real pauses in between.

AWS Lambda does so, and Cloud Run with CPU only during requests. What a request begins in the background stands still with the
host: its time limit has run out, or its connection is gone, when the next request comes.
"""

import asyncio
import gc
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from bearerguard import ResourceServer
from bearerguard.errors import AccessTokenError, IssuerUnavailable
from support.far_issuer import FarIssuer, far_issuer
from support.key_sets import settled
from support.outages import LONG
from support.patience import MOMENT, Patience

pytestmark = [
    pytest.mark.socket,
    pytest.mark.timed,
    # httpcore leaves the socket of a handshake that is cut off to the garbage collector
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]

HOURS: Final = 3600.0


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[FarIssuer]:
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

    def __init__(self, loop: asyncio.AbstractEventLoop, server: ResourceServer, issuer: FarIssuer, patience: Patience) -> None:
        self._loop = loop
        self._server = server
        self._issuer = issuer
        self._patience = patience

    def request(self, token: str) -> str:
        """The code, or ``accepted``."""
        try:
            self._loop.run_until_complete(self._server.authenticate(token))
        except (AccessTokenError, IssuerUnavailable) as error:
            return error.code
        finally:
            self._loop.run_until_complete(asyncio.sleep(0.005))
        return "accepted"

    def request_and_freeze(self, token: str, seconds: float) -> str:
        """The same. What it begins in the background has run out of time afterwards, while the clock advanced."""
        self._patience.is_lost = True
        answer = self.request(token)
        time.sleep(MOMENT + 0.2)
        self._issuer.clock.advance(seconds)
        self._patience.is_lost = False
        return answer


@pytest.mark.parametrize("size", [0, 10_000], ids=["verified anew", "remembered"])
def test_a_withdrawn_key_takes_its_tokens_with_it_at_the_first_request_past_the_lifetime(
    issuer: FarIssuer, loop: asyncio.AbstractEventLoop, patience: Patience, size: int
) -> None:
    server = issuer.server(token_cache_size=size)
    host = FrozenHost(loop, server, issuer, patience)
    leaked = issuer.local.mint(lifetime=LONG)
    assert host.request(leaked) == "accepted"
    issuer.withdraw()

    issuer.clock.advance(590.0)
    assert host.request_and_freeze(leaked, 4 * HOURS) == "accepted"
    assert host.request(leaked) == "unknown_key"
    assert host.request(issuer.local.mint(lifetime=LONG)) == "accepted"
    assert server.status()[0].last_error == ""


def test_a_refresh_that_is_frozen_again_and_again_never_counts_as_a_failure(
    issuer: FarIssuer, loop: asyncio.AbstractEventLoop, patience: Patience
) -> None:
    """The first request past the lifetime waits for one fetch."""
    server = issuer.server()
    host = FrozenHost(loop, server, issuer, patience)
    leaked = issuer.local.mint(lifetime=LONG)
    assert host.request(leaked) == "accepted"
    issuer.withdraw()

    issuer.clock.advance(500.0)
    for _ in range(4):
        assert host.request_and_freeze(leaked, 20.0) == "accepted"
    assert host.request_and_freeze(leaked, 100.0) == "accepted"
    assert host.request(leaked) == "unknown_key"
    assert server.status()[0].last_error == ""
