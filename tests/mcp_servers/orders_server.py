"""A small MCP server whose tools tell who they think is calling."""

from collections.abc import Callable
from typing import Any

import anyio
from mcp.server.mcpserver import Context, MCPServer
from pydantic import BaseModel

from bearerguard import application, role, scope
from bearerguard.mcp import current_principal, requires

WRITE = scope("orders.write")


class Answer(BaseModel):
    """What a client is asked in the middle of a call."""

    sure: bool


def make_server(gate: Callable[[], Any] | None = None, **settings: Any) -> MCPServer:
    """A new server; ``gate`` is awaited in the middle of the tool ``slow``."""
    server = MCPServer("orders", **settings)

    @server.tool()
    @requires(WRITE)
    def cancel(order: int) -> str:
        """Cancel an order."""
        return f"{current_principal().subject} cancelled {order}"

    @server.tool()
    @requires(WRITE)
    async def cancel_async(order: int) -> str:
        """Cancel an order."""
        return f"{current_principal().subject} cancelled {order}"

    @server.tool()
    async def who() -> str:
        """Who calls, with which scopes."""
        caller = current_principal()
        return " ".join([caller.subject, *sorted(caller.scopes)])

    @server.tool()
    async def slow() -> str:
        """Who calls, before and after others have called."""
        before = current_principal()
        await (gate() if gate else anyio.lowlevel.checkpoint())
        after = current_principal()
        assert before is after
        return " ".join([after.subject, *sorted(after.scopes)])

    @server.tool()
    @requires(WRITE)
    async def careful(order: int, context: Context) -> str:
        """Cancel an order after a question."""
        await context.elicit("Sure?", Answer)
        caller = current_principal(WRITE)
        return " ".join([caller.subject, *sorted(caller.scopes)])

    @server.tool()
    async def cancel_own(owner: str) -> str:
        """Cancel one's own order, or with a scope anybody's."""
        caller = current_principal()
        return (caller if owner == caller.subject else current_principal(WRITE)).subject

    @server.tool()
    @requires(role("Write.All") & application())
    @requires(WRITE)
    def both() -> str:
        """Needs two guards."""
        return "done"

    @server.resource("orders://all")
    @requires(WRITE)
    def all_orders() -> str:
        """Every order."""
        return "[]"

    return server
