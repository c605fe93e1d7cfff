"""Azure AD B2C: metadata, keys and token endpoint belong to one policy, the issuer to the tenant.

Sources: https://learn.microsoft.com/en-us/azure/active-directory-b2c/client-credentials-grant-flow,
https://learn.microsoft.com/en-us/azure/active-directory-b2c/tokens-overview
"""

from typing import Any, Final

from bearerguard.issuers.azure_b2c import azure_b2c
from bearerguard.issuers.issuer import Issuer
from bearerguard.testing.shape import Claims, Directory, Document, Shape, Site, TokenContent
from bearerguard.testing.token_refusal import RFC6749, Incident, Reason, RefusalStyle, Wording
from bearerguard.testing.vendors.entra import ask_for_default_scope, v1_claims

_OF_APPLICATIONS: Final = ("aio", "appid", "appidacr", "idp", "oid", "tid")


def _documents(base_url: str, directory: Directory) -> tuple[Document, ...]:
    policy = f"{base_url}/{directory.tenant_name}.onmicrosoft.com/{directory.policy}"
    document = Document(
        urls=(f"{policy}/v2.0/.well-known/openid-configuration",),
        issuer=f"{base_url}/{directory.tenant_id}/v2.0/",
        jwks_uri=f"{policy}/discovery/v2.0/keys",
        token_endpoint=f"{policy}/oauth2/v2.0/token",
        more={"authorization_endpoint": f"{policy}/oauth2/v2.0/authorize"},
    )
    return (document,)


def _application(token: TokenContent) -> Claims:
    return {name: value for name, value in v1_claims(token).items() if name not in ("rh", "uti")}


def _user(token: TokenContent) -> Claims:
    claims = {name: value for name, value in _application(token).items() if name not in _OF_APPLICATIONS}
    return claims | {"sub": token.user, "azp": token.client_id, "tfp": token.directory.policy}


def _jwk(jwk: dict[str, Any], _document: Document) -> dict[str, Any]:
    return {name: value for name, value in jwk.items() if name != "alg"}


def _answer(token: TokenContent) -> dict[str, Any]:
    times = {"not_before": token.issued_at, "expires_in": token.lifetime, "expires_on": token.expires_at}
    return {**times, "resource": token.audience}


def _trusted(site: Site, **settings: Any) -> tuple[Issuer, ...]:
    directory = site.directory
    return azure_b2c(directory.tenant_name, directory.tenant_id, directory.policy, authority=site.base_url, **settings)


def _body(wording: Wording, text: str, incident: Incident) -> dict[str, Any]:
    """https://learn.microsoft.com/en-us/azure/active-directory-b2c/error-codes"""
    where = f"Correlation ID: {incident.identifier('correlation')}\r\nTimestamp: {incident.timestamp}\r\n"
    return {"error": wording.error, "error_description": f"AADB2C{wording.code}: {text}\r\n{where}"}


REFUSALS: Final = RefusalStyle(
    {
        **{reason: Wording(row.status, row.error, row.text, 90079) for reason, row in RFC6749.wordings.items()},
        Reason.UNSUPPORTED_GRANT_TYPE: Wording(
            400, "unsupported_grant_type", "The supplied grant_type [{detail}] is not supported.", 90086
        ),
        Reason.UNKNOWN_CLIENT: Wording(
            400, "invalid_client", "The provided application with ID '{detail}' is not valid against this service.", 90068
        ),
        Reason.WRONG_SECRET: Wording(
            400, "invalid_client", "The specified client_secret does not match the expected value for this client.", 90081
        ),
        Reason.INVALID_SCOPE: Wording(400, "invalid_scope", "The scope '{detail}' provided in request is not supported.", 90117),
        Reason.UNKNOWN_RESOURCE: Wording(
            400, "invalid_scope", "The scope '{detail}' provided in request is not supported.", 90117
        ),
    },
    _body,
)
"""https://learn.microsoft.com/en-us/azure/active-directory-b2c/error-codes"""

SHAPES: Final = (
    Shape(
        name="azure_b2c",
        documents=_documents,
        application=_application,
        user=_user,
        lifetime=300,
        has_scopes=False,
        jwk=_jwk,
        ask=ask_for_default_scope,
        answer=_answer,
        refusals=REFUSALS,
        trusted=_trusted,
        names_in_issuer=r"(?P<base>[^/]+//[^/]+)/(?:tfp/)?(?P<tenant_id>[^/]+)/(?:[^/]+/)?v2\.0/",
        names_in_metadata=r".+/(?P<tenant_name>[^/]+)\.onmicrosoft\.com/(?P<policy>[^/]+)/v2\.0/.+",
        own_codes=("wrong_tenant", "wrong_policy"),
    ),
)
