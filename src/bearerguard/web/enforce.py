"""The caller of a request, held to a requirement, wherever an application asks: a guard, a dependency, a line of code."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.types import Scope

from bearerguard import error_codes as codes
from bearerguard.authorization.combination import Requirement
from bearerguard.errors import ConfigurationError, MissingToken
from bearerguard.principal import Principal
from bearerguard.web.gate import refusal_for
from bearerguard.web.passage import PASSAGE, Passage

_NO_MIDDLEWARE: Final = "the request has not passed an AccessTokenMiddleware"
_EXAMPLE: Final = "Starlette(middleware=[Middleware(AccessTokenMiddleware, resource_server=api)], …)"


def is_permitted(scope: Scope, requirement: Requirement) -> bool:
    """Whether the middleware has let in a principal that meets the requirement; what is in doubt is for ``enforce`` to say."""
    passage = scope.get(PASSAGE)
    try:
        principal = passage.principal  # type: ignore[union-attr]  # AttributeError: no passage
        return principal is not None and requirement.permits(principal) is True  # a truthy coroutine is no permission
    except Exception:  # noqa: BLE001  enforce asks again, and reports it
        return False


async def enforce(scope: Scope, requirement: Requirement) -> Principal:
    """The principal, if it meets the requirement.

    Verifies the token where the middleware let the request through without.

    Raises:
        AccessTokenError: there is no good token, or it does not permit the request.
        IssuerUnavailable: the token cannot be verified now.
        ConfigurationError: the request has not passed a middleware.
    """
    passage = scope.get(PASSAGE)
    if not isinstance(passage, Passage):
        raise ConfigurationError("@requires", _NO_MIDDLEWARE, example=_EXAMPLE)
    try:
        principal = passage.principal
        if principal is None:
            principal = passage.principal = await passage.gate.authenticate(scope)
            scope["user"] = scope["auth"] = principal
        if requirement.permits(principal) is True:
            return principal
        raise requirement.refusal(principal)  # noqa: TRY301  one way out for every refusal
    except Exception as error:
        _note(passage, error, scope)
        if passage.refusal is error:
            raise
        raise passage.refusal from error  # type: ignore[misc]  # set by the line above


def principal_of(scope: Mapping[str, Any], requirement: Requirement | None = None) -> Principal:
    """The principal that the middleware verified for this ASGI scope, whatever the framework makes of ``scope["user"]``.

    ::

        principal_of(request.scope)                          # Starlette, FastAPI, Litestar, Quart, Django, BlackSheep
        principal_of(request.scope, role("Write.All"))       # for what depends on more than the path

    The middleware answers the refusal, also where the framework makes an error page of every
    exception. Verifies nothing: on a public path no token is looked at.

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
        raise ConfigurationError(
            "scope", _NO_MIDDLEWARE, example="AccessTokenMiddleware(app, resource_server=api, policy=policy)"
        )
    try:
        if passage.principal is None:
            raise MissingToken(codes.MISSING_TOKEN)  # noqa: TRY301  one way out for every refusal
        if requirement is not None and requirement.permits(passage.principal) is not True:
            raise requirement.refusal(passage.principal)  # noqa: TRY301  the same
    except Exception as error:
        _note(passage, error, dict(scope))
        if passage.refusal is error:
            raise
        raise passage.refusal from error  # type: ignore[misc]  # set by the line above
    return passage.principal


def _note(passage: Passage, error: Exception, scope: Scope) -> None:
    """Keep and report the refusal that an error comes to: in no variable of a frame that the error's traceback leads back to."""
    passage.refusal = refusal_for(error)
    passage.gate.report(passage.refusal, scope)
