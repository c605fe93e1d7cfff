"""The shapes a local issuer can take."""

from collections.abc import Mapping
from typing import Any, Final

from bearerguard.errors import ConfigurationError
from bearerguard.testing.microsoft_shapes import AZURE_B2C, ENTRA_V1, ENTRA_V2
from bearerguard.testing.shape import Claims, Directory, Document, Grant, Request, Shape
from bearerguard.testing.token_refusal import AUTH0 as AUTH0_REFUSALS
from bearerguard.testing.token_refusal import Reason, TokenRefused
from bearerguard.testing.well_known import well_known_urls


def _generic_documents(base_url: str, _directory: Directory) -> tuple[Document, ...]:
    root = base_url.rstrip("/")
    return (Document(well_known_urls(base_url), base_url, f"{root}/jwks", f"{root}/token"),)


def _generic_claims(grant: Grant) -> Claims:
    """RFC 9068 §2.2."""
    claims: Claims = {
        "iss": grant.issuer,
        "exp": grant.expires_at,
        "aud": grant.audience,
        "sub": grant.client_id,
        "client_id": grant.client_id,
        "iat": grant.issued_at,
        "jti": grant.token_id,
    }
    return claims | _names("scope", grant.scopes) | ({"roles": list(grant.roles)} if grant.roles else {})


def _for_subject(_grant: Grant, user: str) -> Claims:
    return {"sub": user}


def _auth0_documents(base_url: str, _directory: Directory) -> tuple[Document, ...]:
    issuer = f"{base_url}/"  # R112: the issuer ends in a slash
    urls = (f"{base_url}/.well-known/openid-configuration",)
    return (Document(urls, issuer, f"{base_url}/.well-known/jwks.json", f"{base_url}/oauth/token"),)


def _auth0_claims(grant: Grant) -> Claims:
    """https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles, default profile, RBAC with permissions."""
    claims: Claims = {
        "iss": grant.issuer,
        "sub": f"{grant.client_id}@clients",
        "aud": grant.audience,
        "iat": grant.issued_at,
        "exp": grant.expires_at,
        "gty": "client-credentials",
        "azp": grant.client_id,
        "permissions": list(grant.roles),
    }
    return claims | _names("scope", (*grant.roles, *grant.scopes))


def _ask_for_audience(form: Mapping[str, str]) -> Request:
    if "audience" not in form:
        raise TokenRefused(Reason.MISSING_PARAMETER, "audience")
    return Request(form["audience"], None)


def _for_auth0_user(_grant: Grant, user: str) -> Claims:
    return {"sub": user, "gty": None}


def _auth0_answer(grant: Grant) -> dict[str, Any]:
    return {"expires_in": grant.lifetime, **_names("scope", (*grant.roles, *grant.scopes))}


def _keycloak_documents(base_url: str, directory: Directory) -> tuple[Document, ...]:
    issuer = f"{base_url}/realms/{directory.realm}"
    protocol = f"{issuer}/protocol/openid-connect"
    return (Document(well_known_urls(issuer), issuer, f"{protocol}/certs", f"{protocol}/token"),)


def _keycloak_claims(grant: Grant) -> Claims:
    """https://www.keycloak.org/docs/latest/server_admin/#_service_accounts, with an audience mapper (R115)."""
    return {
        "exp": grant.expires_at,
        "iat": grant.issued_at,
        "jti": grant.token_id,
        "iss": grant.issuer,
        "aud": [grant.audience, "account"],
        "sub": grant.object_id,
        "typ": "Bearer",
        "azp": grant.client_id,
        "acr": "1",
        "realm_access": {"roles": [f"default-roles-{grant.directory.realm}", "offline_access", "uma_authorization"]},
        "resource_access": {grant.audience: {"roles": list(grant.roles)}, "account": {"roles": ["view-profile"]}},
        "scope": " ".join(("profile", "email", *grant.scopes)),
        "email_verified": False,
        "preferred_username": f"service-account-{grant.client_id}",
        "client_id": grant.client_id,
    }


def _for_keycloak_user(grant: Grant, user: str) -> Claims:
    return {"sub": user, "client_id": None, "sid": grant.token_id, "preferred_username": user}


def _cognito_documents(base_url: str, directory: Directory) -> tuple[Document, ...]:
    issuer = f"{base_url}/{directory.user_pool_id}"
    urls = (f"{issuer}/.well-known/openid-configuration",)
    return (Document(urls, issuer, f"{issuer}/.well-known/jwks.json", f"{base_url}/oauth2/token"),)


def _cognito_claims(grant: Grant) -> Claims:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html

    No ``aud`` (R114). Cognito itself gives groups to users alone; here roles become groups for applications too.
    """
    claims: Claims = {
        "sub": grant.client_id,
        "token_use": "access",
        "auth_time": grant.issued_at,
        "iss": grant.issuer,
        "exp": grant.expires_at,
        "iat": grant.issued_at,
        "version": 2,
        "jti": grant.token_id,
        "client_id": grant.client_id,
    }
    return claims | _names("scope", grant.scopes) | ({"cognito:groups": list(grant.roles)} if grant.roles else {})


def _for_cognito_user(_grant: Grant, user: str) -> Claims:
    return {"sub": user, "username": user}


def _okta_documents(base_url: str, directory: Directory) -> tuple[Document, ...]:
    issuer = f"{base_url}/oauth2/{directory.authorization_server}"
    urls = (f"{issuer}/.well-known/openid-configuration", f"{issuer}/.well-known/oauth-authorization-server")
    return (Document(urls, issuer, f"{issuer}/v1/keys", f"{issuer}/v1/token"),)


def _okta_claims(grant: Grant) -> Claims:
    """https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/#access-token, custom authorization server."""
    claims: Claims = {
        "ver": 1,
        "jti": f"AT.{grant.token_id}",
        "iss": grant.issuer,
        "aud": grant.audience,
        "iat": grant.issued_at,
        "exp": grant.expires_at,
        "cid": grant.client_id,
        "scp": list(grant.scopes),
        "sub": grant.client_id,
    }
    return claims | ({"groups": list(grant.roles)} if grant.roles else {})


def _for_okta_user(_grant: Grant, user: str) -> Claims:
    return {"sub": user, "uid": user}


def _names(claim: str, names: tuple[str, ...]) -> dict[str, Any]:
    return {claim: " ".join(names)} if names else {}


AUTH0: Final = Shape(
    "auth0",
    _auth0_documents,
    _auth0_claims,
    _for_auth0_user,
    lifetime=86_400,
    ask=_ask_for_audience,
    answer=_auth0_answer,
    refusals=AUTH0_REFUSALS,
)
SHAPES: Final[Mapping[str, Shape]] = {
    shape.name: shape
    for shape in (
        Shape("generic", _generic_documents, _generic_claims, _for_subject, typ="at+jwt"),
        ENTRA_V1,
        ENTRA_V2,
        AZURE_B2C,
        AUTH0,
        Shape("keycloak", _keycloak_documents, _keycloak_claims, _for_keycloak_user, lifetime=300),
        Shape("cognito", _cognito_documents, _cognito_claims, _for_cognito_user),
        Shape("okta", _okta_documents, _okta_claims, _for_okta_user, typ=None),
    )
}
"""Every shape by its name."""


def shape_named(name: str | Shape) -> Shape:
    """The shape of a name; a shape stands for itself.

    Raises:
        ConfigurationError: there is none.
    """
    if isinstance(name, Shape):
        return name
    if name not in SHAPES:
        raise ConfigurationError("shape", f"expected one of {', '.join(SHAPES)}, got {name!r}", example='"entra_v2"')
    return SHAPES[name]
