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
    return (Document(urls, issuer, f"{issuer}/v1/keys", f"{issuer}/v1/token"),)


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
    return _application(token) | {"sub": token.user, "uid": token.user}


def _trusted(site: Site, **settings: Any) -> tuple[Issuer, ...]:
    return (okta(site.issuer, **settings),)


SHAPES: Final = (
    Shape(
        name="okta",
        documents=_documents,
        application=_application,
        user=_user,
        typ=None,
        trusted=_trusted,
        names_in_issuer=r"(?P<base>.+)/oauth2/(?P<authorization_server>[^/]+)",
    ),
)
