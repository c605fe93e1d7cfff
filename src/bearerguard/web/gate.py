"""The one place where a request's credentials become a principal and an error becomes an answer.

The middleware and every decorator use it, so that all of them judge a request in the same way.
"""

import logging

from starlette.types import Scope

from bearerguard.errors import ConfigurationError, Refusal, Undecided, show
from bearerguard.events import logger
from bearerguard.principal import Principal
from bearerguard.resource_server import ResourceServer
from bearerguard.token.credentials import IN_AUTHORIZATION, TokenPlace
from bearerguard.web.challenge import Answer, Challenge


def checked_server(parameter: str, value: object) -> ResourceServer:
    """A setting that must be a resource server."""
    if not isinstance(value, ResourceServer):
        example = 'ResourceServer(issuers=[…], audience="api://orders")'
        raise ConfigurationError(parameter, f"expected a ResourceServer, got {show(value)}", example=example)
    return value


class Gate:
    """A resource server and the way its refusals read; one for each middleware.

    Attributes:
        server: Verifies the tokens.
        place: Where requests carry them.
    """

    __slots__ = ("_challenge", "place", "server")

    def __init__(self, server: ResourceServer, challenge: Challenge, place: TokenPlace = IN_AUTHORIZATION) -> None:
        self.server = server
        self.place = place
        self._challenge = challenge

    async def authenticate(self, scope: Scope) -> Principal:
        """The principal of the request's token.

        Raises:
            AccessTokenError: there is no token, or it is refused.
            IssuerUnavailable: it cannot be verified now.
        """
        token = self.place.read(scope)
        principal = self.server.recall(token)
        return await self.server.verify(token) if principal is None else principal

    def report(self, refusal: Refusal, scope: Scope) -> None:
        """Tell the operator, once for each refusal. Method and path are logged at DEBUG only.

        The query is never logged: it may hold a token.
        """
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug("refusing %s %s", show(scope.get("method", scope["type"])), show(scope.get("path")))
        if isinstance(refusal, Undecided):
            logger.error("a request was refused because judging it failed", exc_info=refusal.__cause__)
        else:
            self.server.report(refusal)

    def answer(self, refusal: Refusal) -> Answer:
        """What the caller is told."""
        return self._challenge.answer(refusal)


def refusal_for(error: Exception) -> Refusal:
    """The refusal for an error that was raised while judging: itself, or ``Undecided``."""
    if isinstance(error, Refusal):
        return error
    undecided = Undecided()
    undecided.__cause__ = error
    return undecided
