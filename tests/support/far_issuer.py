"""An issuer behind TLS, some network away: a fetch from it takes longer than a request that does not wait for it."""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from bearerguard import Issuer, ResourceServer
from bearerguard.testing import FakeClock, LocalIssuer
from support.certificates import make_certificates
from support.outages import AUDIENCE
from support.raw_server import json_answer, over_tls, raw_server

ROUND_TRIP: Final = 0.025


class FarIssuer:
    """Signs tokens, and publishes its keys far away.

    Attributes:
        local: The issuer.
        clock: Of the issuer and of servers that trust it.
        fetches: How often its keys were asked for.
    """

    def __init__(self, url: str, trusted: ssl.SSLContext) -> None:
        self.clock: Final = FakeClock()
        self.local: Final = LocalIssuer(algorithm="EdDSA", clock=self.clock)
        self.fetches = 0
        self._url = url
        self._trusted = trusted

    def server(self, **settings: Any) -> ResourceServer:
        """A server that trusts it."""
        issuer = Issuer(self.local.issuer, jwks_uri=self._url)
        transport = httpx.AsyncHTTPTransport(verify=self._trusted)
        return ResourceServer(issuer, AUDIENCE, transport=transport, clock=self.clock, **settings)

    def withdraw(self) -> None:
        """The key that all tokens so far were signed with is withdrawn."""
        leaked = self.local.signing_key.kid
        self.local.rotate_keys()
        self.local.withdraw(leaked)


@contextmanager
def far_issuer(folder: Path) -> Iterator[FarIssuer]:
    """Serves for the length of the block; certificates are made in ``folder``."""
    certificates = make_certificates(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server, certificates.server_key)
    found: list[FarIssuer] = []

    def keys(connection: socket.socket, stopping: threading.Event) -> None:
        stopping.wait(ROUND_TRIP)
        found[0].fetches += 1
        json_answer(json.dumps(found[0].local.jwks()).encode())(connection, stopping)

    with raw_server(_far_away(over_tls(context, keys))) as server:
        found.append(FarIssuer(server.url.replace("http:", "https:"), certificates.client_context()))
        yield found[0]


def _far_away(behaviour: Callable[[socket.socket, threading.Event], None]) -> Callable[[socket.socket, threading.Event], None]:
    def late(connection: socket.socket, stopping: threading.Event) -> None:
        stopping.wait(ROUND_TRIP)
        behaviour(connection, stopping)

    return late
