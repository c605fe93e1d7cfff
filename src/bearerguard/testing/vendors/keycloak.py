"""Keycloak 26: service accounts and users of a realm, with an audience mapper for the API.

Source: https://www.keycloak.org/docs/latest/server_admin/#_service_accounts
"""

from typing import Any, Final

from bearerguard.issuers.issuer import Issuer
from bearerguard.issuers.keycloak import keycloak
from bearerguard.testing.shape import Claims, Directory, Document, Shape, Site, TokenContent, well_known_urls


def _documents(base_url: str, directory: Directory) -> tuple[Document, ...]:
    issuer = f"{base_url}/realms/{directory.realm}"
    protocol = f"{issuer}/protocol/openid-connect"
    document = Document(
        well_known_urls(issuer),
        issuer,
        f"{protocol}/certs",
        f"{protocol}/token",
        authorization_endpoint=f"{protocol}/auth",
        introspection_endpoint=f"{protocol}/token/introspect",
        revocation_endpoint=f"{protocol}/revoke",
    )
    return (document,)


def _access(token: TokenContent) -> Claims:
    return {
        "exp": token.expires_at,
        "iat": token.issued_at,
        "iss": token.issuer,
        "aud": [token.audience, "account"],
        "typ": "Bearer",
        "azp": token.client_id,
        "acr": "1",
        "allowed-origins": ["/*"],
        "realm_access": {"roles": [f"default-roles-{token.directory.realm}", "offline_access", "uma_authorization"]},
        "resource_access": {
            token.audience: {"roles": list(token.roles)},
            "account": {"roles": ["manage-account", "manage-account-links", "view-profile"]},
        },
        "email_verified": False,
    }


def _application(token: TokenContent) -> Claims:
    """The client scope ``service_account`` adds ``client_id`` and where the client is."""
    return _access(token) | {
        "jti": f"trrtcc:{token.token_id}",
        "sub": token.object_id,
        "scope": " ".join(("profile", "email", *token.scopes)),
        "clientHost": "192.0.2.7",
        "preferred_username": f"service-account-{token.client_id}",
        "clientAddress": "192.0.2.7",
        "client_id": token.client_id,
    }


def _user(token: TokenContent) -> Claims:
    """Since Keycloak 25 there is no ``nonce``; a mapper brings it back."""
    return (
        _access(token)
        | {
            "jti": f"onrtac:{token.token_id}",
            "auth_time": token.issued_at,
            "sub": token.user,
            "sid": token.guid("sid"),
            "scope": " ".join(("openid", "profile", "email", *token.scopes)),
        }
        | _person(token)
    )


def _id_token(token: TokenContent) -> Claims:
    """``typ`` is ``ID``."""
    return {
        "exp": token.expires_at,
        "iat": token.issued_at,
        "auth_time": token.issued_at,
        "jti": token.token_id,
        "iss": token.issuer,
        "aud": token.client_id,
        "sub": token.user,
        "typ": "ID",
        "azp": token.client_id,
        "nonce": token.opaque("nonce"),
        "sid": token.guid("sid"),
        "at_hash": token.opaque("at_hash"),
        "acr": "1",
        "email_verified": False,
    } | _person(token)


def _person(token: TokenContent) -> Claims:
    return {"name": token.user, "preferred_username": token.user, "email": token.mail}


def _trusted(site: Site, **settings: Any) -> tuple[Issuer, ...]:
    return (keycloak(site.base_url, site.directory.realm, site.audience, **settings),)


SHAPES: Final = (
    Shape(
        name="keycloak",
        documents=_documents,
        application=_application,
        user=_user,
        id_token=_id_token,
        lifetime=300,
        trusted=_trusted,
        names_in_issuer=r"(?P<base>.+)/realms/(?P<realm>[^/]+)",
    ),
)
