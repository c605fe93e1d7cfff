"""A local issuer seen from outside: asked over HTTP, its tokens verified by PyJWT alone."""

from collections.abc import Mapping
from typing import Any, Final

import httpx
import jwt

from bearerguard.testing import LocalIssuer

DEFAULT_SCOPE: Final = "api://orders/.default"
READER: Final = ("reader", "reader-secret")
FORMS: Final[Mapping[str, Mapping[str, str]]] = {
    "generic": {},
    "entra_v1": {"scope": DEFAULT_SCOPE},
    "entra_v2": {"scope": DEFAULT_SCOPE},
    "azure_b2c": {"scope": DEFAULT_SCOPE},
    "auth0": {"audience": "api://orders"},
    "keycloak": {},
    "cognito": {},
    "okta": {},
    "entra_external": {"scope": DEFAULT_SCOPE},
    "zitadel": {"scope": "openid"},
    "authentik": {},
    "hydra": {},
    "duende": {},
    "adfs": {},
    "cloudflare_access": {},
}
"""What a token request of each shape says beside the grant type."""


def http(issuer: LocalIssuer) -> httpx.AsyncClient:
    """A client whose every request ends at this issuer, whatever the host."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(issuer))


async def get(issuer: LocalIssuer, url: str, **headers: str) -> httpx.Response:
    """One GET; header names with ``_`` for ``-``."""
    async with http(issuer) as client:
        return await client.get(url, headers={name.replace("_", "-"): value for name, value in headers.items()})


async def ask(issuer: LocalIssuer, form: Mapping[str, str] | None = None, **request: Any) -> httpx.Response:
    """One token request; without ``form`` the one that gets ``reader`` a token in this shape."""
    if form is None:
        form = {"grant_type": "client_credentials", **FORMS[issuer.shape]}
        request.setdefault("auth", READER)
    async with http(issuer) as client:
        return await client.post(issuer.token_endpoint, data=form, **request)


def verified(issuer: LocalIssuer, token: str) -> dict[str, Any]:
    """The claims, once PyJWT has found the signing key in the published set and verified the signature under it.

    Times and audience are not judged: the issuer's clock is a fake one.
    """
    header = jwt.get_unverified_header(token)
    jwk = next(jwk for jwk in issuer.jwks()["keys"] if jwk["kid"] == header["kid"])
    key = jwt.PyJWK(jwk, algorithm=header["alg"])
    unjudged: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}
    return jwt.decode(token, key, algorithms=[header["alg"]], options=unjudged)


def minted(issuer: LocalIssuer, *what: Any, **more: Any) -> dict[str, Any]:
    """The verified claims of a token minted with these arguments."""
    return verified(issuer, issuer.mint(*what, **more))
