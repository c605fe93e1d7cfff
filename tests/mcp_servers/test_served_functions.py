"""A guard that nobody asks stops the start: the decorator stands above that of the server, or beneath another one."""

import functools
from collections.abc import Callable
from typing import Any

import pytest

from bearerguard import ConfigurationError, ResourceServer, scope
from mcp_servers.names import RESOURCE

pytestmark = pytest.mark.anyio


async def _start(app: Any, api: ResourceServer, sent: list[Any] | None = None) -> list[str]:
    """Starts and stops the application; the types of the messages it sent, which are added to ``sent`` as well."""
    from bearerguard.mcp import protect

    said = [] if sent is None else sent
    heard = iter(({"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}))

    async def receive() -> Any:
        return next(heard)

    async def send(message: Any) -> None:
        said.append(message)

    await protect(app, resource_server=api, resource=RESOURCE)({"type": "lifespan"}, receive, send)
    return [message["type"] for message in said]


def _cached(function: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator that would answer without the guard."""

    @functools.wraps(function)
    def cached(order: int) -> str:
        return "from the cache"

    return cached


def _server(needed: Callable[[str], Any], kind: str) -> Any:
    return needed("fastmcp").FastMCP("orders") if kind == "fastmcp" else needed("mcp.server.mcpserver").MCPServer("orders")


def _app(server: Any) -> Any:
    return server.http_app() if hasattr(server, "http_app") else server.streamable_http_app()


def _fresh() -> Callable[..., Any]:
    """A function that no guard knows yet."""

    def cancel(order: int) -> str:
        return str(order)

    return cancel


PARTS: dict[str, Callable[[Any, Callable[..., Any]], Any]] = {
    "tool": lambda server, function: server.tool()(function),
    "template": lambda server, function: server.resource("orders://{order}")(function),
    "prompt": lambda server, function: server.prompt()(function),
}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("kind", ["mcp", "fastmcp"])
async def test_a_guard_above_the_servers_decorator_stops_the_start(
    needed: Callable[[str], Any], api: ResourceServer, kind: str, part: str
) -> None:
    """The server runs the function that it was given first, for everybody."""
    server = _server(needed, kind)
    from bearerguard.mcp import requires

    function = _fresh()
    PARTS[part](server, function)
    requires(scope("orders.write"))(function)  # what the server's decorator returns is the function itself

    with pytest.raises(ConfigurationError) as wrong:
        await _start(_app(server), api)
    assert wrong.value.parameter == "@requires"


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("kind", ["mcp", "fastmcp"])
async def test_a_decorator_above_the_guard_stops_the_start(
    needed: Callable[[str], Any], api: ResourceServer, kind: str, part: str
) -> None:
    server = _server(needed, kind)
    from bearerguard.mcp import requires

    PARTS[part](server, _cached(requires(scope("orders.write"))(_fresh())))

    with pytest.raises(ConfigurationError):
        await _start(_app(server), api)


@pytest.mark.parametrize("kind", ["mcp", "fastmcp"])
async def test_guards_in_their_place_start(needed: Callable[[str], Any], api: ResourceServer, kind: str) -> None:
    server = _server(needed, kind)
    from bearerguard.mcp import requires

    @requires(scope("orders.write"))
    @requires(scope("orders.read"))
    def cancel(order: int) -> str:
        return str(order)

    for add in PARTS.values():
        add(server, cancel)
    server.tool(name="cancel_twice_guarded")(requires(scope("orders.refund"))(cancel))  # what it guards is guarded as well

    server.tool()(_fresh())
    assert await _start(_app(server), api) == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_the_server_is_told_why(needed: Callable[[str], Any], api: ResourceServer) -> None:
    """uvicorn takes an error without this message for an application without lifespan, and serves it."""
    server = _server(needed, "mcp")
    from bearerguard.mcp import requires

    def refund(order: int) -> str:
        return str(order)

    server.tool()(refund)
    requires(scope("orders.write"))(refund)
    sent: list[Any] = []
    with pytest.raises(ConfigurationError):
        await _start(_app(server), api, sent)
    assert [message["type"] for message in sent] == ["lifespan.startup.failed"]
    assert "refund" in sent[0]["message"]


async def test_an_application_of_another_kind_is_not_looked_at(mcp_sdk: Any) -> None:
    from starlette.applications import Starlette

    from bearerguard.mcp.served_functions import check_guards

    await check_guards(Starlette())
    await check_guards(object())
