"""The MCP SDK and its tools are no requirement of other tests: what is missing is skipped, or failed where it is required."""

import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from bearerguard import Issuer, ResourceServer
from bearerguard.testing import LocalIssuer
from mcp_servers.names import RESOURCE


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of this folder need what ``tox -e mcp`` installs."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.mcp)


def lacking(what: str) -> None:
    """Skip for what a machine lacks. ``BEARERGUARD_REQUIRE_MCP=1`` turns the skip into a failure."""
    if os.environ.get("BEARERGUARD_REQUIRE_MCP"):
        pytest.fail(f"BEARERGUARD_REQUIRE_MCP is set, but {what}")
    pytest.skip(what)


@pytest.fixture(scope="session")
def needed() -> Callable[[str], Any]:
    """Imports a module, or skips the test."""

    def load(name: str) -> Any:
        try:
            return import_module(name)
        except ImportError as error:
            return lacking(str(error))

    return load


@pytest.fixture(scope="session")
def mcp_sdk(needed: Callable[[str], Any]) -> Any:
    """The SDK, without which nothing here can be tested."""
    return needed("mcp.server.mcpserver")


@pytest.fixture(scope="session")
def issuer() -> LocalIssuer:
    """Signs the tokens."""
    return LocalIssuer(audience=[RESOURCE, "https://other.example/mcp"])


@pytest.fixture(scope="session")
def api(issuer: LocalIssuer) -> ResourceServer:
    """Trusts ``issuer``; its keys are given, so nothing is fetched."""
    return ResourceServer(Issuer(issuer.issuer, jwks=issuer.jwks()), RESOURCE)


@pytest.fixture(scope="session")
def tokens(issuer: LocalIssuer) -> Callable[..., str]:
    """Makes a token for the server: of a user with scopes."""

    def token(*scopes: str, user: str = "alice", **changes: Any) -> str:
        return issuer.mint("reader", **{"user": user, "scopes": list(scopes), "audience": RESOURCE, **changes})

    return token
