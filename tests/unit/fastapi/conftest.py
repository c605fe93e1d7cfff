"""One issuer for the whole room, and a resource server that trusts it without any network."""

import pytest

from bearerguard import Issuer, ResourceServer
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
def reader(issuer: LocalIssuer) -> list[Header]:
    """Headers of a caller with ``Read.All``."""
    return bearer(issuer.mint("reader"))
