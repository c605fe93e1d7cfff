"""A client that fetches a token never stalls the event loop of its application."""

import asyncio
import time

import anyio
import pytest

from bearerguard import ClientCredentials
from bearerguard.testing import LocalIssuer
from support.servers import serve

_BEAT = 0.001


async def longest_pause(stop: anyio.Event) -> float:
    """Seconds the event loop left a task waiting beyond the millisecond it asked for."""
    longest, last = 0.0, time.perf_counter()
    while not stop.is_set():
        await asyncio.sleep(_BEAT)
        now = time.perf_counter()
        longest, last = max(longest, now - last - _BEAT), now
    return longest


async def lag_while_a_token_is_fetched(auth: ClientCredentials) -> float:
    stop = anyio.Event()
    measured = asyncio.create_task(longest_pause(stop))
    await asyncio.sleep(0)
    await auth.token()
    stop.set()
    return await measured


@pytest.mark.timed
@pytest.mark.socket
def test_the_event_loop_lags_less_than_20_ms_while_a_token_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    """TLS settings, connection, signing, waiting and parsing all happen elsewhere.

    The least of several lags counts: another program on the machine can only make one longer, and a
    loop that is blocked by the token request is blocked each time.
    """
    monkeypatch.delenv("SSL_CERT_FILE")  # the whole world's authorities are read, as in production
    issuer, lags = LocalIssuer(), [1.0]
    with serve(issuer) as url:
        issuer.slow(0.05, "token")
        while min(lags) >= 0.020 and len(lags) <= 10:
            auth = ClientCredentials(
                token_endpoint=f"{url}/token", client_id="reader", client_secret="reader-secret", insecure_allow_http=True
            )
            lags.append(asyncio.run(lag_while_a_token_is_fetched(auth)))
    assert min(lags) < 0.020
    assert issuer.requests["token"] == len(lags) - 1
