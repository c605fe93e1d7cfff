"""Protects ASGI APIs with OAuth 2.0 access tokens."""

from bearerguard.authorization.requirement import application, authenticated, client, delegated, role, scope, tenant
from bearerguard.errors import (
    AccessTokenError,
    BearerguardError,
    ConfigurationError,
    InsufficientScope,
    IssuerUnavailable,
    TokenRequestError,
)
from bearerguard.issuers.issuer import Issuer
from bearerguard.principal import Principal
from bearerguard.resource_server import ResourceServer

__all__ = [
    "AccessTokenError",
    "BearerguardError",
    "ConfigurationError",
    "InsufficientScope",
    "Issuer",
    "IssuerUnavailable",
    "Principal",
    "ResourceServer",
    "TokenRequestError",
    "application",
    "authenticated",
    "client",
    "delegated",
    "role",
    "scope",
    "tenant",
]
