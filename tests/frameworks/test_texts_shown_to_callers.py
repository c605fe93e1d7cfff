"""What GraphQL servers and MCP tools show to callers of a refusal is a constant (strawberry#704, fastmcp#1437; CWE-209)."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from bearerguard import AccessTokenMiddleware, Principal, ResourceServer, authenticated, client, principal_of, requires
from bearerguard.testing import LocalIssuer
from support.asgi import Header, call, http_scope

pytestmark = [pytest.mark.anyio, pytest.mark.frameworks]

PARTNERS = client("partner-a", "partner-b")
CONSTANT = "The access token does not permit this request"


@pytest.fixture
def token(issuer: LocalIssuer) -> list[Header]:
    return [(b"authorization", b"Bearer " + issuer.mint("noroles").encode()), (b"content-type", b"application/json")]


def _tells_nothing(text: str) -> None:
    for secret in ("partner-a", "partner-b", "noroles", "client_id", "client_not_allowed"):
        assert secret not in text, text


async def test_an_error_of_a_resolver_tells_nobodys_name(
    needed: Callable[[str], Any], api: ResourceServer, token: list[Header]
) -> None:
    strawberry, asgi = needed("strawberry"), needed("strawberry.asgi")

    def orders(info: Any) -> list[str]:
        principal_of(info.context["request"].scope, PARTNERS)
        raise NotImplementedError

    orders.__annotations__["info"] = strawberry.Info
    query = strawberry.type(type("Query", (), {"orders": strawberry.field(orders)}))
    mount = Mount("/", app=asgi.GraphQL(strawberry.Schema(query)))
    app = Starlette(routes=[requires(authenticated())(mount)])
    app.add_middleware(AccessTokenMiddleware, resource_server=api, disclose="none")
    body = {"type": "http.request", "body": json.dumps({"query": "{ orders }"}).encode()}

    answer = await call(app, http_scope("POST", "/", token), [body])

    assert [error["message"] for error in json.loads(answer.body)["errors"]] == [CONSTANT]
    _tells_nothing(answer.body.decode())


async def test_an_error_of_a_tool_tells_nobodys_name(needed: Callable[[str], Any]) -> None:
    """The result of the tool is what the model, and so the caller, reads. Version 2 of the SDK leaves the error's text out."""
    mcp = needed("mcp")
    server = needed("mcp.server.mcpserver").MCPServer("orders")

    def orders() -> str:
        raise PARTNERS.refusal(Principal("https://issuer.test", "noroles", client_id="noroles"))

    server.add_tool(orders)
    async with mcp.Client(server) as caller:
        result = await caller.call_tool("orders", {})

    assert result.is_error
    _tells_nothing(result.content[0].text)
