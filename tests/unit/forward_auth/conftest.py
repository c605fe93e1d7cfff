"""One issuer, a resource server that trusts it without any network, and a policy."""

import pytest

from bearerguard import Issuer, PathPolicy, ResourceServer, role, scope
from bearerguard.testing import LocalIssuer


@pytest.fixture(scope="session")
def issuer() -> LocalIssuer:
    """Signs the tokens."""
    return LocalIssuer()


@pytest.fixture
def api(issuer: LocalIssuer) -> ResourceServer:
    """Trusts ``issuer``; its keys are given, so nothing is fetched."""
    return ResourceServer(Issuer(issuer.issuer, jwks=issuer.jwks()), "api://orders")


@pytest.fixture(scope="session")
def policy() -> PathPolicy:
    """Of the services behind the proxy."""
    return PathPolicy(
        {
            "GET /orders": role("Read.All"),
            "POST /orders": role("Write.All"),
            "GET /reports": scope("reports.read"),
            "GET,WEBSOCKET /live": role("Read.All"),
            "GET /files/{rest:path}": role("Read.All"),
            "GET /health": PathPolicy.PUBLIC,
            "GET /feed": PathPolicy.OPTIONAL,
        }
    )
