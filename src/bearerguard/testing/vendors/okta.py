"""Okta: a custom authorization server. Tokens of its organization server cannot be verified.

Source: https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/#access-token
"""

from typing import Any, Final

from bearerguard.issuers.issuer import Issuer
from bearerguard.issuers.okta import okta
from bearerguard.testing.shape import Claims, Directory, Document, Shape, Site, TokenContent, listed


def _documents(base_url: str, directory: Directory) -> tuple[Document, ...]:
    issuer = f"{base_url}/oauth2/{directory.authorization_server}"
    urls = (f"{issuer}/.well-known/openid-configuration", f"{issuer}/.well-known/oauth-authorization-server")
    document = Document(
        urls,
        issuer,
        f"{issuer}/v1/keys",
        f"{issuer}/v1/token",
        authorization_endpoint=f"{issuer}/v1/authorize",
        introspection_endpoint=f"{issuer}/v1/introspect",
        revocation_endpoint=f"{issuer}/v1/revoke",
    )
    return (document,)


def _application(token: TokenContent) -> Claims:
    claims: Claims = {
        "ver": 1,
        "jti": f"AT.{token.token_id}",
        "iss": token.issuer,
        "aud": token.audience,
        "iat": token.issued_at,
        "exp": token.expires_at,
        "cid": token.client_id,
        "scp": list(token.scopes),
        "sub": token.client_id,
    }
    return claims | listed("groups", token.roles)


def _user(token: TokenContent) -> Claims:
    members = {"sub": token.user, "uid": f"00u{token.opaque('uid', 17)}", "auth_time": token.issued_at}
    return _application(token) | members | {"scp": ["openid", "profile", *token.scopes]}


def _id_token(token: TokenContent) -> Claims:
    """https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/#id-token"""
    return {
        "sub": f"00u{token.opaque('uid', 17)}",
        "name": token.user,
        "email": token.mail,
        "ver": 1,
        "iss": token.issuer,
        "aud": token.client_id,
        "iat": token.issued_at,
        "exp": token.expires_at,
        "jti": f"ID.{token.token_id}",
        "amr": ["pwd"],
        "idp": f"00o{token.opaque('idp', 17)}",
        "nonce": token.opaque("nonce"),
        "preferred_username": token.mail,
        "auth_time": token.issued_at,
        "at_hash": token.opaque("at_hash"),
    }


def _trusted(site: Site, **settings: Any) -> tuple[Issuer, ...]:
    return (okta(site.issuer, **settings),)


SHAPES: Final = (
    Shape(
        name="okta",
        documents=_documents,
        application=_application,
        user=_user,
        id_token=_id_token,
        typ=None,
        id_typ=None,
        trusted=_trusted,
        names_in_issuer=r"(?P<base>.+)/oauth2/(?P<authorization_server>[^/]+)",
    ),
)
