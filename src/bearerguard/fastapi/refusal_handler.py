"""Answers refusals where there is no middleware to do so.

FastAPI knows no error of ours, and would make a 500 of it where the user has registered no handler.
So the first dependency of a request adds one to the table in which Starlette looks handlers up;
those of the user come first.
"""

from typing import Any, Final

from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketState

from bearerguard.errors import BearerguardError, Refusal
from bearerguard.web.challenge import Answer, send_refusal
from bearerguard.web.gate import Gate
from bearerguard.web.passage import PASSAGE, Passage

_HANDLERS: Final = "starlette.exception_handlers"
_ENDED: Final = (WebSocketState.DISCONNECTED, WebSocketState.RESPONSE)


class StandIn(Passage):
    """The passage of a request that no middleware has let in, or one with another resource server.

    Nothing is sent through it.
    """

    __slots__ = ()

    def __init__(self, gate: Gate) -> None:
        super().__init__(gate, {}, _nowhere)


class RefusalResponse(Response):
    """An answer of the challenge as Starlette's kind of response."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body, answer.status)
        self.raw_headers = list(answer.headers)
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  the body is not read
        """Send it."""
        await send_refusal(self._answer, scope, send)


def answer_refusals_of(scope: Scope) -> None:
    """See to it that a refusal raised in this application is answered, unless the user has a handler for it."""
    handlers: dict[Any, Any] = (scope.get(_HANDLERS) or ({}, {}))[0]
    if BearerguardError not in handlers:
        handlers.setdefault(Refusal, answer_refusal)


async def answer_refusal(connection: HTTPConnection, error: Exception) -> Response | None:
    """An exception handler of Starlette's kind.

    Raises the error again where nothing can be answered any more.
    """
    scope: Any = connection.scope
    passage: Passage | None = scope.get(PASSAGE)
    if passage is None or passage.started or not isinstance(error, Refusal):
        raise error
    passage.started = True  # what is raised here meets this handler again further out
    _report(passage, error, scope)
    state = connection.application_state if isinstance(connection, WebSocket) else None
    if state in _ENDED:
        raise error
    if isinstance(passage, StandIn):
        passage.refusal = None  # it is answered, and leads back to the scope that holds the passage
    answer = passage.gate.answer(error)
    if not isinstance(connection, WebSocket):
        return RefusalResponse(answer)
    await send_refusal(answer, scope, connection.send, accepted=state is WebSocketState.CONNECTED)
    return None


def _report(passage: Passage, error: Refusal, scope: Scope) -> None:
    if error is not passage.refusal:  # that one was reported by the guard that raised it
        passage.refusal = error
        passage.gate.report(error, scope)


async def _nowhere(_message: Message) -> None:
    """Where a stand-in sends to."""
