"""One issuer for the whole room, and a resource server that trusts it without any network."""

import pytest

from bearerguard import Issuer, ResourceServer
from bearerguard.events import Event
from bearerguard.testing import LocalIssuer
from support.asgi import Header, bearer


@pytest.fixture(scope="session")
def issuer() -> LocalIssuer:
    """Signs the tokens."""
    return LocalIssuer()


@pytest.fixture
def api(issuer: LocalIssuer) -> ResourceServer:
    """Trusts ``issuer``; its keys are given, so nothing is fetched."""
    return ResourceServer(Issuer(issuer.issuer, jwks=issuer.jwks()), "api://orders")


@pytest.fixture
def seen() -> list[Event]:
    """The events that ``telling`` has told."""
    return []


@pytest.fixture
def telling(issuer: LocalIssuer, seen: list[Event]) -> ResourceServer:
    """As ``api``, and tells ``seen`` what happens."""
    return ResourceServer(Issuer(issuer.issuer, jwks=issuer.jwks()), "api://orders", on_event=seen.append)


@pytest.fixture
def reader(issuer: LocalIssuer) -> list[Header]:
    """Headers of a caller with ``Read.All``."""
    return bearer(issuer.mint("reader"))
