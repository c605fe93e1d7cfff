"""What to do when a token endpoint refuses: one hint per cause, as data, each with its source.

The numbers of Microsoft Entra come first, being the more precise. Entra's page warns that numbers may change: a hint is for
people, and nothing in this library decides by one.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

_ENTRA: Final = "https://learn.microsoft.com/entra/identity-platform/reference-error-codes"
_ENTRA_CLIENT_CREDENTIALS: Final = "https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow"
_ENTRA_CERTIFICATES: Final = "https://learn.microsoft.com/entra/identity-platform/certificate-credentials"
_ENTRA_ASSERTIONS: Final = "https://learn.microsoft.com/azure/developer/java/sdk/troubleshooting-authentication-service-principal"
_AUTH0: Final = (
    "https://auth0.com/docs/get-started/authentication-and-authorization-flow/client-credentials-flow, and observed answers"
)
_RFC_6749: Final = "RFC 6749 §5.2"
_OURS: Final = "bearerguard"


class Hint(NamedTuple):
    """One cause and its remedy.

    Attributes:
        code: AADSTS number, or error code of the answer.
        advice: What to do.
        source: Where the cause is documented.
        status: HTTP status this cause is told by, where the code alone does not tell; 0: any.
    """

    code: int | str
    advice: str
    source: str
    status: int = 0


HINTS: Final = (
    Hint(
        1002012,
        "Request 'scope' as the API's App ID URI and '/.default', for example 'api://orders/.default': in this flow Entra gives "
        "every application permission that was granted, never single ones",
        _ENTRA_CLIENT_CREDENTIALS,
    ),
    Hint(70011, "Request 'scope' as the API's App ID URI and '/.default', for example 'api://orders/.default'", _ENTRA),
    Hint(700022, "Request one resource at a time: one App ID URI and '/.default'", _ENTRA),
    Hint(
        900144,
        "A parameter is missing from the request; most often 'scope': set resource= or scope='api://orders/.default'",
        _ENTRA,
    ),
    Hint(
        90014, "A field is missing from the request; most often 'scope': set resource= or scope='api://orders/.default'", _ENTRA
    ),
    Hint(
        901002,
        "Entra's v2.0 endpoint takes no 'resource' parameter: use scope='api://orders/.default' instead of resource=",
        _ENTRA,
    ),
    Hint(
        9002313,
        "The request is malformed: check that the token endpoint ends in /oauth2/v2.0/token and takes form parameters",
        _ENTRA,
    ),
    Hint(9000411, "A parameter is sent twice: check the query of token_endpoint, and what transport= adds", _ENTRA),
    Hint(
        90023,
        "Entra takes the request for invalid, and its description says why; most often a public registration that sends a "
        "secret, or two credentials in one request",
        _ENTRA,
    ),
    Hint(70003, "The grant is not offered here: token_endpoint must be the tenant's own, ending in /oauth2/v2.0/token", _ENTRA),
    Hint(
        7000215,
        "The client secret is wrong. Entra shows a 'Value' and a 'Secret ID': send the Value. A new secret may need a minute "
        "until every region knows it",
        _ENTRA,
    ),
    Hint(
        7000222, "The client secret has expired: create a new one in the application's registration, or use a certificate", _ENTRA
    ),
    Hint(7000218, "No credential was sent: set client_secret, or private_key with a certificate", _ENTRA),
    Hint(7000216, "No credential was sent: set client_secret, or private_key with a certificate", _ENTRA),
    Hint(700025, "The registration is a public client, which has no secret: register a confidential application", _ENTRA),
    Hint(
        700016,
        "The application is not known in this tenant: check client_id and tenant, and that an administrator consented",
        _ENTRA,
    ),
    Hint(700011, "The application is not known in this tenant: check client_id and tenant", _ENTRA),
    Hint(70001, "The application is disabled or not known in this tenant: enable it, or check client_id and tenant", _ENTRA),
    Hint(7000112, "The application is disabled: enable it under 'Enterprise applications'", _ENTRA),
    Hint(90002, "The tenant does not exist in this cloud: check tenant_id, and authority= for a sovereign cloud", _ENTRA),
    Hint(900023, "The tenant is neither a GUID nor a domain name: check tenant_id", _ENTRA),
    Hint(50059, "The token endpoint names no tenant: use the tenant's own endpoint, not /common or /organizations", _ENTRA),
    Hint(
        500011,
        "The API is not known in this tenant: check its App ID URI, and that it has a service principal here",
        _ENTRA,
    ),
    Hint(
        500014, "The API's service principal is disabled: an administrator must enable it under 'Enterprise applications'", _ENTRA
    ),
    Hint(
        501051, "The application has no role of this API, which demands one: assign an app role and grant admin consent", _ENTRA
    ),
    Hint(
        65001,
        "No consent: an administrator must grant the application its permissions on this API ('Grant admin consent')",
        _ENTRA,
    ),
    Hint(
        650057, "The API is not among the permissions of the application's registration: add it and grant admin consent", _ENTRA
    ),
    Hint(53003, "A Conditional Access policy for workload identities blocks this application or this network location", _ENTRA),
    Hint(50034, "The account is not in this tenant: check the tenant; this flow itself needs no user account", _ENTRA),
    Hint(
        700027,
        "The assertion's signature was not accepted: upload this very certificate to the application's registration, and check "
        "that it has not expired",
        _ENTRA_CERTIFICATES,
    ),
    Hint(700024, "The assertion is outside of its valid time: set this machine's clock (NTP)", _ENTRA_CERTIFICATES),
    Hint(50027, "The assertion is malformed: check private_key and certificate, and what transport= changes", _ENTRA_ASSERTIONS),
    Hint(700021, "The assertion names another client than client_id: check what transport= changes", _ENTRA_ASSERTIONS),
    Hint(
        700023,
        "The assertion names another audience than this endpoint: leave assertion_audience out, and check tenant and authority",
        _ENTRA_ASSERTIONS,
    ),
    Hint(
        700030, "The certificate's subject is not authorized: register this certificate, or its subject name and issuer", _ENTRA
    ),
    Hint(50196, "Entra saw the same request too often: use one ClientCredentials object for the whole process", _ENTRA),
    Hint("invalid_request", "A parameter is missing, repeated or not understood: check scope, audience and resource", _RFC_6749),
    Hint(
        "invalid_client",
        "Client id, secret or client_auth is wrong: a server may accept only one of basic, post and private_key_jwt",
        _RFC_6749,
    ),
    Hint("invalid_grant", "The grant was refused: check that the client may use client credentials for this API", _RFC_6749),
    Hint("unauthorized_client", "The client may not use the client-credentials grant: allow it in its registration", _RFC_6749),
    Hint(
        "unsupported_grant_type", "The server does not offer client credentials at this endpoint: check token_endpoint", _RFC_6749
    ),
    Hint("invalid_scope", "A requested scope is unknown, malformed or not granted to this client: check scope", _RFC_6749),
    Hint("invalid_target", "The API named by resource= or audience= is unknown to the server, or not allowed", "RFC 8707 §2"),
    Hint("access_denied", "Client id or secret is wrong: check both, and that they are of this tenant", _AUTH0, status=401),
    Hint(
        "access_denied",
        "The client has no access to this audience: check that audience= is set and is the API's identifier to the letter, and "
        "authorize the client for that API",
        _AUTH0,
        status=403,
    ),
    Hint(
        "access_denied",
        "The server denies this client the token: check its access policy, and what audience= and scope= ask for",
        "RFC 6749 §4.1.2.1",
    ),
    Hint(
        "temporarily_unavailable",
        "The server is overloaded or under maintenance; it is asked again after a pause",
        "RFC 6749 §4.1.2.1",
    ),
    Hint("server_error", "The server failed; it is asked again after a pause", "RFC 6749 §4.1.2.1"),
    Hint(
        "token_endpoint_unreachable", "Check token_endpoint, name resolution, proxy (transport=) and trusted certificates", _OURS
    ),
    Hint("token_endpoint_timeout", "The endpoint is slow or filtered on the way; it is asked again after a pause", _OURS),
    Hint(
        "token_endpoint_failed", "Check that token_endpoint is the URL of a token endpoint; its server's log may tell more", _OURS
    ),
    Hint("invalid_token_response", "Check that token_endpoint is the URL of a token endpoint (RFC 6749 §5.1)", _OURS),
)
"""Every hint, the most precise first."""

_ADVICE: Final = {(hint.code, hint.status): hint.advice for hint in HINTS}


def hint_for(error: str, error_codes: Iterable[int] = (), *, status: int = 0) -> str:
    """The advice for the first number that is known, else for the error code under this HTTP status; empty where nothing is."""
    causes = [(code, under) for code in (*error_codes, error) for under in (status, 0)]
    return next((_ADVICE[cause] for cause in causes if cause in _ADVICE), "")
