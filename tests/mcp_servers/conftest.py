"""The MCP SDK and its tools are no requirement of other tests: what is missing is skipped, or failed where it is required."""

import json
import os
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from bearerguard import Issuer, ResourceServer, oidc, scope
from bearerguard.testing import LocalIssuer
from issuers.client_key import ClientKey, make_client_key
from mcp_servers import node
from mcp_servers.names import RESOURCE
from support.servers import serve_at


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


@pytest.fixture(scope="session")
def signer() -> ClientKey:
    """Key of the application ``signer``."""
    return make_client_key("signer")


@pytest.fixture(scope="session")
def authorization_server(mcp_sdk: Any, signer: ClientKey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real one; its issuer."""
    if missing := node.missing():
        lacking(missing)
    log = tmp_path_factory.mktemp("authorization-server") / "log"
    with node.authorization_server({"SIGNER_JWKS": json.dumps(signer.public_jwks)}, log) as issuer:
        yield issuer


@pytest.fixture(scope="session")
def protected(authorization_server: str) -> Iterator[str]:
    """The orders server, which trusts it; the URL of its endpoint, which is its resource as well."""
    from mcp_servers.orders_server import make_server

    with serve_at(partial(protected_app, make_server().streamable_http_app, authorization_server)) as url:
        yield f"{url}/mcp"


def protected_app(make: Callable[[], Any], authorization_server: str, url: str) -> Any:
    """What ``make`` makes, protected for the tokens of ``authorization_server``, at ``url``."""
    from bearerguard.mcp import protect

    resource = f"{url}/mcp"
    api = ResourceServer(oidc(authorization_server, insecure_allow_http=True), resource)
    return protect(make(), resource_server=api, resource=resource, requirement=scope("mcp"), scopes=["mcp", "orders.write"])
