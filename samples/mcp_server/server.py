"""An MCP server that OAuth protects: every request needs a token, and one tool needs a scope more.

pip install ".[mcp,serve]" && uvicorn samples.mcp_server.server:app
"""

from collections import defaultdict

from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings

from bearerguard import ResourceServer, oidc, scope
from bearerguard.mcp import current_principal, protect, requires

URL = "https://orders.example/mcp"  # where clients reach it, and what they ask a token for

api = ResourceServer(issuers=[oidc("https://issuer.example")], audience=URL)
server = MCPServer("orders")
orders: defaultdict[tuple[str, str], list[str]] = defaultdict(list)


@server.tool()
def list_orders() -> list[str]:
    """The caller's orders."""
    caller = current_principal()  # of this call, whoever opened the session
    return orders[caller.issuer, caller.subject]


@server.tool()
@requires(scope("orders.write"))
def place_order(item: str) -> str:
    """Order something for the caller."""
    caller = current_principal()
    orders[caller.issuer, caller.subject].append(item)
    return f"{item} is on its way"


app = protect(
    server.streamable_http_app(transport_security=TransportSecuritySettings(allowed_hosts=["orders.example"])),
    resource_server=api,
    resource=URL,
    requirement=scope("orders.read"),  # of every request
    scopes=["orders.read", "orders.write"],  # what clients are told to ask for
)
