"""Answers refusals inside a Starlette or FastAPI application, before they leave it.

A refusal that left the application as an exception would count as a server error with everybody
between guard and middleware: metrics, traces, error reports, transactions. So a guard that refuses
adds a handler to the table in which Starlette looks handlers up; those of the user come first.
"""

from collections.abc import Mapping, MutableMapping
from typing import Any, Final

from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketState

from bearerguard.errors import BearerguardError, Refusal
from bearerguard.web.challenge import Answer, send_refusal
from bearerguard.web.passage import PASSAGE, Passage

_HANDLERS: Final = "starlette.exception_handlers"
_ENDED: Final = (WebSocketState.DISCONNECTED, WebSocketState.RESPONSE)


class RefusalResponse(Response):
    """An answer of the challenge as Starlette's kind of response."""

    def __init__(self, answer: Answer) -> None:
        self.status_code = answer.status
        self.body = answer.body
        self.background = None
        self.raw_headers = list(answer.headers)
        self._answer = answer

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it. The body of the request is not read."""
        await send_refusal(self._answer, scope, send)


def answer_refusals_of(scope: Mapping[str, Any]) -> None:
    """Have refusals answered in the application that serves a request.

    A handler of the user's for a refusal or for every error of this library comes first. Does
    nothing for other frameworks.
    """
    table = scope.get(_HANDLERS)
    if table is not None:
        add_handler(table[0], answer_refusal)


def add_handler(table: MutableMapping[Any, Any], handler: object) -> None:
    """Put a handler into the table in which a framework looks errors up by their class.

    A handler of the user's for a refusal or for every error of this library stays.
    """
    if BearerguardError not in table:
        table.setdefault(Refusal, handler)


async def answer_refusal(connection: HTTPConnection, error: Exception) -> Response | None:
    """An exception handler of Starlette's kind; raises the error again where it is too late."""
    passage = connection.scope.get(PASSAGE)
    if not isinstance(passage, Passage) or passage.started or not isinstance(error, Refusal):
        raise error
    passage.started = True  # what is raised here meets this handler again further out
    answer = passage.answer(error, connection.scope)
    state = connection.application_state if isinstance(connection, WebSocket) else None
    if state in _ENDED:
        raise error
    if not isinstance(connection, WebSocket):
        return RefusalResponse(answer)
    accepted = passage.accepted or state is WebSocketState.CONNECTED
    await send_refusal(answer, connection.scope, connection.send, accepted=accepted)
    return None
