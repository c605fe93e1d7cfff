"""A client that fetches a token never stalls the event loop of its application."""

from functools import partial

import pytest

from bearerguard import ClientCredentials
from bearerguard.testing import LocalIssuer
from support.lag import least, watched_loop
from support.servers import serve

pytestmark = [pytest.mark.anyio, pytest.mark.socket, pytest.mark.timed, pytest.mark.xdist_group("measured")]

AT_MOST = 0.020


async def lag(token_endpoint: str) -> float:
    """The longest stall of the event loop, in seconds, while a client that has just been made fetches its first token."""
    auth = ClientCredentials(
        token_endpoint=token_endpoint, client_id="reader", client_secret="reader-secret", insecure_allow_http=True
    )
    async with watched_loop() as watched:
        await auth.token()
    return watched.longest


async def test_the_event_loop_lags_20_ms_at_most_while_a_token_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    """TLS settings, connection, signing, waiting and parsing all happen elsewhere."""
    monkeypatch.delenv("SSL_CERT_FILE")  # the whole world's authorities are read, as in production
    issuer = LocalIssuer()
    issuer.slow(0.05, "token")
    with serve(issuer) as url:
        assert await least(partial(lag, f"{url}/token"), AT_MOST) <= AT_MOST
