"""Sends a refusal over HTTP, or instead of a websocket.

Standards: ASGI HTTP and WebSocket message format 2.5 with its extension ``websocket.http.response``; RFC 6455 §7.4.1 (code 1008).
"""

from typing import Final

from starlette.types import Scope, Send

from bearerguard.web.challenge import Answer

_POLICY_VIOLATION: Final = 1008
_DENIAL_RESPONSE: Final = "websocket.http.response"


async def send_refusal(answer: Answer, scope: Scope, send: Send, *, accepted: bool = False) -> None:
    """Refuse a connection. The body of the request is not read; a websocket that is not accepted yet never is.

    Args:
        answer: What is said.
        scope: The connection, ``http`` or ``websocket``.
        send: The server's own.
        accepted: The websocket was accepted before, so that closing it is all that is left.
    """
    kind = "http.response"
    if scope["type"] == "websocket":
        if accepted or _DENIAL_RESPONSE not in (scope.get("extensions") or ()):
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": answer.reason})
            return
        kind = _DENIAL_RESPONSE
    headers = list(answer.headers)  # a list of its own: middlewares further out add to it
    await send({"type": f"{kind}.start", "status": answer.status, "headers": headers})
    body = b"" if scope.get("method") == "HEAD" else answer.body  # RFC 9110 §9.3.2
    await send({"type": f"{kind}.body", "body": body})
