"""Microsoft Entra ID: v1 and v2 tokens of one tenant.

A tenant serves both metadata documents: the API's registration decides the version of its tokens,
not the endpoint that the client asked. The published keys have no ``alg``.

Sources: https://learn.microsoft.com/en-us/entra/identity-platform/access-tokens,
https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from bearerguard.checks import GUID
from bearerguard.issuers.entra import entra
from bearerguard.issuers.issuer import Issuer
from bearerguard.testing.shape import Claims, Directory, Document, Requested, Shape, Site, TokenContent, listed, spaced, without
from bearerguard.testing.token_refusal import Incident, Reason, RefusalStyle, TokenRefused, Wording

_SUFFIX: Final = "/.default"
_GUID: Final = re.compile(GUID, re.IGNORECASE)


def _v1_document(base_url: str, directory: Directory) -> Document:
    tenant = f"{base_url}/{directory.tenant_id}"
    return Document(
        urls=(f"{tenant}/.well-known/openid-configuration",),
        issuer=f"https://sts.windows.net/{directory.tenant_id}/",  # not where the document is
        jwks_uri=f"{tenant}/discovery/keys",
        token_endpoint=f"{tenant}/oauth2/token",
        authorization_endpoint=f"{tenant}/oauth2/authorize",
        any_tenant=f"{base_url}/{{tenant}}/oauth2/token",
    )


def v2_document(base_url: str, directory: Directory) -> Document:
    """The document of v2.0, whose form External ID has, too."""
    tenant = f"{base_url}/{directory.tenant_id}"
    return Document(
        urls=(f"{tenant}/v2.0/.well-known/openid-configuration",),
        issuer=f"{tenant}/v2.0",
        jwks_uri=f"{tenant}/discovery/v2.0/keys",
        token_endpoint=f"{tenant}/oauth2/v2.0/token",
        authorization_endpoint=f"{tenant}/oauth2/v2.0/authorize",
        any_tenant=f"{base_url}/{{tenant}}/oauth2/v2.0/token",
    )


def _common_claims(token: TokenContent) -> Claims:
    claims: Claims = {
        "aud": token.audience,
        "iss": token.issuer,
        "iat": token.issued_at,
        "nbf": token.issued_at,
        "exp": token.expires_at,
        "aio": token.opaque("aio", 36),
        "oid": token.object_id,
        "rh": f"1.{token.opaque('rh', 40)}.",
        "sub": token.object_id,
        "tid": token.directory.tenant_id,
        "uti": token.opaque("uti"),
        "xms_ftd": token.opaque("xms_ftd", 43),
    }
    return claims | listed("roles", token.roles) | spaced("scp", token.scopes)


def _credential(token: TokenContent) -> str:
    """``appidacr`` and ``azpacr``: 1 for a secret, 2 for a certificate."""
    return "2" if token.by_key else "1"


def _v1_claims(token: TokenContent) -> Claims:
    """``idtyp`` is an optional claim, and so is absent."""
    idp = f"https://sts.windows.net/{token.directory.tenant_id}/"
    own = {"appid": token.client_id, "appidacr": _credential(token), "idp": idp, "ver": "1.0"}
    return _common_claims(token) | own


def _v2_claims(token: TokenContent) -> Claims:
    """``idtyp`` is an optional claim, and so is absent."""
    return _common_claims(token) | {"azp": token.client_id, "azpacr": _credential(token), "ver": "2.0"}


def _v1_user(token: TokenContent) -> Claims:
    """``idp`` is there only where it differs from the issuer's tenant."""
    return without(_v1_claims(token), "idp") | _user_ids(token) | _v1_person(token) | {"acr": "1"}


def _v2_user(token: TokenContent) -> Claims:
    """A user's token has no ``idtyp`` by default, either."""
    return _v2_claims(token) | _user_ids(token) | _v2_person(token)


def _user_ids(token: TokenContent) -> Claims:
    return {"sub": token.user, "oid": token.user, "name": token.user, "sid": token.guid("sid")}


def _v1_person(token: TokenContent) -> Claims:
    return {"amr": ["pwd"], "ipaddr": "192.0.2.7", "unique_name": token.mail, "upn": token.mail}


def _v2_person(token: TokenContent) -> Claims:
    return {"preferred_username": token.mail}


def _id_token(token: TokenContent) -> Claims:
    """https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference"""
    claims = without(_common_claims(token), "xms_ftd", "roles", "scp")
    return claims | _user_ids(token) | {"aud": token.client_id, "nonce": token.opaque("nonce")}


def _v1_id_token(token: TokenContent) -> Claims:
    return _id_token(token) | _v1_person(token) | {"ver": "1.0"}


def _v2_id_token(token: TokenContent) -> Claims:
    """ID tokens carry no client claim."""
    return _id_token(token) | _v2_person(token) | {"ver": "2.0"}


def client_id_of_api(asked: str, audiences: tuple[str, ...]) -> str:
    """``aud`` of a v2 token: the API's client id, whichever of its App ID URIs was asked for.

    An API that is known by its URIs alone gets what was asked for.

    Source: learn.microsoft.com/entra/identity-platform/access-token-claims-reference (``aud``)
    """
    return next((name for name in audiences if _GUID.fullmatch(name)), asked)


def _jwk(jwk: dict[str, Any], document: Document) -> dict[str, Any]:
    """Without ``alg``; only the v2 key sets name the issuer."""
    issuer = {"issuer": document.issuer} if document.issuer.endswith("/v2.0") else {}
    return without(jwk, "alg") | {"x5t": jwk["kid"]} | issuer


def ask_for_default_scope(form: Mapping[str, str]) -> Requested:
    """``scope`` is ``<resource>/.default``, or ``resource`` names it at the v1 endpoint.

    Source: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
    """
    if "scope" not in form and "resource" in form:
        return Requested(form["resource"], None)
    if "scope" not in form:
        raise TokenRefused(Reason.MISSING_PARAMETER, "scope")
    resource, suffix, rest = form["scope"].rpartition(_SUFFIX)
    if not suffix or rest or not resource or " " in resource:
        raise TokenRefused(Reason.INVALID_SCOPE, form["scope"])
    return Requested(resource, None)


def ask_for_user(form: Mapping[str, str]) -> Requested:
    """Scopes are written ``<resource>/<scope>``, all of one API; ``.default`` asks for all.

    Source: https://learn.microsoft.com/entra/identity-platform/scopes-oidc
    """
    asked = form.get("scope", "").split()
    if not asked:
        return Requested(form.get("resource"), None if "scope" not in form else ())
    resources = {scope.rpartition("/")[0] for scope in asked}
    if len(resources) > 1 or "" in resources:
        raise TokenRefused(Reason.INVALID_SCOPE, " ".join(asked))
    names = tuple(scope.rpartition("/")[2] for scope in asked)
    return Requested(resources.pop(), None if ".default" in names else names)


def _answer(token: TokenContent) -> dict[str, Any]:
    """Members of a good answer."""
    return {"expires_in": token.lifetime - 1, "ext_expires_in": token.lifetime - 1}


def _trusted(site: Site, **settings: Any) -> tuple[Issuer, ...]:
    return entra(site.directory.tenant_id, authority=site.base_url, **settings)


def _body(wording: Wording, text: str, incident: Incident) -> dict[str, Any]:
    """learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow"""
    trace_id, correlation_id = incident.identifier("trace"), incident.identifier("correlation")
    where = f"Trace ID: {trace_id}\r\nCorrelation ID: {correlation_id}\r\nTimestamp: {incident.timestamp}"
    return {
        "error": wording.error,
        "error_description": f"AADSTS{wording.code}: {text}\r\n{where}",
        "error_codes": [wording.code],
        "timestamp": incident.timestamp,
        "trace_id": trace_id,
        "correlation_id": correlation_id,
        "error_uri": f"https://login.microsoftonline.com/error?code={wording.code}",
    }


_PARAMETER: Final = "The request body must contain the following parameter: '{detail}'."
REFUSALS: Final = RefusalStyle(
    {
        Reason.NOT_A_FORM: Wording(400, "invalid_request", _PARAMETER.format(detail="grant_type"), 900144),
        Reason.MISSING_PARAMETER: Wording(400, "invalid_request", _PARAMETER, 900144),
        Reason.REPEATED_PARAMETER: Wording(
            400, "invalid_request", "The request is not properly formatted. The parameter '{detail}' is duplicated.", 9000411
        ),
        Reason.UNSUPPORTED_GRANT_TYPE: Wording(
            400, "unsupported_grant_type", "The app requested an unsupported grant type '{detail}'.", 70003
        ),
        Reason.NO_CREDENTIALS: Wording(
            401,
            "invalid_client",
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
            7000218,
        ),
        Reason.SEVERAL_METHODS: Wording(
            400, "invalid_request", "Only one of 'client_assertion', 'client_secret' and Authorization header is allowed.", 90023
        ),
        Reason.UNKNOWN_CLIENT: Wording(
            400, "unauthorized_client", "Application with identifier '{detail}' was not found in the directory.", 700016
        ),
        Reason.WRONG_SECRET: Wording(
            401,
            "invalid_client",
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "
            "not the client secret ID, for a secret added to app '{detail}'.",
            7000215,
        ),
        Reason.WRONG_ASSERTION: Wording(401, "invalid_client", "JWT token is invalid or malformed: {detail}.", 50027),
        Reason.ASSERTION_OF_ANOTHER_CLIENT: Wording(
            401,
            "invalid_client",
            "Client assertion application identifier doesn't match 'client_id' parameter: {detail}.",
            700021,
        ),
        Reason.ASSERTION_NOT_FOR_THIS_SERVER: Wording(
            401, "invalid_client", "Client assertion audience claim does not match Realm issuer: {detail}.", 700023
        ),
        Reason.ASSERTION_OUT_OF_TIME: Wording(
            401, "invalid_client", "Client assertion is not within its valid time range: {detail}.", 700024
        ),
        Reason.ASSERTION_WRONGLY_SIGNED: Wording(
            401, "invalid_client", "Client assertion failed signature validation: {detail}.", 700027
        ),
        Reason.INVALID_SCOPE: Wording(
            400,
            "invalid_scope",
            "The provided value for scope {detail} is not valid. Client credential flows must have a scope value with "
            "/.default suffixed to the resource identifier (application ID URI).",
            1002012,
        ),
        Reason.UNKNOWN_RESOURCE: Wording(
            400, "invalid_resource", "The resource principal named {detail} was not found in the tenant.", 500011
        ),
        Reason.INVALID_GRANT: Wording(400, "invalid_grant", "The provided authorization code is not valid: {detail}.", 70000),
        Reason.UNKNOWN_TENANT: Wording(
            400,
            "invalid_request",
            "Tenant '{detail}' not found. Check to make sure you have the correct tenant ID and are signing into the correct "
            "cloud.",
            90002,
        ),
    },
    _body,
)
"""https://learn.microsoft.com/entra/identity-platform/reference-error-codes; for assertions
learn.microsoft.com/azure/developer/java/sdk/troubleshooting-authentication-service-principal
"""

_V1: Final = Shape(
    name="entra_v1",
    documents=lambda base_url, directory: (_v1_document(base_url, directory), v2_document(base_url, directory)),
    application=_v1_claims,
    user=_v1_user,
    id_token=_v1_id_token,
    scopes_of=("user",),
    jwk=_jwk,
    names_x5t=True,
    ask=ask_for_default_scope,
    ask_for_user=ask_for_user,
    answer=_answer,
    refusals=REFUSALS,
    trusted=_trusted,
    names_in_issuer=r"(?P<base>.+)/(?P<tenant_id>[^/]+)/",
    names_in_metadata=r"(?P<base>.+)/[^/]+/\.well-known/.+",
    own_codes=("graph_token", "wrong_tenant", "wrong_version"),
)
V2: Final = replace(
    _V1,
    name="entra_v2",
    documents=lambda base_url, directory: (v2_document(base_url, directory), _v1_document(base_url, directory)),
    application=_v2_claims,
    user=_v2_user,
    id_token=_v2_id_token,
    audience=client_id_of_api,
    names_x5t=False,
    names_in_issuer=r"(?P<base>.+)/(?P<tenant_id>[^/]+)/v2\.0",
    names_in_metadata="",
)
SHAPES: Final = (_V1, V2)
