"""Sends a refusal over HTTP or instead of a websocket, and keeps watch over whether it still can.

Standards: ASGI HTTP and WebSocket message format 2.5, extension ``websocket.http.response``; RFC 6455 §7.4.1 for code 1008.
"""

import sys
from collections.abc import Awaitable
from typing import Final

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from bearerguard.errors import AccessTokenError, IssuerUnavailable
from bearerguard.web.challenge import Answer

REFUSALS: Final = (AccessTokenError, IssuerUnavailable)
POLICY_VIOLATION: Final = 1008
_DENIAL_RESPONSE: Final = "websocket.http.response"
_ENDS: Final = ("websocket.close", "websocket.http.response.start")
_ERROR_PAGE: Final = 500


class Refusal(Response):
    """An answer as a Starlette response. A HEAD request gets the headers alone (RFC 9110 §9.3.2)."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body, answer.status)
        self.raw_headers = list(answer.headers)  # a list of its own: middlewares further out add to it

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("method") == "HEAD":
            self.body = b""
        await super().__call__(scope, receive, send)


async def send_refusal(answer: Answer, scope: Scope, receive: Receive, send: Send, *, accepted: bool = False) -> None:
    """Refuse. The request's body is not read; a websocket that is not accepted yet never is.

    Args:
        answer: What is said.
        scope: The connection, ``http`` or ``websocket``.
        receive: Not used, only handed on.
        send: The server's own.
        accepted: The websocket was accepted before, so that closing it is all that is left.
    """
    if scope["type"] == "websocket" and (accepted or _DENIAL_RESPONSE not in (scope.get("extensions") or ())):
        await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": answer.reason})
    else:
        await Refusal(answer)(scope, receive, send)


class HttpWatch:
    """Stands in for the server's ``send`` while the application runs, and knows whether the response has begun.

    A framework beneath may make an error page of its own of a refusal that is raised inside it, before the refusal gets here:
    Starlette's ``ServerErrorMiddleware`` does so in a mounted application, and in one that our middleware is wrapped around.
    Such a page is held back. It is told from others by being sent while that refusal is handled.

    Attributes:
        accepted: Never; a websocket may be.
        started: The response has begun: nothing can be refused any more.
        refusal: The refusal whose error page was held back.
    """

    __slots__ = ("_send", "refusal", "started")
    accepted: Final = False

    def __init__(self, send: Send) -> None:
        self._send = send
        self.started = False
        self.refusal: AccessTokenError | IssuerUnavailable | None = None

    def send(self, message: Message) -> Awaitable[None]:
        """Pass a message on."""
        if message["type"] == "http.response.start":
            if message["status"] == _ERROR_PAGE and isinstance(error := sys.exception(), REFUSALS):
                self.refusal, self._send = error, _discard
            else:
                self.started = True
        return self._send(message)


class WebSocketWatch:
    """The same for a websocket, which is ended in other ways before and after it was accepted."""

    __slots__ = ("_send", "accepted", "refusal", "started")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.accepted = False
        self.started = False
        self.refusal: AccessTokenError | IssuerUnavailable | None = None

    def send(self, message: Message) -> Awaitable[None]:
        """Pass a message on."""
        if message["type"] == "websocket.accept":
            self.accepted = True
        elif message["type"] in _ENDS:
            self.started = True
        return self._send(message)


async def _discard(_message: Message) -> None:
    """Where a page goes that was held back."""
