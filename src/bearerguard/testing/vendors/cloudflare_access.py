"""Cloudflare Access: the proxy in front of an API adds the token, in ``Cf-Access-Jwt-Assertion``.

There is a key set, but neither metadata nor a token endpoint. Here a token endpoint replaces the
proxy. A service token has its client in ``common_name`` and an empty ``sub``.

Sources:
https://developers.cloudflare.com/cloudflare-one/identity/authorization-cookie/application-token,
https://developers.cloudflare.com/cloudflare-one/identity/authorization-cookie/validating-json
"""

from typing import Any, Final

from bearerguard.error_codes import NOT_AN_ACCESS_TOKEN
from bearerguard.issuers.claim_rule import ClaimRule
from bearerguard.issuers.issuer import Issuer
from bearerguard.issuers.profile import Profile
from bearerguard.testing.shape import Claims, Directory, Document, Shape, Site, TokenContent, listed


def _is_service_token(claims: Any, _roles: frozenset[str]) -> bool:
    """``sub`` is empty and ``common_name`` is the client, as the vendor documents it."""
    return claims.get("sub") == "" and isinstance(claims.get("common_name"), str)


_PROFILE: Final = Profile(
    name="cloudflare_access",
    roles=(("custom", "roles"),),
    scopes=(),
    client=(("common_name",),),
    rules=(ClaimRule(("type",), NOT_AN_ACCESS_TOKEN, frozenset({"app"})),),
    is_application=_is_service_token,
)


def _documents(base_url: str, _directory: Directory) -> tuple[Document, ...]:
    access = f"{base_url}/cdn-cgi/access"
    return (Document((), base_url, f"{access}/certs", f"{access}/token"),)


def _application(token: TokenContent) -> Claims:
    """Cloudflare gives custom claims to users alone; here an application's roles are there, too."""
    claims: Claims = {
        "type": "app",
        "aud": [token.audience],
        "exp": token.expires_at,
        "iss": token.issuer,
        "common_name": token.client_id,
        "iat": token.issued_at,
        "sub": "",
    }
    return claims | _custom(token)


def _user(token: TokenContent) -> Claims:
    claims: Claims = {
        "aud": [token.audience],
        "email": token.mail,
        "exp": token.expires_at,
        "iat": token.issued_at,
        "nbf": token.issued_at,
        "iss": token.issuer,
        "type": "app",
        "identity_nonce": token.opaque("identity_nonce", 16),
        "sub": token.user,
        "country": "US",
    }
    return claims | _custom(token)


def _global_session_token(token: TokenContent) -> Claims:
    """``type`` is ``org``: for Cloudflare itself, and for no application."""
    return _user(token) | {"type": "org"}


def _custom(token: TokenContent) -> Claims:
    return {"custom": listed("roles", token.roles)} if token.roles else {}


def _trusted(site: Site, **settings: Any) -> tuple[Issuer, ...]:
    (document,) = _documents(site.base_url, site.directory)
    places = {} if {"jwks", "metadata_url"} & settings.keys() else {"jwks_uri": document.jwks_uri}
    return (Issuer(site.issuer, profile=_PROFILE, **{**places, **settings}),)


SHAPES: Final = (
    Shape(
        name="cloudflare_access",
        documents=_documents,
        application=_application,
        user=_user,
        id_token=_global_session_token,
        lifetime=86_400,
        scopes_of=(),
        trusted=_trusted,
    ),
)
