"""The one place where a request's credentials become a principal and an error becomes an answer.

The middleware and every decorator come here, so that a request is judged alike wherever it is judged.
"""

import logging
from typing import Final

from starlette.types import Scope

from bearerguard.authorization.combination import Requirement
from bearerguard.errors import ConfigurationError, show
from bearerguard.events import logger
from bearerguard.principal import Principal
from bearerguard.resource_server import ResourceServer
from bearerguard.token.credentials import read_credentials
from bearerguard.web.challenge import Answer, Challenge
from bearerguard.web.refusal import REFUSALS
from bearerguard.web.scope_keys import GATE, PRINCIPAL

_EXAMPLE: Final = "Starlette(middleware=[Middleware(AccessTokenMiddleware, resource_server=api)], …)"


class Gate:
    """A resource server and the way its refusals read; one for each middleware."""

    __slots__ = ("_challenge", "_server")

    def __init__(self, server: ResourceServer, challenge: Challenge) -> None:
        self._server = server
        self._challenge = challenge

    async def authenticate(self, scope: Scope) -> Principal:
        """Verify the request's token and note the principal in the scope.

        Raises:
            AccessTokenError: there is no token or it is refused.
            IssuerUnavailable: it cannot be verified now.
        """
        principal = await self._server.authenticate(read_credentials(scope["headers"]))
        scope[PRINCIPAL] = scope["user"] = scope["auth"] = principal
        return principal

    def answer(self, error: Exception, scope: Scope) -> Answer:
        """What is said to a caller whose request met this error; the operator gets the whole of it.

        An error that is no refusal is a defect, here or in a hook: it refuses the request, too (R125).
        """
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug("refusing %s %s", show(scope.get("method", scope["type"])), show(scope.get("path")))
        if isinstance(error, REFUSALS):
            self._server.report(error)
            return self._challenge.answer(error)
        logger.error("a request was refused because deciding it failed", exc_info=error)
        return self._challenge.internal_error()


def gate_of(scope: Scope) -> Gate:
    """The gate of the innermost middleware that the request has passed.

    Raises:
        ConfigurationError: it has passed none.
    """
    gate = scope.get(GATE)
    if not isinstance(gate, Gate):
        raise ConfigurationError("@requires", "the request has not passed an AccessTokenMiddleware", example=_EXAMPLE)
    return gate


def is_permitted(scope: Scope, requirement: Requirement) -> bool:
    """Whether the middleware has let in a principal that meets the requirement; what is in doubt is for ``judge`` to say."""
    principal = scope.get(PRINCIPAL)
    try:
        return principal is not None and requirement.permits(principal) is True  # a truthy coroutine is no permission
    except Exception:  # noqa: BLE001  judge asks again, and reports it
        return False


async def judge(scope: Scope, requirement: Requirement) -> Exception | None:
    """Why the request must not go on, or ``None``. Verifies the token where the middleware let the request through without.

    Raises:
        ConfigurationError: there is no middleware.
    """
    gate = gate_of(scope)
    try:
        principal: Principal | None = scope.get(PRINCIPAL)
        if principal is None:
            principal = await gate.authenticate(scope)
        if requirement.permits(principal) is True:
            return None
        return requirement.refusal(principal)
    except Exception as error:  # noqa: BLE001  whatever it is, the request is refused (R125)
        return error
