"""What the scenarios of the MCP conformance suite ask of a server: tools, resources and prompts by these names."""

import base64
from collections.abc import Callable
from typing import Any, Final

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import AudioContent, EmbeddedResource, ImageContent, TextContent, TextResourceContents
from pydantic import BaseModel

_PIXEL: Final = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
_SOUND: Final = base64.b64encode(b"RIFF").decode()
_EMBEDDED: Final = EmbeddedResource(
    type="resource",
    resource=TextResourceContents(uri="test://embedded-resource", mime_type="text/plain", text="This is an embedded resource."),
)


class _Person(BaseModel):
    name: str


def _simple_text() -> str:
    return "This is a simple text response for testing."


def _image_content() -> ImageContent:
    return ImageContent(type="image", data=_PIXEL, mime_type="image/png")


def _audio_content() -> AudioContent:
    return AudioContent(type="audio", data=_SOUND, mime_type="audio/wav")


def _embedded_resource() -> EmbeddedResource:
    return _EMBEDDED


def _multiple_content_types() -> list[Any]:
    return [TextContent(type="text", text="Multiple content types test:"), _image_content(), _EMBEDDED]


def _error_handling() -> str:
    raise ToolError("This tool intentionally returns an error for testing")


async def _tool_with_progress(context: Context) -> str:
    for progress in (0, 50, 100):
        await context.report_progress(progress, 100)
    return "done"


async def _elicitation(message: str, context: Context) -> str:
    answer = await context.elicit(message, _Person)
    return f"User response: {answer.action}"


_TOOLS: Final[tuple[Callable[..., Any], ...]] = (
    _simple_text,
    _image_content,
    _audio_content,
    _embedded_resource,
    _multiple_content_types,
    _error_handling,
    _tool_with_progress,
    _elicitation,
)


def make_server(guard: Callable[[Any], Any]) -> MCPServer:
    """A new server; ``guard`` decorates each of its tools."""
    server = MCPServer("conformance")
    for tool in _TOOLS:
        server.add_tool(guard(tool), name=f"test{tool.__name__}", description="A tool", structured_output=False)

    @server.resource("test://static-text", mime_type="text/plain")
    def static_text() -> str:
        return "This is the content of the static text resource."

    @server.resource("test://static-binary", mime_type="image/png")
    def static_binary() -> bytes:
        return base64.b64decode(_PIXEL)

    @server.resource("test://template/{id}/data", mime_type="application/json")
    def template(id: str) -> str:  # noqa: A002  the scenario's name
        return f'{{"id": "{id}", "data": "Data for ID: {id}"}}'

    @server.prompt()
    def test_simple_prompt() -> str:
        return "This is a simple prompt for testing."

    @server.prompt()
    def test_prompt_with_arguments(arg1: str, arg2: str) -> str:
        return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"

    return server
