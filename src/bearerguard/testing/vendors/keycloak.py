"""Keycloak: service accounts and users of a realm, with an audience mapper for the API.

Source: https://www.keycloak.org/docs/latest/server_admin/#_service_accounts
"""

from typing import Any, Final

from bearerguard.issuers.issuer import Issuer
from bearerguard.issuers.keycloak import keycloak
from bearerguard.testing.shape import Claims, Directory, Document, Shape, Site, TokenContent, well_known_urls


def _documents(base_url: str, directory: Directory) -> tuple[Document, ...]:
    issuer = f"{base_url}/realms/{directory.realm}"
    protocol = f"{issuer}/protocol/openid-connect"
    return (Document(well_known_urls(issuer), issuer, f"{protocol}/certs", f"{protocol}/token"),)


def _application(token: TokenContent) -> Claims:
    return {
        "exp": token.expires_at,
        "iat": token.issued_at,
        "jti": token.token_id,
        "iss": token.issuer,
        "aud": [token.audience, "account"],
        "sub": token.object_id,
        "typ": "Bearer",
        "azp": token.client_id,
        "acr": "1",
        "realm_access": {"roles": [f"default-roles-{token.directory.realm}", "offline_access", "uma_authorization"]},
        "resource_access": {token.audience: {"roles": list(token.roles)}, "account": {"roles": ["view-profile"]}},
        "scope": " ".join(("profile", "email", *token.scopes)),
        "email_verified": False,
        "preferred_username": f"service-account-{token.client_id}",
        "client_id": token.client_id,
    }


def _user(token: TokenContent) -> Claims:
    claims = _application(token) | {"sub": token.user, "sid": token.token_id, "preferred_username": token.user}
    del claims["client_id"]
    return claims


def _trusted(site: Site, **settings: Any) -> tuple[Issuer, ...]:
    return (keycloak(site.base_url, site.directory.realm, site.audience, **settings),)


SHAPES: Final = (
    Shape(
        name="keycloak",
        documents=_documents,
        application=_application,
        user=_user,
        lifetime=300,
        trusted=_trusted,
        names_in_issuer=r"(?P<base>.+)/realms/(?P<realm>[^/]+)",
    ),
)
