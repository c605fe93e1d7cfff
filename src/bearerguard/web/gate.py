"""The one place where a request's credentials become a principal and an error becomes an answer.

The middleware and every decorator use it, so that all of them judge a request in the same way.
"""

from starlette.types import Scope

from bearerguard.errors import ConfigurationError, Refusal, Undecided, show
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
        listeners: Who is told of events.
    """

    __slots__ = ("_challenge", "listeners", "place", "server")

    def __init__(self, server: ResourceServer, challenge: Challenge, place: TokenPlace = IN_AUTHORIZATION) -> None:
        self.server = server
        self.listeners = server.listeners
        self.place = place
        self._challenge = challenge

    async def authenticate(self, scope: Scope) -> tuple[Principal, bool]:
        """The principal of the request's token, and whether the token had been verified before.

        Raises:
            AccessTokenError: there is no token, or it is refused.
            IssuerUnavailable: it cannot be verified now.
        """
        token = self.place.read(scope)
        remembered = self.server.recall(token)
        return await self.server.judge(token) if remembered is None else (remembered, True)

    def monotonic(self) -> float:
        """Seconds on the server's clock."""
        return self.server.connection.clock.monotonic()

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
