"""For MCP servers: the endpoint behind the middleware, and requirements of single tools.

::

    @server.tool()
    @requires(scope("orders.write"))
    def cancel_order(order: int) -> str: ...

    app = protect(server.streamable_http_app(), resource_server=api, resource="https://orders.example/mcp")
"""

try:
    import mcp as _mcp  # noqa: F401  an extra, and an import that fails here can say so
except ModuleNotFoundError as missing:
    if missing.name != "mcp":
        raise
    raise ImportError('The MCP SDK is not installed: pip install "bearerguard[mcp]"', name="mcp") from None

from bearerguard.mcp.caller import ToolRefused, current_principal
from bearerguard.mcp.protection import protect
from bearerguard.mcp.sdk_verifier import token_verifier
from bearerguard.mcp.tool_guard import requires

__all__ = ["ToolRefused", "current_principal", "protect", "requires", "token_verifier"]
