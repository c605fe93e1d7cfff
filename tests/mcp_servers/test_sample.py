"""samples/mcp_server, unmodified: its servers with a local issuer in the place of theirs, its client at a real one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from bearerguard.testing import AccessTokens, stand_in
from mcp_servers.messages import MODERN, Endpoint, Outcome, calling, endpoint_of
from support.sample_files import sample

pytestmark = pytest.mark.socket


@dataclass(frozen=True)
class Served:
    """A server of the sample, and who gives its tokens."""

    endpoint: Endpoint
    tokens: AccessTokens

    def call(self, tool: str, *scopes: str, user: str = "alice", **arguments: Any) -> Outcome:
        token = self.tokens(scopes=scopes, user=user) if scopes else None
        return self.endpoint.post(calling(tool, **arguments), token, version=MODERN)


@pytest.fixture(scope="module")
def server(mcp_sdk: Any) -> Iterator[Served]:
    """That of the SDK."""
    with _started("mcp_server.server") as served:
        yield served


@pytest.fixture(scope="module")
def fastmcp_server(needed: Callable[[str], Any], mcp_sdk: Any) -> Iterator[Served]:
    """That of FastMCP."""
    needed("fastmcp")
    with _started("mcp_server.fastmcp_server") as served:
        yield served


@contextmanager
def _started(name: str) -> Iterator[Served]:
    """Each is started once: the SDK starts the sessions of an application a single time."""
    module = sample(name)
    with stand_in(module.api) as issuers, endpoint_of(module.app) as endpoint:
        endpoint.http.headers["host"] = "orders.example"
        yield Served(endpoint, AccessTokens(issuers))


@pytest.mark.parametrize("name", ["server", "fastmcp_server"])
def test_orders_are_taken_of_those_who_may(name: str, request: pytest.FixtureRequest) -> None:
    served: Served = request.getfixturevalue(name)

    assert 'scope="orders.read' in served.call("place_order", item="tea").challenge
    assert served.call("place_order", "orders.write", item="tea").status == 403
    assert served.call("place_order", "orders.read", item="tea").is_error
    assert served.call("place_order", "orders.read", "orders.write", item="tea").text.startswith("tea is on its way")


def test_callers_see_their_own_orders_alone(server: Served) -> None:
    server.call("place_order", "orders.read", "orders.write", user="carol", item="cake")

    assert server.call("list_orders", "orders.read", user="carol").text == "cake"
    assert server.call("list_orders", "orders.read", user="dave").result["content"] == []


def test_the_sdks_check_of_the_host_is_on(server: Served) -> None:
    """DNS rebinding."""
    elsewhere = {"authorization": f"Bearer {server.tokens(scopes=['orders.read'])}", "host": "evil.example"}
    assert server.endpoint.http.post("/mcp", json=calling("list_orders"), headers=elsewhere).status_code == 421


@pytest.mark.anyio
async def test_the_client_finds_its_way(protected: str, authorization_server: str) -> None:
    """From 401 to the result, with a real authorization server."""
    credentials = {"issuer": authorization_server, "client_id": "machine", "secret": "machine-secret"}

    result = await sample("mcp_server.client").call_tool(protected, "cancel", {"order": 3}, **credentials)
    assert result.content[0].text.endswith("cancelled 3")
