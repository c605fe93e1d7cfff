"""``insecure_report_only``: requests are judged, and served whatever the outcome.

Of each request the first refusal is told, in the log and to listeners: the one that the caller
would see.
"""

from collections.abc import Mapping
from typing import Any, Final

from starlette.authentication import AuthCredentials, UnauthenticatedUser
from starlette.types import Scope, Send

from bearerguard.web.gate import Gate, refusal_for
from bearerguard.web.passage import PASSAGE, Passage, WebSocketPassage

_WOULD_BE: Final = "would be refused: "


class ReportingPassage(Passage):
    """An HTTP request. Whatever is refused is let through."""

    __slots__ = ()

    def __init__(self, gate: Gate, scope: Scope, send: Send) -> None:
        super().__init__(gate, scope, send)
        self.is_doubted = False

    def lets_pass(self, error: Exception, scope: Mapping[str, Any], gate: Gate | None = None) -> bool:
        """Always: the refusal that an error comes to is told, if it is the first."""
        if not self.is_doubted:
            self.is_doubted = True
            event = self.reported(refusal_for(error), scope, gate, what=_WOULD_BE)
            if self.listeners is not None:
                self.doubt = event._replace(name="request_would_be_refused")
        return True

    def lets_in(self, error: Exception, scope: Scope) -> bool:
        """Always, as the caller who was verified, or as nobody."""
        self.lets_pass(error, scope)
        caller = self.principal
        scope["user"] = UnauthenticatedUser() if caller is None else caller
        scope["auth"] = AuthCredentials() if caller is None else caller
        scope[PASSAGE] = self
        return True


class ReportingWebSocketPassage(ReportingPassage, WebSocketPassage):
    """A websocket. The same."""

    __slots__ = ()
