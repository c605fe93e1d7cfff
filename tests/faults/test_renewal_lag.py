"""A token that is renewed while requests run: the event loop does not notice."""

from pathlib import Path

import anyio
import pytest

from bearerguard import ClientCredentials
from bearerguard.testing import FakeClock
from support.issuer_process import issuer_process
from support.lag import usual, watched_loop

pytestmark = [pytest.mark.anyio, pytest.mark.socket]

RENEWALS = 1
AT_MOST = 0.002


async def lag(auth: ClientCredentials, clock: FakeClock, *, renewed: bool) -> float:
    """The longest stall of the event loop, in seconds, while a token is used, and renewed in the background or not."""
    before = await auth.token()
    async with watched_loop() as watched:
        for _ in range(RENEWALS):
            if renewed:
                clock.advance(3_300)  # of an hour: it is good for some minutes more
            with anyio.move_on_after(0.08):
                while True:
                    await auth.token()
                    await anyio.sleep(0.001)
    assert (await auth.token() != before) == renewed
    return watched.longest


@pytest.mark.timed
async def test_a_renewal_stalls_the_event_loop_for_2_ms_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond what the same loop has without. Over https: TLS settings were made when the client was."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    with issuer_process(tmp_path) as url:
        clock = FakeClock()
        auth = ClientCredentials(token_endpoint=f"{url}/token", client_id="reader", client_secret="reader-secret", clock=clock)

        async def added() -> float:
            without = await lag(auth, clock, renewed=False)
            return await lag(auth, clock, renewed=True) - without

        assert await usual(added, AT_MOST) <= AT_MOST
