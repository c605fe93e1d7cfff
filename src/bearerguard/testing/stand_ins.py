"""Local issuers that replace every issuer an API trusts, for the length of a test.

Most applications are built once, at import, around one ``ResourceServer`` with production's
settings. A test connects that very object to local issuers and a clock, and back afterwards.
Audience, leeway, implied roles and what the routes require stay those of production.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

import httpx

from bearerguard.clock import Clock
from bearerguard.errors import ConfigurationError, show
from bearerguard.introspection.introspection import Introspection
from bearerguard.issuers.issuer import Issuer
from bearerguard.resource_server import ResourceServer
from bearerguard.testing.local_client import DEFAULT_CLIENTS
from bearerguard.testing.local_issuer import LocalIssuer
from bearerguard.testing.pages import endpoints_of
from bearerguard.testing.posing import posing_as
from bearerguard.testing.shape import Document
from bearerguard.testing.shapes import SHAPES

_ENTRA: Final = ("entra_v1", "entra_v2")


class LocalNetwork(httpx.AsyncBaseTransport):
    """A network of local issuers alone: each answers at its own URLs, and nothing else does."""

    def __init__(self, issuers: Sequence[LocalIssuer]) -> None:
        self._issuers = tuple(issuers)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One request.

        Raises:
            httpx.ConnectError: no local issuer is there.
        """
        issuer = self._at(str(request.url))
        if issuer is None:
            raise httpx.ConnectError(f"no local issuer answers at {request.url.host}", request=request)
        return await httpx.ASGITransport(issuer).handle_async_request(request)

    def _at(self, url: str) -> LocalIssuer | None:
        """The issuer that serves this URL, its own first; else one of that host, to answer 404."""
        place = _place(url)
        for reach in (1, None):
            for issuer in self._issuers:
                if place in _places(issuer.documents[:reach]):
                    return issuer
        return next((issuer for issuer in self._issuers if place[0] in dict(_places(issuer.documents))), None)


class StandIns:
    """The local issuers of one resource server.

    Attributes:
        server: Whose issuers they replace.
        main: The first of them; the others share its keys, faults, counters, clients and clock.
        transport: Leads to them, for ``ClientCredentials(…, transport=…)``.

    Raises:
        ConfigurationError: ``server`` is not a ResourceServer.
    """

    def __init__(self, server: ResourceServer, main: LocalIssuer) -> None:
        self.server: Final = _checked(server)
        self.main: Final = main
        self._pairs = [(record, _in_place_of(record, server, main)) for record in server.issuers]
        self._asked: Final = self._asked_issuer()
        self.transport: Final = LocalNetwork([main, *(issuer for _, issuer in self._pairs), *self._asked])

    def issuer(self, shape: str | None = None) -> LocalIssuer:
        """The one whose tokens have this shape; the main one by default.

        Raises:
            ValueError: the API trusts no issuer of this shape.
        """
        others = [*self._asked, *(issuer for _, issuer in reversed(self._pairs))]
        issuers = {issuer.shape: issuer for issuer in (*others, self.main)}
        if shape is not None and shape not in issuers:
            raise ValueError(f"the API trusts issuers of the shapes {', '.join(sorted(issuers))}, not {shape!r}")
        return issuers[shape] if shape else self.main

    @contextmanager
    def in_place(self) -> Iterator["StandIns"]:
        """Within the block the server takes its keys from them, and its time from their clock."""
        before = self.server._connection
        issuers = tuple(_fetched(record, issuer) for record, issuer in self._pairs)
        asked = None if before.introspection is None else _asking(before.introspection, *self._asked)
        self.server._connection = replace(
            before, issuers=issuers, transport=self.transport, clock=self.main.clock, introspection=asked
        )
        try:
            yield self
        finally:
            self.server._connection = before.in_use()

    def _asked_issuer(self) -> tuple[LocalIssuer, ...]:
        """The one that is asked about opaque tokens, if the server asks anybody."""
        asked = self.server.connection.introspection
        if asked is None:
            return ()
        found = next((issuer for record, issuer in self._pairs if record.issuer == asked.record.issuer), None)
        return (found or _in_place_of(asked.record, self.server, self.main),)


def main_issuer(server: ResourceServer, *, clock: Clock | None = None) -> LocalIssuer:
    """A local issuer that replaces the first one a server trusts; of Entra's two, the v2 one.

    A server without issuers trusts the one that it asks about tokens.
    """
    asked = _checked(server).connection.introspection
    first, *others = server.issuers or ([asked.record] if asked else [])
    if first.profile.name == "entra_v1" and others and others[0].profile.name == "entra_v2":
        first = others[0]
    return posing_as(first, _audience(first, server), clock=clock)


def server_of_every_shape(main: LocalIssuer) -> ResourceServer:
    """A resource server that trusts ``main`` and an issuer of each other shape."""
    clients = tuple(main.clients.values()) or DEFAULT_CLIENTS
    trusted = list(main.trusted())
    for shape in SHAPES:
        if shape != main.shape and not {shape, main.shape}.issubset(_ENTRA):
            host = "entra" if shape in _ENTRA else shape.replace("_", "-")
            other = LocalIssuer(f"https://{host}.test", shape=shape, audience=main.audiences, clients=clients)
            known = {record.issuer for record in trusted}
            trusted += [record for record in other.trusted() if record.issuer not in known]
    return ResourceServer(trusted, main.audiences, transport=LocalNetwork([main]), clock=main.clock)


@contextmanager
def stand_in(server: ResourceServer, *, clock: Clock | None = None) -> Iterator[StandIns]:
    """Connect an application's ``ResourceServer`` to local issuers for the length of the block.

    ::

        with stand_in(orders.api) as issuers:
            token = issuers.main.mint(roles=["Read.All"])
            headers = {"Authorization": f"Bearer {token}"}
            answer = TestClient(orders.app).get("/orders", headers=headers)

    Under pytest the fixtures do this. Not for production: anyone who holds a local issuer
    can make tokens.

    Args:
        server: Its settings stay. Its issuers' keys, its introspection endpoint and its clock are
            replaced.
        clock: Of server and issuers; by default the system's.
    """
    with StandIns(server, main_issuer(server, clock=clock)).in_place() as stand_ins:
        yield stand_ins


def _checked(server: object) -> ResourceServer:
    if not isinstance(server, ResourceServer):
        problem = f"expected the ResourceServer that the application was built with, got {show(server)}"
        raise ConfigurationError("bearerguard_server", problem, example="return orders.api")
    return server


def _in_place_of(record: Issuer, server: ResourceServer, main: LocalIssuer) -> LocalIssuer:
    if record.issuer == main.issuer:
        return main
    return posing_as(record, _audience(record, server), twin_of=main)


def _audience(record: Issuer, server: ResourceServer) -> list[str]:
    own = record.audience if record.profile.audience_claim == "aud" else None
    return sorted(own or server.audience)


def _asking(asked: Introspection, issuer: LocalIssuer) -> Introspection:
    """The same settings, but for where the endpoint is and who asks: a client of the local issuer."""
    client = next((client for client in issuer.clients.values() if client.secret), None)
    if client is None or not issuer.introspection_endpoint:
        lacking = "introspection endpoint" if client else "client with a secret, which could ask"
        problem = f"the local issuer in its place, of the shape {issuer.shape!r}, has no {lacking}"
        raise ConfigurationError(
            "introspection", problem, example='a fixture local_issuer that returns LocalIssuer(shape="generic")'
        )
    return replace(
        asked,
        endpoint=issuer.introspection_endpoint,
        client_id=client.id,
        client_secret=client.secret,
        client_auth="basic",
        private_key=None,
        key_id=None,
        signing_algorithm=None,
        assertion_audience=None,
        transport=None,
        insecure_allow_http=issuer.introspection_endpoint.startswith("http:"),
    )


def _fetched(record: Issuer, issuer: LocalIssuer) -> Issuer:
    """The record; one with keys of its own asks the local issuer for them instead."""
    return record if record.jwks is None else replace(record, jwks=None, jwks_uri=issuer.jwks_uri)


def _places(documents: Sequence[Document]) -> set[tuple[str, str]]:
    urls = ((*document.urls, document.jwks_uri, *endpoints_of(document).values()) for document in documents)
    return {_place(url) for several in urls for url in several}


def _place(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.netloc, parts.path
