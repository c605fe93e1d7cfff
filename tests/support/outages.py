"""What holds for every outage of an issuer, whatever its kind: the drills that a mock transport and real sockets share."""

from collections.abc import Callable
from typing import Final

import anyio
import pytest

from bearerguard import Issuer, IssuerUnavailable, Principal, ResourceServer
from bearerguard.testing import FakeClock, LocalIssuer
from support.watch import Watch

AUDIENCE: Final = "api://orders"
LONG: Final = 400_000
"""Lifetime of a token that outlives every drill, in seconds."""

REFRESH_DUE: Final = 530.0
"""Seconds after which a key set without ``Cache-Control`` is due for a refresh, whatever the jitter, and in its lifetime."""

Api = Callable[[Watch, FakeClock], ResourceServer]


def trusted(issuer: LocalIssuer, jwks_uri: str | None = None) -> Issuer:
    """The record of a local issuer, its keys at ``jwks_uri`` or where its metadata says."""
    if jwks_uri is None:
        return Issuer(issuer.issuer, insecure_allow_http=issuer.issuer.startswith("http:"))
    return Issuer(issuer.issuer, jwks_uri=jwks_uri, insecure_allow_http=jwks_uri.startswith("http:"))


async def outage_with_keys(api: Api, issuer: LocalIssuer, break_it: Callable[[], None], mend: Callable[[], None]) -> None:
    """The last good set stays in use for 24 hours, through failing tries in the background, and not longer; then it heals."""
    watch, clock = Watch(), FakeClock()
    server = api(watch, clock)
    token = issuer.mint(lifetime=LONG)
    await server.authenticate(token)
    break_it()
    clock.advance(REFRESH_DUE)
    assert isinstance(server.recall(token.encode()), Principal)  # nobody waits for the refresh that this begins
    await watch.until("keys_failed", 1)
    assert isinstance(server.recall(token.encode()), Principal)
    (status,) = server.status()
    assert status.ready
    assert status.last_error
    clock.advance(86_399.0 - REFRESH_DUE)
    assert isinstance(await server.authenticate(issuer.mint(lifetime=LONG)), Principal)
    await watch.until("keys_failed", 2)
    clock.advance(1.0)
    await refused(server, token)
    mend()
    clock.advance(60.0)
    assert isinstance(await server.authenticate(token), Principal)
    await server.aclose()


async def cold_outage(api: Api, issuer: LocalIssuer, mend: Callable[[], None]) -> None:
    """Without any keys every request is a 503 that tells when to come back; the issuer is tried once, and then it heals."""
    watch, clock = Watch(), FakeClock()
    server = api(watch, clock)
    token = issuer.mint(lifetime=LONG)
    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(refused, server, token)
    await refused(server, token)
    assert watch.count("keys_failed") == 1
    assert not server.status()[0].ready
    mend()
    clock.advance(1.2)
    assert isinstance(await server.authenticate(token), Principal)
    assert server.status()[0].last_error == ""
    await server.aclose()


async def refused(server: ResourceServer, token: str) -> None:
    """The answer is 503, with a ``Retry-After`` within the back-off."""
    with pytest.raises(IssuerUnavailable) as caught:
        await server.authenticate(token)
    assert (caught.value.status, caught.value.code) == (503, "issuer_unavailable")
    assert 1 <= caught.value.retry_after <= 60
