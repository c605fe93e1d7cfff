"""The same with FastMCP.

pip install ".[mcp,serve]" fastmcp && uvicorn samples.mcp_server.fastmcp_server:app
"""

from fastmcp import FastMCP

from bearerguard import ResourceServer, oidc, scope
from bearerguard.mcp import current_principal, protect, requires

URL = "https://orders.example/mcp"

api = ResourceServer(issuers=[oidc("https://issuer.example")], audience=URL)
server = FastMCP("orders")


@server.tool
@requires(scope("orders.write"))
def place_order(item: str) -> str:
    """Order something for the caller."""
    return f"{item} is on its way to {current_principal().display_name}"


app = protect(server.http_app(), resource_server=api, resource=URL, requirement=scope("orders.read"))
