"""One request on its way through the application: who it is, and whether it can still be refused.

A framework beneath may make an error page of its own of a refusal that is raised inside it, before
the refusal gets to the middleware: Starlette's ``ServerErrorMiddleware`` does so in a mounted
application and in one that the middleware is wrapped around, and so does many a catch-all of users.
Such a page is held back, and the refusal is answered at once in its place: a framework may well
wait for the client to have gone before it returns.
"""

import secrets
import sys
from collections.abc import Awaitable
from typing import Final

from starlette.types import Message, Scope, Send

from bearerguard.errors import Refusal
from bearerguard.principal import Principal
from bearerguard.web.challenge import send_refusal
from bearerguard.web.gate import Gate

_ENDS: Final = ("websocket.close", "websocket.http.response.start")
_ERROR_PAGE: Final = 500
_NO_SCOPE: Final[Scope] = {}

PASSAGE: Final = f"bearerguard.{secrets.token_hex(16)}"
"""The key of the passage in an ASGI scope: a caller cannot guess it, and neither can another middleware. It is a text, since a
dictionary that has keys of other types is laid out anew, which costs a request as much as looking up its token."""


class Passage:
    """An HTTP request. The application is given ``send`` in place of the server's.

    Attributes:
        gate: Of the innermost middleware that let it in.
        principal: Whose verified token it carries; ``None`` where the token was not looked at.
        refusal: The last refusal that a guard raised for it; it was reported then.
        withheld: The refusal that a page was held back for; it has been answered.
        started: The response has begun: nothing can be refused any more.
        accepted: It is a websocket that was accepted.
    """

    __slots__ = ("_scope", "_send", "accepted", "gate", "principal", "refusal", "started", "withheld")

    def __init__(self, gate: Gate, scope: Scope, send: Send) -> None:
        self.gate = gate
        self.principal: Principal | None = None
        self.refusal: Refusal | None = None
        self.withheld: Refusal | None = None
        self.started = False
        self.accepted = False
        self._scope = scope
        self._send = send

    def send(self, message: Message) -> Awaitable[None]:
        """Pass a message on, unless it is part of an error page that stands for a refusal."""
        if message["type"] == "http.response.start":
            if message["status"] == _ERROR_PAGE:
                handled = sys.exception()  # the page is made while the refusal is handled, or a guard has refused before
                self.withheld = handled if isinstance(handled, Refusal) else self.refusal
                if self.withheld is not None:
                    return self.refuse(self.withheld)
            self.started = True
        return self._send(message)

    async def refuse(self, refusal: Refusal) -> None:
        """Answer a refusal; what the application still sends is dropped."""
        send, self._send = self._send, _discard
        if refusal is not self.refusal:
            self.gate.report(refusal, self._scope)
        await send_refusal(self.gate.answer(refusal), self._scope, send, accepted=self.accepted)

    async def answers(self, error: Exception) -> bool:
        """Whether an error that left the application is a refusal; it is answered, unless its page was held back before."""
        refusal = refusal_in(error)
        if refusal is not None and self.withheld is None:
            await self.refuse(refusal)
        return refusal is not None

    def end(self) -> None:
        """Let go of the server and of refusals, which lead back to the scope: what refers to itself waits for the collector."""
        self._send = _discard
        self._scope = _NO_SCOPE
        self.refusal = self.withheld = None


class WebSocketPassage(Passage):
    """A websocket, which is ended in different ways before and after it was accepted."""

    __slots__ = ()

    def send(self, message: Message) -> Awaitable[None]:
        """Pass a message on."""
        if message["type"] == "websocket.accept":
            self.accepted = True
        elif message["type"] in _ENDS:
            self.started = True
        return self._send(message)


def refusal_in(error: Exception) -> Refusal | None:
    """The refusal that an error is, or that it wraps as the only kind of error of a task group."""
    if isinstance(error, ExceptionGroup) and error.split(Refusal)[1] is None:
        return refusal_in(error.exceptions[0])
    return error if isinstance(error, Refusal) else None


async def _discard(_message: Message) -> None:
    """Where a page goes that is held back, and what comes after the end."""
