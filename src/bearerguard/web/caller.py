"""The caller of a request, for applications of any framework."""

from collections.abc import Mapping
from typing import Any

from bearerguard import error_codes as codes
from bearerguard.authorization.combination import Requirement
from bearerguard.errors import ConfigurationError, MissingToken
from bearerguard.principal import Principal
from bearerguard.web.gate import refusal_for
from bearerguard.web.passage import PASSAGE, Passage


def principal_of(scope: Mapping[str, Any], requirement: Requirement | None = None) -> Principal:
    """The principal that the middleware verified for this ASGI scope, whatever the framework makes of ``scope["user"]``.

    ::

        principal_of(request.scope)                          # Starlette, FastAPI, Litestar, Quart, Django, BlackSheep
        principal_of(request.scope, role("Write.All"))       # for what depends on more than the path

    The middleware answers the refusal, also where the framework makes an error page of every exception. Verifies nothing: on a
    public path no token is looked at.

    Args:
        scope: Of the request or websocket.
        requirement: What the caller must hold besides what the middleware asked for.

    Raises:
        MissingToken: nobody was verified, because the path is public.
        InsufficientScope: the caller does not meet the requirement.
        ConfigurationError: the request has not passed an ``AccessTokenMiddleware``.
    """
    passage = scope.get(PASSAGE)
    if not isinstance(passage, Passage):
        problem = "the request has not passed an AccessTokenMiddleware"
        raise ConfigurationError("scope", problem, example="AccessTokenMiddleware(app, resource_server=api, policy=policy)")
    try:
        if passage.principal is None:
            raise MissingToken(codes.MISSING_TOKEN)  # noqa: TRY301  one way out for every refusal
        if requirement is not None and requirement.permits(passage.principal) is not True:
            raise requirement.refusal(passage.principal)  # noqa: TRY301  the same
    except Exception as error:
        passage.refusal = refusal_for(error)  # in no variable of this frame, which the error's traceback leads back to
        passage.gate.report(passage.refusal, dict(scope))
        if passage.refusal is error:
            raise
        raise passage.refusal from error
    return passage.principal
