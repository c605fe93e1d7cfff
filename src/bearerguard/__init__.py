"""Protects ASGI APIs with OAuth 2.0 access tokens.

::

    api = ResourceServer(issuers=[entra(tenant_id="…")], audience="api://orders")

    @requires(role("Read.All"))
    async def list_orders(request): ...

    guard = Middleware(AccessTokenMiddleware, resource_server=api)
    app = Starlette(routes=[Route("/orders", list_orders)], middleware=[guard])

One request is one straight line; read ``resource_server.py`` first. Names are loaded when they are
first used: a service that only obtains tokens loads no verifier, one that only verifies no client.

Public modules have an ``__all__``; README lists them. Every other module is private, whatever its
name, and may change in any release.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

from bearerguard.lazy import lazy_names

if TYPE_CHECKING:
    from bearerguard._explain import Explanation, explain
    from bearerguard.authorization.path_policy import PathPolicy
    from bearerguard.authorization.requirement import application, authenticated, client, delegated, role, scope, tenant
    from bearerguard.client.client_credentials import ClientCredentials
    from bearerguard.errors import (
        AccessTokenError,
        BearerguardError,
        ConfigurationError,
        InsufficientScope,
        InvalidRequest,
        InvalidToken,
        IssuerUnavailable,
        MissingToken,
        Refusal,
        TokenRequestError,
        Undecided,
    )
    from bearerguard.events import Event
    from bearerguard.introspection.introspection import Introspection
    from bearerguard.issuers.auth0 import auth0
    from bearerguard.issuers.azure_b2c import azure_b2c
    from bearerguard.issuers.cognito import cognito
    from bearerguard.issuers.entra import entra, entra_multitenant
    from bearerguard.issuers.entra_external import entra_external
    from bearerguard.issuers.issuer import Issuer
    from bearerguard.issuers.keycloak import keycloak
    from bearerguard.issuers.oidc import oidc
    from bearerguard.issuers.okta import okta
    from bearerguard.principal import Principal
    from bearerguard.resource_server import ResourceServer
    from bearerguard.version import __version__
    from bearerguard.web.audit import audit
    from bearerguard.web.decorator import optional, public, requires
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
    "Event",
    "Explanation",
    "InsufficientScope",
    "Introspection",
    "InvalidRequest",
    "InvalidToken",
    "Issuer",
    "IssuerUnavailable",
    "MissingToken",
    "PathPolicy",
    "Principal",
    "Refusal",
    "ResourceServer",
    "TokenRequestError",
    "Undecided",
    "__version__",
    "application",
    "audit",
    "auth0",
    "authenticated",
    "azure_b2c",
    "client",
    "cognito",
    "delegated",
    "entra",
    "entra_external",
    "entra_multitenant",
    "explain",
    "keycloak",
    "oidc",
    "okta",
    "optional",
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
    "_explain": "Explanation explain",
    "authorization.path_policy": "PathPolicy",
    "authorization.requirement": "application authenticated client delegated role scope tenant",
    "client.client_credentials": "ClientCredentials",
    "errors": (
        "AccessTokenError BearerguardError ConfigurationError InsufficientScope InvalidRequest InvalidToken IssuerUnavailable "
        "MissingToken Refusal TokenRequestError Undecided"
    ),
    "events": "Event",
    "introspection.introspection": "Introspection",
    "issuers.auth0": "auth0",
    "issuers.azure_b2c": "azure_b2c",
    "issuers.cognito": "cognito",
    "issuers.entra": "entra entra_multitenant",
    "issuers.entra_external": "entra_external",
    "issuers.issuer": "Issuer",
    "issuers.keycloak": "keycloak",
    "issuers.oidc": "oidc",
    "issuers.okta": "okta",
    "principal": "Principal",
    "resource_server": "ResourceServer",
    "version": "__version__",
    "web.audit": "audit",
    "web.enforce": "principal_of",
    "web.decorator": "optional public requires",
    "web.metadata": "protected_resource_metadata resource_metadata_url",
    "web.middleware": "AccessTokenMiddleware",
    "web.readiness": "readiness",
}

# The room client/ and the requirement client() share a name. Python binds the name of a room once,
# when the room is first imported: that is done here and undone, so that the requirement keeps it.
import_module("bearerguard.client")
del globals()["client"]

_ELSEWHERE: Final = {"bearerguard.fastapi": "require CurrentPrincipal OptionalPrincipal document_security"}

__getattr__, __dir__ = lazy_names(__name__, _HOMES, _ELSEWHERE)
