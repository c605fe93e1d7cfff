"""MCP as it is on the wire: JSON-RPC in POST requests, so that a test chooses token, session and version of each."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx
from starlette.types import ASGIApp

from support.servers import serve

LEGACY: Final = "2025-11-25"
"""Last version with an ``initialize`` handshake, and so with sessions."""
MODERN: Final = "2026-07-28"
"""Without sessions: each request stands for itself."""
INITIALIZE: Final = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": LEGACY, "capabilities": {"elicitation": {}}, "clientInfo": {"name": "test", "version": "1"}},
}
_META: Final = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


def calling(tool: str, *, id: int = 7, **arguments: Any) -> dict[str, Any]:  # noqa: A002  JSON-RPC's name
    """The call of a tool."""
    return {"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}


def modern(message: dict[str, Any]) -> dict[str, Any]:
    """The message as 2026-07-28 writes it."""
    return {**message, "params": {**message["params"], "_meta": _META}}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came back: the HTTP response, and the JSON-RPC messages in it."""

    response: httpx.Response
    messages: list[dict[str, Any]]

    @property
    def status(self) -> int:
        """HTTP status."""
        return self.response.status_code

    @property
    def challenge(self) -> str:
        """``WWW-Authenticate``; empty where there is none."""
        return str(self.response.headers.get("www-authenticate", ""))

    @property
    def result(self) -> dict[str, Any]:
        """The result of the last message."""
        found: dict[str, Any] = self.messages[-1]["result"]
        return found

    @property
    def text(self) -> str:
        """What a tool answered, as a model reads it."""
        (content,) = self.result["content"]
        return str(content["text"])

    @property
    def is_error(self) -> bool:
        """Whether the tool answered with an error."""
        return bool(self.result.get("isError", False))


class Endpoint:
    """An MCP server on a socket."""

    def __init__(self, http: httpx.Client, path: str = "/mcp") -> None:
        self.http = http
        self.path = path

    def post(
        self, message: dict[str, Any], token: str | None = None, *, session: str | None = None, version: str = LEGACY
    ) -> Outcome:
        """Send one message."""
        sent = modern(message) if version == MODERN else message
        headers = {**_headers(token, session), "mcp-protocol-version": version}
        if version == MODERN:
            headers |= {
                "mcp-method": message["method"],
                "mcp-name": message["params"].get("name") or message["params"].get("uri", ""),
            }
        response = self.http.post(self.path, json=sent, headers=headers)
        return Outcome(response, _messages(response))

    def open_session(self, token: str) -> str:
        """A session that the caller of ``token`` opened; its id, which is empty where the server keeps no sessions."""
        outcome = self.post(INITIALIZE, token)
        assert outcome.status == 200, outcome.response.text
        session = str(outcome.response.headers.get("mcp-session-id", ""))
        ready = {"jsonrpc": "2.0", "method": "notifications/initialized", "params": {}}
        assert self.post(ready, token, session=session).status == 202
        return session

    def stream(self, token: str, session: str) -> Any:
        """The GET stream of a session, as a block."""
        return self.http.stream("GET", self.path, headers=_headers(token, session))

    def end_session(self, token: str, session: str) -> int:
        """DELETE; the status."""
        return self.http.delete(self.path, headers=_headers(token, session)).status_code


@contextmanager
def endpoint_of(app: ASGIApp, path: str = "/mcp") -> Iterator[Endpoint]:
    """Serves the application for the length of the block."""
    with serve(app) as url, httpx.Client(base_url=url, trust_env=False, timeout=20) as http:
        yield Endpoint(http, path)


def _headers(token: str | None, session: str | None) -> dict[str, str]:
    headers = {"accept": "application/json, text/event-stream"}
    if token is not None:
        headers["authorization"] = f"Bearer {token}"
    if session:
        headers["mcp-session-id"] = session
    return headers


def _messages(response: httpx.Response) -> list[dict[str, Any]]:
    if response.headers.get("content-type", "").startswith("text/event-stream"):
        data = [line.removeprefix("data: ") for line in response.text.splitlines() if line.startswith("data: ")]
        return [json.loads(text) for text in data if text]
    try:
        found = response.json()
    except ValueError:
        return []
    return [found] if "jsonrpc" in found else []
