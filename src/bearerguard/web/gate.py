"""The one place where a request's credentials become a principal and an error becomes an answer.

The middleware and every decorator use it, so that all of them judge a request in the same way.
"""

from collections.abc import Mapping
from traceback import clear_frames
from typing import Any, Protocol

from starlette.types import Scope

from bearerguard.errors import ConfigurationError, Refusal, Undecided, show
from bearerguard.principal import Principal
from bearerguard.resource_server import ResourceServer
from bearerguard.token.credentials import IN_AUTHORIZATION, TokenPlace
from bearerguard.web.challenge import Answer, Challenge
from bearerguard.web.route_names import Names, NamesInApp


class RouteOf(Protocol):
    """Names the route of a request by its template, empty where it is not known."""

    def __call__(self, scope: Mapping[str, Any], *, is_served: bool) -> str:
        """``is_served``: the request was let in, so that a router may have had its say."""
        ...


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
        route_of: Names the route of a request.
        names: The same of most requests that were served, by the number of the route's object.
    """

    __slots__ = ("_challenge", "listeners", "names", "place", "route_of", "server")

    def __init__(
        self,
        server: ResourceServer,
        challenge: Challenge,
        place: TokenPlace = IN_AUTHORIZATION,
        route_of: RouteOf | None = None,
    ) -> None:
        self.server = server
        self.listeners = server.listeners
        self.place = place
        self.route_of = route_of or NamesInApp()
        self.names: Names = {}
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

    def answer(self, refusal: Refusal) -> Answer:
        """What the caller is told."""
        return self._challenge.answer(refusal)


def refusal_for(error: Exception) -> Refusal:
    """The refusal for an error that was raised while judging: itself, or ``Undecided``."""
    if isinstance(error, Refusal):
        return error
    undecided = Undecided()
    undecided.__cause__ = error
    clear_frames(error.__traceback__)  # handlers of a log may show variables, and one of them is the token
    return undecided
