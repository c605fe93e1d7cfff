"""A key set on the wire that a test changes: keys come and go, the issuer fails, and every fetch is counted."""

from typing import Any, Final

import anyio
import httpx

from bearerguard.errors import AccessTokenError, IssuerUnavailable
from bearerguard.issuers.issuer import Issuer
from bearerguard.resource_server import ResourceServer
from bearerguard.testing import FakeClock, SigningKey
from support.sealed import ALL_KEYS, AUDIENCE, ISSUER, NOW, key_set

LONG_AFTER: Final = 550.0
"""Seconds after a fetch at which the refresh ahead is due and the set's lifetime of 10 minutes is not over."""


class Published:
    """The key sets of some issuers, as they are at the moment.

    Attributes:
        keys: What each host publishes; ``issuer.test`` has a key of each kind.
        fetches: How often any was asked for.
        is_down: Answer 503.
        clock: Stands still until a test moves it.
    """

    def __init__(self) -> None:
        self.keys: dict[str, list[SigningKey]] = {"issuer.test": list(ALL_KEYS)}
        self.fetches = 0
        self.is_down = False
        self.clock = FakeClock(NOW)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.fetches += 1
        if self.is_down:
            return httpx.Response(503)
        return httpx.Response(200, json=key_set(*self.keys[request.url.host]))

    def issuer(self, name: str = ISSUER, **settings: Any) -> Issuer:
        """An issuer whose keys have to be fetched."""
        return Issuer(name, jwks_uri=f"{name}keys", **settings)

    def server(self, *issuers: Issuer, audience: str = AUDIENCE, **settings: Any) -> ResourceServer:
        """A resource server that fetches from here."""
        transport = httpx.MockTransport(self._answer)
        return ResourceServer(issuers or (self.issuer(),), audience, transport=transport, clock=self.clock, **settings)


async def outcome(api: ResourceServer, token: str | bytes) -> str:
    """The code of a refusal, or ``accepted``; keys may have to be fetched for it."""
    try:
        await api.authenticate(token)
    except (AccessTokenError, IssuerUnavailable) as error:
        return error.code
    return "accepted"


async def background_work() -> None:
    """Let everything that runs beside the test come to rest."""
    await anyio.wait_all_tasks_blocked()
