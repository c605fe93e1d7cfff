"""Auth0: tokens of its default profile, with RBAC and permissions switched on.

Source: https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles
"""

from collections.abc import Mapping
from typing import Any, Final

from bearerguard.issuers.auth0 import auth0
from bearerguard.issuers.issuer import Issuer
from bearerguard.testing.shape import Claims, Directory, Document, Requested, Shape, Site, TokenContent, spaced, without
from bearerguard.testing.token_refusal import Reason, RefusalStyle, TokenRefused, Wording, rfc_body


def _documents(base_url: str, _directory: Directory) -> tuple[Document, ...]:
    issuer = f"{base_url}/"  # Auth0's `iss` ends in a slash
    urls = (f"{base_url}/.well-known/openid-configuration",)
    keys, token = f"{base_url}/.well-known/jwks.json", f"{base_url}/oauth/token"
    return (Document(urls, issuer, keys, token, authorization_endpoint=f"{base_url}/authorize"),)


def _application(token: TokenContent) -> Claims:
    claims: Claims = {
        "iss": token.issuer,
        "sub": f"{token.client_id}@clients",
        "aud": token.audience,
        "iat": token.issued_at,
        "exp": token.expires_at,
        "gty": "client-credentials",
        "azp": token.client_id,
        "permissions": list(token.roles),
    }
    return claims | spaced("scope", (*token.roles, *token.scopes))


def _user(token: TokenContent) -> Claims:
    """``aud`` also names the endpoint ``/userinfo``, where the client asked for ``openid``."""
    about = {"sub": token.user, "aud": [token.audience, f"{token.issuer}userinfo"]}
    return without(_application(token), "gty") | about | spaced("scope", ("openid", "profile", "email", *token.scopes))


def _id_token(token: TokenContent) -> Claims:
    """https://auth0.com/docs/secure/tokens/id-tokens/id-token-structure"""
    return {
        "nickname": token.user,
        "name": token.user,
        "picture": f"https://s.gravatar.com/avatar/{token.opaque('picture')}",
        "updated_at": "2026-01-01T12:00:00.000Z",
        "email": token.mail,
        "email_verified": True,
        "iss": token.issuer,
        "aud": token.client_id,
        "sub": token.user,
        "iat": token.issued_at,
        "exp": token.expires_at,
        "sid": token.opaque("sid", 32),
        "nonce": token.opaque("nonce"),
    }


def _ask(form: Mapping[str, str]) -> Requested:
    if "audience" not in form:
        raise TokenRefused(Reason.MISSING_PARAMETER, "audience")
    return Requested(form["audience"], None)


def _answer(token: TokenContent) -> dict[str, Any]:
    return {"expires_in": token.lifetime, **spaced("scope", (*token.roles, *token.scopes))}


def _trusted(site: Site, **settings: Any) -> tuple[Issuer, ...]:
    return (auth0("contoso.eu.auth0.com", base_url=site.base_url, **settings),)


_UNAUTHORIZED: Final = Wording(401, "access_denied", "Unauthorized")
REFUSALS: Final = RefusalStyle(
    {
        Reason.MISSING_PARAMETER: Wording(403, "access_denied", "No {detail} parameter was provided"),
        Reason.NO_CREDENTIALS: _UNAUTHORIZED,
        Reason.UNKNOWN_CLIENT: _UNAUTHORIZED,
        Reason.WRONG_SECRET: _UNAUTHORIZED,
        Reason.UNSUPPORTED_GRANT_TYPE: Wording(403, "unsupported_grant_type", "Unsupported grant type: {detail}"),
        Reason.UNKNOWN_RESOURCE: Wording(403, "access_denied", "Service not found: {detail}"),
    },
    rfc_body,
)
"""Answers observed at the endpoint of
https://auth0.com/docs/get-started/authentication-and-authorization-flow/client-credentials-flow
"""

SHAPES: Final = (
    Shape(
        name="auth0",
        documents=_documents,
        application=_application,
        user=_user,
        id_token=_id_token,
        lifetime=86_400,
        ask=_ask,
        answer=_answer,
        refusals=REFUSALS,
        trusted=_trusted,
        names_in_issuer=r"(?P<base>.+)/",
    ),
)
