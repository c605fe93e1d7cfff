"""What a server runs for its callers: found where an application of the SDK or of FastMCP keeps it.

``@requires`` returns another function. A server that was given the first one, because the decorator
stands above ``@server.tool()``, would run it for everybody, and nothing would look wrong.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from mcp.server.lowlevel.server import Server
from mcp.server.mcpserver import MCPServer

from bearerguard.mcp.tool_guard import refuse
from bearerguard.web.declaration import declared, is_guarded_elsewhere, is_hidden

_KEPT: Final[Mapping[str, tuple[str, ...]]] = {
    "_tool_manager": ("list_tools",),
    "_resource_manager": ("list_resources", "list_templates"),
    "_prompt_manager": ("list_prompts",),
}


async def check_guards(app: object) -> None:
    """Check that each guard of an application stands where it is asked.

    An application of another kind is not looked at, nor is what is added after the start.

    Raises:
        ConfigurationError: a tool, resource or prompt is served without the guard of its function.
    """
    for function in map(_as_given, await _functions_of(app)):
        if is_guarded_elsewhere(function) and declared(function) is None:
            refuse(function, "is served without its guard: put @requires beneath the decorator of the server")
        if is_hidden(function):
            refuse(function, "has a decorator above @requires, which may answer without it; put @requires above that one")


async def _functions_of(app: object) -> list[Callable[..., Any]]:
    fastmcp = getattr(getattr(app, "state", None), "fastmcp_server", None)
    if fastmcp is not None:
        listed = [await fastmcp.list_tools(), await fastmcp.list_resources(), await fastmcp.list_prompts()]
        templates = await fastmcp.list_resource_templates()
        return [one.fn for kind in (*listed, templates) for one in kind if hasattr(one, "fn")]
    return [one.fn for server in _servers_of(app) for one in _parts_of(server) if hasattr(one, "fn")]


def _as_given(function: Any) -> Callable[..., Any]:
    """What the server was given: for prompts and templates it keeps pydantic's ``validate_call``."""
    while getattr(function, "__globals__", {}).get("__name__", "").partition(".")[0] == "pydantic":
        function = function.__wrapped__
    return function  # type: ignore[no-any-return]


def _servers_of(app: object) -> Iterator[MCPServer[Any]]:
    """Those whose handlers the application's endpoint calls."""
    for route in getattr(app, "routes", ()):
        lowlevel = getattr(getattr(getattr(route, "app", None), "session_manager", None), "app", None)
        entry = lowlevel.get_request_handler("resources/read") if isinstance(lowlevel, Server) else None
        server = getattr(getattr(entry, "handler", None), "__self__", None)
        if isinstance(server, MCPServer):
            yield server


def _parts_of(server: MCPServer[Any]) -> Iterator[Any]:
    """The SDK's public lists do not show functions. A version that keeps them elsewhere is not
    checked.
    """
    for manager, lists in _KEPT.items():
        for listed in lists:
            yield from getattr(getattr(server, manager, None), listed, list)()
