"""Amazon Cognito: access tokens of a user pool. They have no ``aud``; the client takes its place.

Source: docs.aws.amazon.com/cognito/latest/developerguide,
amazon-cognito-user-pools-using-the-access-token.html
"""

from typing import Any, Final

from bearerguard.issuers.cognito import cognito
from bearerguard.issuers.issuer import Issuer
from bearerguard.testing.shape import Claims, Directory, Document, Shape, Site, TokenContent, listed, spaced


def _documents(base_url: str, directory: Directory) -> tuple[Document, ...]:
    issuer = f"{base_url}/{directory.user_pool_id}"
    urls = (f"{issuer}/.well-known/openid-configuration",)
    keys, token = f"{issuer}/.well-known/jwks.json", f"{base_url}/oauth2/token"
    return (Document(urls, issuer, keys, token, authorization_endpoint=f"{base_url}/oauth2/authorize"),)


def _application(token: TokenContent) -> Claims:
    """Cognito gives groups to users alone; here an application's roles become groups, too."""
    claims: Claims = {
        "sub": token.client_id,
        "token_use": "access",
        "auth_time": token.issued_at,
        "iss": token.issuer,
        "exp": token.expires_at,
        "iat": token.issued_at,
        "version": 2,
        "jti": token.token_id,
        "client_id": token.client_id,
    }
    return claims | spaced("scope", token.scopes) | listed("cognito:groups", token.roles)


def _user(token: TokenContent) -> Claims:
    members = {"sub": token.user, "username": token.user} | _sign_in(token)
    return _application(token) | members | spaced("scope", ("openid", *token.scopes))


def _id_token(token: TokenContent) -> Claims:
    """``aud`` is the client, and ``token_use`` is ``id``."""
    claims: Claims = {
        "at_hash": token.opaque("at_hash"),
        "sub": token.user,
        "email_verified": True,
        "iss": token.issuer,
        "cognito:username": token.user,
        "nonce": token.opaque("nonce"),
        "aud": token.client_id,
        "token_use": "id",
        "auth_time": token.issued_at,
        "exp": token.expires_at,
        "iat": token.issued_at,
        "jti": token.token_id,
        "email": token.mail,
    }
    return claims | _sign_in(token) | listed("cognito:groups", token.roles)


def _sign_in(token: TokenContent) -> Claims:
    return {"origin_jti": token.guid("origin_jti"), "event_id": token.guid("event_id")}


def _trusted(site: Site, **settings: Any) -> tuple[Issuer, ...]:
    directory = site.directory
    return cognito(directory.region, directory.user_pool_id, site.clients, base_url=site.base_url, **settings)


SHAPES: Final = (
    Shape(
        name="cognito",
        documents=_documents,
        application=_application,
        user=_user,
        id_token=_id_token,
        typ=None,
        id_typ=None,
        audience_claim="client_id",
        clients_are_audience=True,
        trusted=_trusted,
        names_in_issuer=r"(?P<base>.+)/(?P<user_pool_id>(?P<region>[^/_]+)_[^/]+)",
    ),
)
