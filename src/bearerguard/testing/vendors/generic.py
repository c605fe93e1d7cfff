"""Any OpenID Connect provider or RFC 8414 server; its access tokens follow RFC 9068."""

from typing import Final

from bearerguard.testing.shape import Claims, Directory, Document, Shape, TokenContent, listed, spaced, well_known_urls


def _documents(base_url: str, _directory: Directory) -> tuple[Document, ...]:
    root = base_url.rstrip("/")
    document = Document(
        well_known_urls(base_url),
        base_url,
        f"{root}/jwks",
        f"{root}/token",
        authorization_endpoint=f"{root}/authorize",
        introspection_endpoint=f"{root}/introspect",
        revocation_endpoint=f"{root}/revoke",
    )
    return (document,)


def _application(token: TokenContent) -> Claims:
    """RFC 9068 §2.2."""
    claims: Claims = {
        "iss": token.issuer,
        "exp": token.expires_at,
        "aud": token.audience,
        "sub": token.client_id,
        "client_id": token.client_id,
        "iat": token.issued_at,
        "jti": token.token_id,
    }
    return claims | spaced("scope", token.scopes) | listed("roles", token.roles)


def _user(token: TokenContent) -> Claims:
    """RFC 9068 §2.2.1 adds when and how the user signed in."""
    signed_in: Claims = {"auth_time": token.issued_at, "acr": "1", "amr": ["pwd"]}
    return _application(token) | {"sub": token.user} | signed_in


SHAPES: Final = (Shape(name="generic", documents=_documents, application=_application, user=_user, typ="at+jwt"),)
