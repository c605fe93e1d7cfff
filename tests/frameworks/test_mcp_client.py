"""The MCP SDK's own client, which is built on httpx2, calls a protected MCP server with the token of ClientCredentials."""

from collections.abc import Callable
from typing import Any

import pytest

from bearerguard import AccessTokenMiddleware, ClientCredentials, PathPolicy, ResourceServer, role
from bearerguard.testing import LocalIssuer
from support.servers import serve

pytestmark = [pytest.mark.frameworks, pytest.mark.socket, pytest.mark.anyio]


async def test_the_client_of_the_mcp_sdk_carries_the_token(
    needed: Callable[[str], Any], issuer: LocalIssuer, api: ResourceServer
) -> None:
    httpx2, mcp, http = needed("httpx2"), needed("mcp"), needed("mcp.client.streamable_http")
    orders = needed("mcp.server.mcpserver").MCPServer("orders")

    def count() -> int:
        """How many orders there are."""
        return 7

    orders.tool()(count)

    policy = PathPolicy({"/mcp": role("Read.All")})
    auth = ClientCredentials(
        token_endpoint=issuer.token_endpoint,
        client_id="reader",
        client_secret="reader-secret",
        insecure_allow_http=True,
        transport=httpx2.ASGITransport(issuer),
    )
    with serve(AccessTokenMiddleware(orders.streamable_http_app(), resource_server=api, policy=policy)) as url:
        async with (
            httpx2.AsyncClient(auth=auth, trust_env=False) as client,
            http.streamable_http_client(f"{url}/mcp", http_client=client) as streams,
            mcp.ClientSession(*streams) as session,
        ):
            await session.initialize()
            result = await session.call_tool("count", {})
    assert result.structured_content == {"result": 7}
    assert issuer.requests["token"] == 1
