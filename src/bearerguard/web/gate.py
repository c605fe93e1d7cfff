"""The one place where a request's credentials become a principal and an error becomes an answer.

The middleware and every decorator come here, so that a request is judged alike wherever it is judged.
"""

import logging
from typing import Final

from starlette.types import Scope

from bearerguard import error_codes as codes
from bearerguard.authorization.combination import Requirement
from bearerguard.errors import AccessTokenError, ConfigurationError, show
from bearerguard.events import logger
from bearerguard.principal import Principal
from bearerguard.resource_server import ResourceServer
from bearerguard.token.credentials import read_credentials
from bearerguard.web.challenge import Answer, Challenge
from bearerguard.web.passage import PASSAGE, REFUSALS, Passage, Refusal

_EXAMPLE: Final = "Starlette(middleware=[Middleware(AccessTokenMiddleware, resource_server=api)], …)"


class Undecided(AccessTokenError):
    """Judging a request failed, here or in a hook; the request is refused with 500 (R125). The cause is ``__cause__``."""

    def __init__(self) -> None:
        super().__init__(codes.INTERNAL_ERROR)


class Gate:
    """A resource server and the way its refusals read; one for each middleware.

    Attributes:
        server: Verifies the tokens.
    """

    __slots__ = ("_challenge", "server")

    def __init__(self, server: ResourceServer, challenge: Challenge) -> None:
        self.server = server
        self._challenge = challenge

    async def authenticate(self, scope: Scope) -> Principal:
        """The principal of the request's token.

        Raises:
            AccessTokenError: there is no token or it is refused.
            IssuerUnavailable: it cannot be verified now.
        """
        token = read_credentials(scope["headers"])
        principal = self.server.recall(token)
        return await self.server.verify(token) if principal is None else principal

    def report(self, refusal: Refusal, scope: Scope) -> None:
        """Tell the operator, once for each refusal. Method and path at level DEBUG only, never the query (R2)."""
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
    """The refusal that an error met while judging comes to: itself, or that nothing could be decided."""
    if isinstance(error, REFUSALS):
        return error
    undecided = Undecided()
    undecided.__cause__ = error
    return undecided


def is_permitted(scope: Scope, requirement: Requirement) -> bool:
    """Whether the middleware has let in a principal that meets the requirement; what is in doubt is for ``enforce`` to say."""
    passage = scope.get(PASSAGE)
    try:
        principal = passage.principal  # type: ignore[union-attr]  # AttributeError: no passage
        return principal is not None and requirement.permits(principal) is True  # a truthy coroutine is no permission
    except Exception:  # noqa: BLE001  enforce asks again, and reports it
        return False


async def enforce(scope: Scope, requirement: Requirement) -> Principal:
    """The principal, if it meets the requirement. Verifies the token where the middleware let the request through without.

    Raises:
        AccessTokenError: there is no good token, or it does not permit the request.
        IssuerUnavailable: the token cannot be verified now.
        ConfigurationError: the request has not passed a middleware.
    """
    passage = scope.get(PASSAGE)
    if not isinstance(passage, Passage):
        raise ConfigurationError("@requires", "the request has not passed an AccessTokenMiddleware", example=_EXAMPLE)
    try:
        principal = passage.principal
        if principal is None:
            principal = passage.principal = await passage.gate.authenticate(scope)
            scope["user"] = scope["auth"] = principal
        if requirement.permits(principal) is True:
            return principal
        raise requirement.refusal(principal)  # noqa: TRY301  one way out for every refusal
    except Exception as error:
        passage.refusal = refusal_for(error)  # in no variable of this frame, which the error's traceback leads back to
        passage.gate.report(passage.refusal, scope)
        if passage.refusal is error:
            raise
        raise passage.refusal from error
