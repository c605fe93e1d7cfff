"""Names that the tests of MCP servers share."""

from typing import Final

RESOURCE: Final = "https://orders.example/mcp"
METADATA: Final = "/.well-known/oauth-protected-resource/mcp"
"""Path of the server's document of RFC 9728."""
