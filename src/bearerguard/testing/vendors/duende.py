"""Duende IdentityServer: access tokens typed ``at+jwt``, whose ``scope`` is an array by default.

An application's own token has no ``sub``, and claims of the client begin with ``client_``. One
value of a claim is written as a string, several as an array.

Sources: https://docs.duendesoftware.com/identityserver/tokens,
https://docs.duendesoftware.com/identityserver/reference/v8/models/client (``ClientClaimsPrefix``)
"""

from typing import Any, Final

from bearerguard.issuers.profile import Profile
from bearerguard.testing.shape import (
    Claims,
    Directory,
    Document,
    Shape,
    TokenContent,
    id_token,
    one_or_several,
    well_known_urls,
    with_profile,
    without,
)


def _without_subject(claims: Any, _roles: frozenset[str]) -> bool:
    """Information about a user is in a token "in case of an interactive application" alone."""
    return "sub" not in claims and isinstance(claims.get("client_id"), str)


_PROFILE: Final = Profile(
    name="duende",
    roles=(("client_role",), ("role",)),
    roles_form="text",
    scopes=(("scope",),),
    client=(("client_id",),),
    client_required=True,
    is_application=_without_subject,
)


def _documents(base_url: str, _directory: Directory) -> tuple[Document, ...]:
    keys = f"{base_url}/.well-known/openid-configuration/jwks"
    document = Document(
        well_known_urls(base_url)[:1],
        base_url,
        keys,
        f"{base_url}/connect/token",
        authorization_endpoint=f"{base_url}/connect/authorize",
        introspection_endpoint=f"{base_url}/connect/introspect",
        revocation_endpoint=f"{base_url}/connect/revocation",
    )
    return (document,)


def _access(token: TokenContent) -> Claims:
    return {
        "iss": token.issuer,
        "nbf": token.issued_at,
        "iat": token.issued_at,
        "exp": token.expires_at,
        "aud": token.audience,
        "scope": list(token.scopes),
        "client_id": token.client_id,
        "jti": token.guid("jti").replace("-", "").upper(),
    }


def _application(token: TokenContent) -> Claims:
    return _access(token) | one_or_several("client_role", token.roles)


def _user(token: TokenContent) -> Claims:
    return _access(token) | _sign_in(token) | one_or_several("role", token.roles)


def _id_token(token: TokenContent) -> Claims:
    """ID tokens carry no client claim, and here no ``at_hash``."""
    return without(id_token(token), "at_hash") | _sign_in(token) | {"nbf": token.issued_at, "name": token.user}


def _sign_in(token: TokenContent) -> Claims:
    members: Claims = {"sub": token.user, "auth_time": token.issued_at, "idp": "local", "amr": ["pwd"]}
    return members | {"sid": token.guid("sid").replace("-", "").upper()}


SHAPES: Final = (
    Shape(
        name="duende",
        documents=_documents,
        application=_application,
        user=_user,
        id_token=_id_token,
        typ="at+jwt",
        trusted=with_profile(_PROFILE),
    ),
)
