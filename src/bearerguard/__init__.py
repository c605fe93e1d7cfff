"""Protects ASGI APIs with OAuth 2.0 access tokens.

::

    api = ResourceServer(issuers=[entra(tenant_id="…")], audience="api://orders")

    @requires(role("Read.All"))
    async def list_orders(request): ...

    app = Starlette(routes=[Route("/orders", list_orders)], middleware=[Middleware(AccessTokenMiddleware, resource_server=api)])

One request is one straight line; ``resource_server.py`` is the file to read first. Names are loaded on first use, so that a
service which only obtains tokens loads no verifier, and one which only verifies loads no client.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from bearerguard.authorization.path_policy import PathPolicy
    from bearerguard.authorization.requirement import application, authenticated, client, delegated, role, scope, tenant
    from bearerguard.client.client_credentials import ClientCredentials
    from bearerguard.errors import (
        AccessTokenError,
        BearerguardError,
        ConfigurationError,
        InsufficientScope,
        IssuerUnavailable,
        TokenRequestError,
    )
    from bearerguard.issuers.auth0 import auth0
    from bearerguard.issuers.azure_b2c import azure_b2c
    from bearerguard.issuers.cognito import cognito
    from bearerguard.issuers.entra import entra, entra_multitenant
    from bearerguard.issuers.issuer import Issuer
    from bearerguard.issuers.keycloak import keycloak
    from bearerguard.issuers.oidc import oidc
    from bearerguard.issuers.okta import okta
    from bearerguard.principal import Principal
    from bearerguard.resource_server import ResourceServer
    from bearerguard.web.audit import audit
    from bearerguard.web.decorator import public, requires
    from bearerguard.web.enforce import principal_of
    from bearerguard.web.metadata import protected_resource_metadata, resource_metadata_url
    from bearerguard.web.middleware import AccessTokenMiddleware
    from bearerguard.web.readiness import readiness

__all__ = [
    "AccessTokenError",
    "AccessTokenMiddleware",
    "BearerguardError",
    "ClientCredentials",
    "ConfigurationError",
    "InsufficientScope",
    "Issuer",
    "IssuerUnavailable",
    "PathPolicy",
    "Principal",
    "ResourceServer",
    "TokenRequestError",
    "application",
    "audit",
    "auth0",
    "authenticated",
    "azure_b2c",
    "client",
    "cognito",
    "delegated",
    "entra",
    "entra_multitenant",
    "keycloak",
    "oidc",
    "okta",
    "principal_of",
    "protected_resource_metadata",
    "public",
    "readiness",
    "requires",
    "resource_metadata_url",
    "role",
    "scope",
    "tenant",
]

_HOMES: Final = {
    "authorization.path_policy": "PathPolicy",
    "authorization.requirement": "application authenticated client delegated role scope tenant",
    "client.client_credentials": "ClientCredentials",
    "errors": "AccessTokenError BearerguardError ConfigurationError InsufficientScope IssuerUnavailable TokenRequestError",
    "issuers.auth0": "auth0",
    "issuers.azure_b2c": "azure_b2c",
    "issuers.cognito": "cognito",
    "issuers.entra": "entra entra_multitenant",
    "issuers.issuer": "Issuer",
    "issuers.keycloak": "keycloak",
    "issuers.oidc": "oidc",
    "issuers.okta": "okta",
    "principal": "Principal",
    "resource_server": "ResourceServer",
    "web.audit": "audit",
    "web.enforce": "principal_of",
    "web.decorator": "public requires",
    "web.metadata": "protected_resource_metadata resource_metadata_url",
    "web.middleware": "AccessTokenMiddleware",
    "web.readiness": "readiness",
}
_HOME_OF: Final = {name: home for home, names in _HOMES.items() for name in names.split()}

# The room client/ and the requirement client() share a name. Python binds a room's name once, when it is first imported: that
# is done here, and undone, so that the name means the requirement ever after.
import_module("bearerguard.client")
del globals()["client"]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
