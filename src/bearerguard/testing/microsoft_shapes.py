"""Microsoft Entra ID (v1 and v2 tokens) and Azure AD B2C, as their documentation shows them.

A tenant of Entra serves both metadata documents whatever its tokens are: the API's registration decides the version of its
tokens, not the endpoint that the client asked (R95). Their keys have no ``alg``.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from bearerguard.testing.shape import Claims, Directory, Document, Grant, Request, Shape
from bearerguard.testing.signing_key import base64url
from bearerguard.testing.token_refusal import AZURE_B2C as B2C_REFUSALS
from bearerguard.testing.token_refusal import ENTRA as ENTRA_REFUSALS
from bearerguard.testing.token_refusal import Reason, TokenRefused

_SUFFIX: Final = "/.default"


def _v1_document(base_url: str, directory: Directory) -> Document:
    tenant = f"{base_url}/{directory.tenant_id}"
    return Document(
        urls=(f"{tenant}/.well-known/openid-configuration",),
        issuer=f"https://sts.windows.net/{directory.tenant_id}/",  # R73: not the place where the document is
        jwks_uri=f"{tenant}/discovery/keys",
        token_endpoint=f"{tenant}/oauth2/token",
        more={"authorization_endpoint": f"{tenant}/oauth2/authorize"},
        any_tenant=f"{base_url}/{{tenant}}/oauth2/token",
    )


def _v2_document(base_url: str, directory: Directory) -> Document:
    tenant = f"{base_url}/{directory.tenant_id}"
    return Document(
        urls=(f"{tenant}/v2.0/.well-known/openid-configuration",),
        issuer=f"{tenant}/v2.0",
        jwks_uri=f"{tenant}/discovery/v2.0/keys",
        token_endpoint=f"{tenant}/oauth2/v2.0/token",
        more={"authorization_endpoint": f"{tenant}/oauth2/v2.0/authorize"},  # msal refuses a document without it
        any_tenant=f"{base_url}/{{tenant}}/oauth2/v2.0/token",
    )


def _v1_documents(base_url: str, directory: Directory) -> tuple[Document, ...]:
    return _v1_document(base_url, directory), _v2_document(base_url, directory)


def _v2_documents(base_url: str, directory: Directory) -> tuple[Document, ...]:
    return _v2_document(base_url, directory), _v1_document(base_url, directory)


def _b2c_documents(base_url: str, directory: Directory) -> tuple[Document, ...]:
    """R109: metadata, keys and token endpoint belong to one policy; the issuer names the tenant alone."""
    policy = f"{base_url}/{directory.tenant_name}.onmicrosoft.com/{directory.policy}"
    document = Document(
        urls=(f"{policy}/v2.0/.well-known/openid-configuration",),
        issuer=f"{base_url}/{directory.tenant_id}/v2.0/",
        jwks_uri=f"{policy}/discovery/v2.0/keys",
        token_endpoint=f"{policy}/oauth2/v2.0/token",
        more={"authorization_endpoint": f"{policy}/oauth2/v2.0/authorize"},
    )
    return (document,)


def _common_claims(grant: Grant) -> Claims:
    digest = hashlib.sha256(grant.token_id.encode()).digest()
    claims: Claims = {
        "aud": grant.audience,
        "iss": grant.issuer,
        "iat": grant.issued_at,
        "nbf": grant.issued_at,
        "exp": grant.expires_at,
        "aio": base64url(digest[:20]),
        "oid": grant.object_id,
        "rh": f"0.{base64url(digest[:24])}.",
        "sub": grant.object_id,
        "tid": grant.directory.tenant_id,
        "uti": base64url(digest[16:]),
    }
    if grant.roles:
        claims["roles"] = list(grant.roles)  # no role leaves the claim out
    if grant.scopes:
        claims["scp"] = " ".join(grant.scopes)
    return claims


def _credential(grant: Grant) -> str:
    return "2" if grant.by_key else "1"  # R102: 1 secret, 2 certificate


def _v1_claims(grant: Grant) -> Claims:
    """https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference"""
    idp = f"https://sts.windows.net/{grant.directory.tenant_id}/"
    more = {"appid": grant.client_id, "appidacr": _credential(grant), "idp": idp, "ver": "1.0"}
    return _common_claims(grant) | more


def _v2_claims(grant: Grant) -> Claims:
    """https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference"""
    return _common_claims(grant) | {"azp": grant.client_id, "azpacr": _credential(grant), "ver": "2.0"}


def _b2c_claims(grant: Grant) -> Claims:
    """https://learn.microsoft.com/en-us/azure/active-directory-b2c/client-credentials-grant-flow and …/tokens-overview"""
    claims = _v1_claims(grant)
    for name in ("rh", "uti"):
        del claims[name]
    return claims


def _for_entra_user(_grant: Grant, user: str) -> Claims:
    return {"sub": user, "oid": user, "name": user}


def _for_b2c_user(grant: Grant, user: str) -> Claims:
    """R110; the directory's own members are missing in tokens of users."""
    gone = dict.fromkeys(("aio", "appid", "appidacr", "idp", "oid", "tid"))
    return {**gone, "sub": user, "azp": grant.client_id, "tfp": grant.directory.policy}


def _entra_jwk(jwk: dict[str, Any], document: Document) -> dict[str, Any]:
    shown = {name: value for name, value in jwk.items() if name != "alg"} | {"x5t": jwk["kid"]}
    if document.issuer.endswith("/v2.0"):
        shown["issuer"] = document.issuer  # R97: only the v2 key sets name the issuer
    return shown


def _b2c_jwk(jwk: dict[str, Any], _document: Document) -> dict[str, Any]:
    return {name: value for name, value in jwk.items() if name != "alg"}


def _ask_for_default_scope(form: Mapping[str, str]) -> Request:
    """https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow"""
    if "scope" not in form and "resource" in form:
        return Request(form["resource"], None)  # the v1 endpoint
    if "scope" not in form:
        raise TokenRefused(Reason.MISSING_PARAMETER, "scope")
    resource, suffix, rest = form["scope"].rpartition(_SUFFIX)
    if not suffix or rest or not resource or " " in resource:
        raise TokenRefused(Reason.INVALID_SCOPE, form["scope"])
    return Request(resource, None)


def _entra_answer(grant: Grant) -> dict[str, Any]:
    return {"expires_in": grant.lifetime - 1, "ext_expires_in": grant.lifetime - 1}


def _b2c_answer(grant: Grant) -> dict[str, Any]:
    times = {"not_before": grant.issued_at, "expires_in": grant.lifetime, "expires_on": grant.expires_at}
    return {**times, "resource": grant.audience}


ENTRA_V1: Final = Shape(
    "entra_v1",
    _v1_documents,
    _v1_claims,
    _for_entra_user,
    has_scopes=False,
    jwk=_entra_jwk,
    names_x5t=True,
    ask=_ask_for_default_scope,
    answer=_entra_answer,
    refusals=ENTRA_REFUSALS,
)
ENTRA_V2: Final = Shape(
    "entra_v2",
    _v2_documents,
    _v2_claims,
    _for_entra_user,
    has_scopes=False,
    jwk=_entra_jwk,
    ask=_ask_for_default_scope,
    answer=_entra_answer,
    refusals=ENTRA_REFUSALS,
)
AZURE_B2C: Final = Shape(
    "azure_b2c",
    _b2c_documents,
    _b2c_claims,
    _for_b2c_user,
    lifetime=300,
    has_scopes=False,
    jwk=_b2c_jwk,
    ask=_ask_for_default_scope,
    answer=_b2c_answer,
    refusals=B2C_REFUSALS,
)
