"""Ory Hydra and Ory Network: JWT access tokens, which a client has to be switched to.

Claims of your own are under ``ext``. Access and ID tokens are signed by different keys of one set.

Sources: https://www.ory.sh/docs/oauth2-oidc/jwt-access-token,
https://www.ory.sh/docs/oauth2-oidc/client-credentials
"""

from collections.abc import Mapping
from typing import Final

from bearerguard.issuers.profile import Profile
from bearerguard.testing.shape import (
    Claims,
    Directory,
    Document,
    Requested,
    Shape,
    TokenContent,
    id_token,
    listed,
    well_known_urls,
    with_profile,
)

_PROFILE: Final = Profile(
    name="hydra",
    roles=(("ext", "roles"),),
    scopes=(("scp",), ("scope",)),
    client=(("client_id",),),
    client_required=True,
)


def _documents(base_url: str, _directory: Directory) -> tuple[Document, ...]:
    urls = well_known_urls(base_url)
    document = Document(
        urls,
        f"{base_url}/",
        f"{base_url}/.well-known/jwks.json",
        f"{base_url}/oauth2/token",
        authorization_endpoint=f"{base_url}/oauth2/auth",
        introspection_endpoint=f"{base_url}/admin/oauth2/introspect",
        revocation_endpoint=f"{base_url}/oauth2/revoke",
    )
    return (document,)


def _access(token: TokenContent, subject: str) -> Claims:
    return {
        "aud": [token.audience],
        "client_id": token.client_id,
        "exp": token.expires_at,
        "ext": listed("roles", token.roles),
        "iat": token.issued_at,
        "iss": token.issuer,
        "jti": token.token_id,
        "nbf": token.issued_at,
        "scp": list(token.scopes),
        "sub": subject,
    }


def _application(token: TokenContent) -> Claims:
    return _access(token, token.client_id)


def _user(token: TokenContent) -> Claims:
    return _access(token, token.user)


def _id_token(token: TokenContent) -> Claims:
    """ID tokens carry no client claim."""
    of_hydra: Claims = {"acr": "0", "amr": ["password"], "jti": token.token_id, "rat": token.issued_at}
    return id_token(token) | of_hydra | {"aud": [token.client_id]}


def _ask(form: Mapping[str, str]) -> Requested:
    """``audience`` names the API."""
    scope = form.get("scope")
    return Requested(form.get("audience"), None if scope is None else tuple(scope.split()))


SHAPES: Final = (
    Shape(
        name="hydra",
        documents=_documents,
        application=_application,
        user=_user,
        id_token=_id_token,
        ask=_ask,
        trusted=with_profile(_PROFILE),
        names_in_issuer=r"(?P<base>.+)/",
    ),
)
