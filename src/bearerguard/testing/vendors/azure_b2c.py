"""Azure AD B2C: metadata, keys and token endpoint belong to one policy, the issuer to the tenant.

Sources: https://learn.microsoft.com/en-us/azure/active-directory-b2c/client-credentials-grant-flow,
https://learn.microsoft.com/en-us/azure/active-directory-b2c/tokens-overview
"""

from typing import Any, Final

from bearerguard.issuers.azure_b2c import azure_b2c
from bearerguard.issuers.issuer import Issuer
from bearerguard.testing.shape import Claims, Directory, Document, Shape, Site, TokenContent, listed, spaced, without
from bearerguard.testing.token_refusal import RFC6749, Incident, Reason, RefusalStyle, Wording
from bearerguard.testing.vendors.entra import ask_for_default_scope, ask_for_user, client_id_of_api


def _documents(base_url: str, directory: Directory) -> tuple[Document, ...]:
    policy = f"{base_url}/{directory.tenant_name}.onmicrosoft.com/{directory.policy}"
    document = Document(
        urls=(f"{policy}/v2.0/.well-known/openid-configuration",),
        issuer=f"{base_url}/{directory.tenant_id}/v2.0/",
        jwks_uri=f"{policy}/discovery/v2.0/keys",
        token_endpoint=f"{policy}/oauth2/v2.0/token",
        authorization_endpoint=f"{policy}/oauth2/v2.0/authorize",
    )
    return (document,)


def _access(token: TokenContent) -> Claims:
    return {
        "iss": token.issuer,
        "exp": token.expires_at,
        "nbf": token.issued_at,
        "aud": token.audience,
        "azp": token.client_id,
        "ver": "1.0",
        "iat": token.issued_at,
    }


def _application(token: TokenContent) -> Claims:
    """App roles are in ``scp``; the subject is the client's service principal."""
    return _access(token) | {"sub": token.object_id} | spaced("scp", (*token.roles, *token.scopes))


def _user(token: TokenContent) -> Claims:
    """Names the policy. ``nonce`` is met in access tokens, too."""
    about = {"sub": token.user, "oid": token.user, "name": token.user, "emails": [token.mail]}
    sign_in = {"tfp": token.directory.policy, "nonce": token.opaque("nonce"), "auth_time": token.issued_at}
    return _access(token) | about | sign_in | listed("roles", token.roles) | spaced("scp", token.scopes)


def _id_token(token: TokenContent) -> Claims:
    """ID tokens carry no client claim."""
    return without(_user(token), "azp", "scp", "roles") | {"aud": token.client_id}


def _jwk(jwk: dict[str, Any], _document: Document) -> dict[str, Any]:
    return without(jwk, "alg")


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
        id_token=_id_token,
        scopes_of=("user",),
        audience=client_id_of_api,
        jwk=_jwk,
        ask=ask_for_default_scope,
        ask_for_user=ask_for_user,
        answer=_answer,
        refusals=REFUSALS,
        trusted=_trusted,
        names_in_issuer=r"(?P<base>[^/]+//[^/]+)/(?:tfp/)?(?P<tenant_id>[^/]+)/(?:[^/]+/)?v2\.0/",
        names_in_metadata=r".+/(?P<tenant_name>[^/]+)\.onmicrosoft\.com/(?P<policy>[^/]+)/v2\.0/.+",
        own_codes=("wrong_tenant", "wrong_policy"),
    ),
)
