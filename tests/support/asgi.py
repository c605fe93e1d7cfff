"""Calls an ASGI application as a server would, octet by octet: no client library tidies paths and headers on the way."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Header = tuple[bytes, bytes]
DENIAL: dict[str, dict[str, Any]] = {"websocket.http.response": {}}


def bearer(token: str) -> list[Header]:
    """The headers of a caller with this token."""
    return [(b"authorization", f"Bearer {token}".encode())]


@dataclass
class Answer:
    """What an application sent, and whether it asked for anything of the request's body."""

    messages: list[Message] = field(default_factory=list)
    received: int = 0

    @property
    def status(self) -> int:
        """HTTP status; 101 for a websocket that was accepted and 0 for one that was closed before."""
        kind = self.messages[0]["type"]
        if kind == "websocket.accept":
            return 101
        return int(self.messages[0]["status"]) if kind.endswith("http.response.start") else 0

    @property
    def headers(self) -> dict[str, str]:
        """Header lines; a repeated one fails."""
        pairs = [(name.decode(), value.decode("latin-1")) for name, value in self.messages[0].get("headers", ())]
        assert len({name for name, _ in pairs}) == len(pairs), pairs
        return dict(pairs)

    @property
    def body(self) -> bytes:
        """The whole body."""
        return b"".join(message.get("body", b"") for message in self.messages if message["type"].endswith("response.body"))

    @property
    def close_code(self) -> int | None:
        """Code of the websocket's close frame, if there was one."""
        return next((message["code"] for message in self.messages if message["type"] == "websocket.close"), None)


def http_scope(method: str, target: str, headers: Iterable[Header] = (), **more: Any) -> Scope:
    """A scope as uvicorn builds it: the path percent-decoded once, invalid UTF-8 replaced."""
    path, _, query = target.partition("?")
    pairs = list(headers)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.5"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": pairs if any(name == b"host" for name, _ in pairs) else [(b"host", b"api.test"), *pairs],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
        "state": {},
    }
    return {**scope, **more}


def websocket_scope(target: str, headers: Iterable[Header] = (), *, denial: bool = True, **more: Any) -> Scope:
    """A scope of a websocket handshake, with or without the extension for denial responses."""
    scope = http_scope("GET", target, headers, type="websocket", scheme="ws", subprotocols=[], **more)
    del scope["method"]
    return {**scope, "extensions": DENIAL} if denial else scope


async def call(app: ASGIApp, scope: Scope, incoming: Sequence[Message] = ()) -> Answer:
    """One connection, from its beginning to its end."""
    answer = Answer()
    default = {"type": "websocket.connect"} if scope["type"] == "websocket" else {"type": "http.request", "body": b"{}"}
    waiting = list(incoming) or [default, {"type": "websocket.disconnect", "code": 1000}]

    async def receive() -> Message:
        answer.received += 1
        return waiting.pop(0)

    async def send(message: Message) -> None:
        answer.messages.append(message)

    await app(scope, receive, send)
    return answer


async def get(app: ASGIApp, target: str, headers: Iterable[Header] = (), **more: Any) -> Answer:
    """A GET request."""
    return await call(app, http_scope("GET", target, headers, **more))


async def connect(app: ASGIApp, target: str, headers: Iterable[Header] = (), **more: Any) -> Answer:
    """A websocket that the client closes as soon as it is open."""
    return await call(app, websocket_scope(target, headers, **more))


@asynccontextmanager
async def lifespan(app: ASGIApp) -> AsyncIterator[list[Message]]:
    """Runs an application's lifespan around the block; yields the messages it sent. The block runs after start-up."""
    sent: list[Message] = []
    started, stop = anyio.Event(), anyio.Event()
    first = True

    async def receive() -> Message:
        nonlocal first
        if first:
            first = False
            return {"type": "lifespan.startup"}
        await stop.wait()
        return {"type": "lifespan.shutdown"}

    async def send(message: Message) -> None:
        sent.append(message)
        if message["type"].startswith("lifespan.startup."):
            started.set()

    async def run() -> None:
        try:
            await app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send)
        finally:
            started.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        await started.wait()
        yield sent
        stop.set()


__all__ = ["Answer", "Receive", "Send", "call", "connect", "get", "http_scope", "lifespan", "websocket_scope"]
