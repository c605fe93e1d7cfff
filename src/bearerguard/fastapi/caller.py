"""The caller as a parameter of an endpoint."""

from typing import Annotated, Final, TypeAlias

from fastapi import Depends
from fastapi.security import SecurityScopes
from starlette.requests import HTTPConnection

from bearerguard.authorization.combination import Requirement
from bearerguard.authorization.requirement import authenticated
from bearerguard.fastapi.dependency import all_scopes, enforced
from bearerguard.principal import Principal
from bearerguard.web.declaration import note_scoped
from bearerguard.web.enforce import principal_of
from bearerguard.web.passage import PASSAGE

_ANYBODY: Final = authenticated()


async def current_principal(connection: HTTPConnection, security_scopes: SecurityScopes) -> Principal:
    """The verified caller. On a public route, where nobody looked at the token, it is verified now.

    ``Security(current_principal, scopes=["orders.read"])`` asks for scopes as well.

    Raises:
        AccessTokenError: there is no good token.
        IssuerUnavailable: the token cannot be verified now.
        ConfigurationError: there is neither a middleware nor a ``require`` with a resource server
            before it.
    """
    caller = await enforced(connection.scope, _anybody_with(security_scopes))
    return principal_of(connection.scope) if caller is None else caller


CurrentPrincipal: TypeAlias = Annotated[Principal, Depends(current_principal)]
"""A parameter that is the caller.

It asks for no permission and declares none: the start-up audit names a route with no more.
"""


async def optional_principal(connection: HTTPConnection, security_scopes: SecurityScopes) -> Principal | None:
    """The caller, or ``None`` where no credentials were sent. A token that was sent is verified.

    Raises:
        AccessTokenError: the token is refused, or lacks the scopes of ``Security(…)``.
        IssuerUnavailable: the token cannot be verified now.
        ConfigurationError: there is neither a middleware nor a ``require`` with a resource server
            before it.
    """
    asgi = connection.scope
    passage = asgi.get(PASSAGE)
    if passage is not None and passage.principal is None and not passage.gate.place.has_credentials(asgi):
        return None
    return await enforced(asgi, _anybody_with(security_scopes))


OptionalPrincipal: TypeAlias = Annotated[Principal | None, Depends(optional_principal)]
"""A parameter that is the caller, or ``None``.

It declares nothing: put ``@optional`` beneath ``@app.get``.
"""

note_scoped(current_principal)


def _anybody_with(security_scopes: SecurityScopes) -> Requirement:
    return all_scopes(security_scopes.scopes) if security_scopes.scopes else _ANYBODY
