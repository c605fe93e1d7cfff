"""Calls an ASGI application as a server would, for as long as the application wants: frameworks listen for a disconnect, too."""

import anyio
from starlette.types import ASGIApp, Message, Scope

from support.asgi import Answer

_TOLD = ("websocket.send", "websocket.close", "websocket.http.response.start")


async def exchange(app: ASGIApp, scope: Scope, body: bytes = b"{}") -> Answer:
    """One connection. A websocket is ended by the client once it was told something, or as the application does."""
    answer = Answer()
    told = anyio.Event()

    async def receive() -> Message:
        answer.received += 1
        if answer.received == 1:
            return _first(scope, body)
        await told.wait()
        return {"type": "websocket.disconnect", "code": 1000} if scope["type"] == "websocket" else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        answer.messages.append(message)
        if message["type"] in _TOLD or (message["type"] == "http.response.body" and not message.get("more_body")):
            told.set()

    with anyio.fail_after(20):
        await app(scope, receive, send)
    return answer


def _first(scope: Scope, body: bytes) -> Message:
    if scope["type"] == "websocket":
        return {"type": "websocket.connect"}
    return {"type": "http.request", "body": body if scope["method"] == "POST" else b"", "more_body": False}
