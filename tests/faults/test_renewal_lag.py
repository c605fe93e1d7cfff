"""A token that is renewed while requests run: the event loop does not notice."""

from functools import partial
from pathlib import Path

import anyio
import pytest

from bearerguard import ClientCredentials
from bearerguard.testing import FakeClock
from support.issuer_process import issuer_process
from support.lag import least, watched_loop

pytestmark = [pytest.mark.anyio, pytest.mark.socket, pytest.mark.timed, pytest.mark.xdist_group("measured")]

AT_MOST = 0.002


async def lag(auth: ClientCredentials, clock: FakeClock) -> float:
    """The longest stall of the event loop, in seconds, while a token is used and renewed in the background."""
    before = after = await auth.token()
    async with watched_loop() as watched:
        clock.advance(3_300)  # of an hour: it is good for some minutes more
        with anyio.fail_after(30):
            while after == before:
                await anyio.sleep(0.001)
                after = await auth.token()
    return watched.longest


async def test_a_renewal_stalls_the_event_loop_for_2_ms_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over https: TLS settings were made when the client was. The same loop at rest stalls for 0.2 ms."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    with issuer_process(tmp_path) as url:
        clock = FakeClock()
        auth = ClientCredentials(token_endpoint=f"{url}/token", client_id="reader", client_secret="reader-secret", clock=clock)

        assert await least(partial(lag, auth, clock), AT_MOST) <= AT_MOST
