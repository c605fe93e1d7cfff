"""A machine that calls the server: it learns the scopes and the issuer from the 401, by the MCP SDK's own client."""

from typing import Any

import httpx2
from mcp import Client
from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthToken


class InMemory:
    """Keeps the token for as long as the program runs."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


async def call_tool(url: str, tool: str, arguments: dict[str, Any], *, issuer: str, client_id: str, secret: str) -> Any:
    """The result of one call. The secret is sent to ``issuer`` and to nobody else."""
    auth = ClientCredentialsOAuthProvider(url, InMemory(), client_id, secret, issuer=issuer)
    async with httpx2.AsyncClient(auth=auth) as http, Client(streamable_http_client(url, http_client=http)) as client:
        return await client.call_tool(tool, arguments)
