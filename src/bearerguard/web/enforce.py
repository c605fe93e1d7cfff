"""Checks the caller of a request: for a guard, for a dependency, for a line of your own code."""

from collections.abc import Mapping, MutableMapping
from typing import Any, Final

from starlette.types import Scope

from bearerguard import error_codes as codes
from bearerguard.authorization.combination import Requirement
from bearerguard.errors import ConfigurationError, MissingToken, Refusal
from bearerguard.principal import Principal
from bearerguard.web.gate import Gate, refusal_for
from bearerguard.web.passage import PASSAGE, Passage
from bearerguard.web.refusal_handler import answer_refusals_of

_EXAMPLE: Final = "Starlette(middleware=[Middleware(AccessTokenMiddleware, resource_server=api)], …)"


def is_permitted(scope: Scope, requirement: Requirement) -> bool:
    """Whether the middleware has let in a principal that meets the requirement.

    ``False`` where that is in doubt: ``enforce`` says why.
    """
    passage = scope.get(PASSAGE)
    try:
        principal = passage.principal  # type: ignore[union-attr]  # AttributeError: no passage
        # True itself: the coroutine of an async permits() would be true in an if
        return principal is not None and requirement.permits(principal) is True
    except Exception:  # noqa: BLE001  enforce asks again, and reports it
        return False


async def enforce(scope: Scope, requirement: Requirement, gate: Gate | None = None) -> Principal | None:
    """The principal, if it meets the requirement.

    Where the middleware only reports, it need not, and there may be none.

    Verifies the token where the middleware let the request through without.

    Args:
        scope: Of the request or websocket.
        requirement: What the principal must hold.
        gate: Of another resource server than the middleware's: what that one makes of the token is
            judged, and ``request.user`` stays as it is.

    Raises:
        AccessTokenError: there is no good token, or it does not permit the request.
        IssuerUnavailable: the token cannot be verified now.
        ConfigurationError: the request has not passed a middleware.
    """
    passage = _passage(scope, "@requires")
    if gate is not None and gate.server is passage.gate.server:
        gate = None
    try:
        return _held_to(requirement, await _authenticated(passage, scope, gate))
    except Exception as error:  # noqa: BLE001  whatever it is, the request is refused
        if passage.lets_pass(error, scope, gate):
            return passage.caller(gate)
        raise _noted(passage, error, scope, gate)  # noqa: B904  its cause is set


def enforce_now(scope: Scope, requirement: Requirement) -> None:
    """Whether the principal that was verified before meets the requirement; waits for nothing.

    Raises:
        MissingToken: no token was looked at, because the path is public.
        InsufficientScope: the principal does not meet the requirement.
        ConfigurationError: the request has not passed a middleware.
    """
    passage = _passage(scope, "@requires")
    try:
        _held_to(requirement, _verified(passage))
    except Exception as error:  # noqa: BLE001  the same
        if not passage.lets_pass(error, scope):
            raise _noted(passage, error, scope)  # noqa: B904  its cause is set


def principal_of(scope: Mapping[str, Any], requirement: Requirement | None = None) -> Principal:
    """The principal that the middleware verified for this ASGI scope.

    Whatever a framework makes of ``scope["user"]`` is not looked at::

        principal_of(request.scope)                     # in any framework: request.scope is ASGI's
        principal_of(request.scope, role("Write.All"))  # for what depends on more than the path

    A refusal is answered for you, also where the framework makes an error page of every exception.
    Verifies nothing: on a public path no token is looked at.

    Args:
        scope: Of the request or websocket.
        requirement: What the caller must hold in addition to what the middleware required.

    Raises:
        MissingToken: nobody was verified, because the path is public.
        InsufficientScope: the caller does not meet the requirement.
        ConfigurationError: the request has not passed an ``AccessTokenMiddleware``.
    """
    passage = _passage(scope, "principal_of")
    try:
        principal = _verified(passage)
        return principal if requirement is None else _held_to(requirement, principal)
    except Exception as error:  # noqa: BLE001  the same
        if passage.principal is not None and passage.lets_pass(error, scope):
            return passage.principal
        raise _noted(passage, error, scope)  # noqa: B904  its cause is set


def _verified(passage: Passage) -> Principal:
    if passage.principal is None:
        raise MissingToken(codes.MISSING_TOKEN)
    return passage.principal


def _passage(scope: Mapping[str, Any], who: str) -> Passage:
    passage = scope.get(PASSAGE)
    if not isinstance(passage, Passage):
        problem = "the request has not passed an AccessTokenMiddleware"
        raise ConfigurationError(who, problem, example=_EXAMPLE)
    return passage


async def _authenticated(passage: Passage, scope: Scope, gate: Gate | None) -> Principal:
    """The principal, as the middleware's resource server sees it, or that of another gate."""
    if gate is None:
        if passage.principal is None:
            principal, passage.cached = await passage.gate.authenticate(scope)
            passage.principal = scope["user"] = scope["auth"] = principal
        return passage.principal
    if passage.others is None:
        passage.others = {}
    if gate.server not in passage.others:
        passage.also_tell(gate)
        passage.others[gate.server], _ = await gate.authenticate(scope)
    return passage.others[gate.server]


def _held_to(requirement: Requirement, principal: Principal) -> Principal:
    if requirement.permits(principal) is not True:
        raise requirement.refusal(principal)
    return principal


def _noted(passage: Passage, error: Exception, scope: Mapping[str, Any], gate: Gate | None = None) -> Refusal:
    """The refusal that an error comes to: reported, and seen to be answered.

    It is raised anew: frames that judged the token have it in their variables, which error reports
    of an application would show.
    """
    refusal = refusal_for(error)
    passage.note(refusal, scope if isinstance(scope, MutableMapping) else dict(scope), gate)
    answer_refusals_of(scope)
    error.__traceback__ = None
    return refusal
