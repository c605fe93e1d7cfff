"""Every reason for a refusal, documented where it is defined.

A code is stable for ever: it is what callers, logs and metrics agree on. ``description`` is the
text on the wire, a constant in the character set of RFC 6750 §3 (%x20-21 / %x23-5B / %x5D-7E);
``cause`` and ``remedy`` are for the operator and for the
error reference in the README, which is generated from ``ALL_CODES``.
"""

from dataclasses import dataclass, field
from typing import Final, Literal

Error = Literal["", "invalid_request", "invalid_token", "insufficient_scope"]

_SERVER_ERROR: Final = 500
_UNAVAILABLE: Final = 503
_UNDISCLOSED_UNAVAILABLE: Final = "The token cannot be verified at the moment"
_UNDISCLOSED_UNDECIDED: Final = "The request cannot be judged"
_UNDISCLOSED: Final[dict[Error, str]] = {
    "": "An access token is required",
    "invalid_request": "The request is malformed",
    "invalid_token": "The access token is not accepted",
    "insufficient_scope": "The access token does not permit this request",
}


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """One reason for a refusal.

    Attributes:
        code: Stable name, also the key of logs and metrics.
        status: HTTP status of the answer.
        error: Error of RFC 6750 §3.1; empty where no credentials were sent, and for a 5xx.
        description: What the caller reads; constant, nothing of the token in it.
        cause: When this happens.
        remedy: What to do about it.
        undisclosed: What callers are told if the reason is not disclosed: one text for each kind of
            answer.
    """

    code: str
    status: int
    error: Error
    description: str
    cause: str
    remedy: str
    undisclosed: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Each refusal asks for it, in a flood many times a second."""
        text = _UNDISCLOSED_UNDECIDED if self.status >= _SERVER_ERROR else _UNDISCLOSED[self.error]
        object.__setattr__(self, "undisclosed", _UNDISCLOSED_UNAVAILABLE if self.status == _UNAVAILABLE else text)


def _missing(code: str, description: str, cause: str, remedy: str) -> ErrorCode:
    return ErrorCode(code, 401, "", description, cause, remedy)


def _request(code: str, description: str, cause: str, remedy: str) -> ErrorCode:
    return ErrorCode(code, 400, "invalid_request", description, cause, remedy)


def _token(code: str, description: str, cause: str, remedy: str) -> ErrorCode:
    return ErrorCode(code, 401, "invalid_token", description, cause, remedy)


def _scope(code: str, description: str, cause: str, remedy: str) -> ErrorCode:
    return ErrorCode(code, 403, "insufficient_scope", description, cause, remedy)


# --- no credentials: RFC 6750 §3.1, no error code on the challenge

MISSING_TOKEN: Final = _missing(
    "missing_token",
    "An access token is required",
    "The request has no Authorization header.",
    "Send 'Authorization: Bearer <access token>'. A token in the query string or the body is never read.",
)
UNSUPPORTED_SCHEME: Final = _missing(
    "unsupported_scheme",
    "The Bearer scheme is required",
    "The Authorization header has a scheme other than Bearer, for example Basic.",
    "Obtain an access token from the issuer and send it with the Bearer scheme.",
)

# --- malformed requests: RFC 6750 §3.1 invalid_request

MALFORMED_AUTHORIZATION: Final = _request(
    "malformed_authorization",
    "The Authorization header is malformed",
    "The header is not 'Bearer', one or more spaces, and one token of letters, digits and -._~+/ (RFC 6750 §2.1).",
    "Send exactly one token; check for quotes, line breaks, commas or a doubled 'Bearer'.",
)
REPEATED_AUTHORIZATION: Final = _request(
    "repeated_authorization",
    "More than one Authorization header",
    "The request has several Authorization headers; which of them counts would be a guess.",
    "Send one Authorization header; look for a proxy that adds its own.",
)
MALFORMED_PATH: Final = _request(
    "malformed_path",
    "The request path is malformed",
    "The decoded path holds a control character, U+FFFD, or a segment '.' or '..': routers and rules read these differently.",
    "Remove %00 to %1F, %7F, invalid UTF-8, and the segments '.' and '..' from the path.",
)
FORBIDDEN_HEADER: Final = _request(
    "forbidden_header",
    "The request has a header that is not accepted here",
    "Behind a proxy: a header names another method or path than the request's own (X-HTTP-Method-Override, X-Original-URL, "
    "X-Rewrite-URL), asks for an upgrade to something other than websocket, or is one in which the gateway names the caller.",
    "Send the request with the method and path that are meant; let the proxy remove the gateway's own headers before it asks.",
)

# --- the text of the token

TOKEN_TOO_LARGE: Final = _token(
    "token_too_large",
    "The access token is too large",
    "The token is longer than 16 KiB.",
    "Request fewer scopes or group claims; in Entra, emit app roles instead of groups.",
)
OPAQUE_TOKEN: Final = _token(
    "opaque_token",
    "The access token is not a JWT",
    "The token has no dots: an opaque reference token, an API key, or a token for another kind of API.",
    "Ask the issuer for a JWT (Auth0: send the audience; Okta: use a custom authorization server), or set introspection=.",
)
ENCRYPTED_TOKEN: Final = _token(
    "encrypted_token",
    "The access token is encrypted",
    "The token has five parts: a JWE. Only signed tokens (JWS) are accepted.",
    "Turn off token encryption for this API at the issuer.",
)
MALFORMED_TOKEN: Final = _token(
    "malformed_token",
    "The access token is malformed",
    "The token is not three canonical base64url parts, or its header or claims are not one strict UTF-8 JSON object each.",
    "Send the token exactly as the issuer returned it; look for cut, re-encoded or pasted text.",
)
CRITICAL_HEADER: Final = _token(
    "critical_header",
    "The access token demands an unknown extension",
    "The header has 'crit' or 'b64'; no extension is understood, so the token must be refused (RFC 7515 §4.1.11).",
    "Turn the extension off at the issuer.",
)
UNSUPPORTED_ALGORITHM: Final = _token(
    "unsupported_algorithm",
    "The signature algorithm is not accepted",
    "The header's 'alg' is absent or not one of the issuer's configured algorithms; 'none' and HMAC never are.",
    "Let the issuer sign with RS256, PS256, ES256 or EdDSA, or name its asymmetric algorithm in algorithms=.",
)
WRONG_TOKEN_TYPE: Final = _token(
    "wrong_token_type",
    "The token is not typed as an access token",
    "The header's 'typ' is neither absent, 'JWT' nor 'at+jwt'; with require_at_jwt=True only 'at+jwt' is accepted.",
    "Send the access token, not another JWT of the issuer.",
)

# --- what the claims say, judged before any key is looked for

MISSING_CLAIM: Final = _token(
    "missing_claim",
    "A required claim is missing",
    "A claim without which the token cannot be judged (iss, aud, exp or one the issuer's preset demands) is absent.",
    "Compare the token with the issuer's documentation; the log names the claim.",
)
INVALID_CLAIM: Final = _token(
    "invalid_claim",
    "A claim has an invalid value",
    "A claim has the wrong JSON type or is out of bounds: times are numbers between 0 and 2^40, names are strings.",
    "The log names the claim and the value; correct the issuer or its claim mapping.",
)
UNKNOWN_ISSUER: Final = _token(
    "unknown_issuer",
    "The token was issued by an unknown issuer",
    "No configured issuer equals the token's 'iss', compared character by character.",
    "Add the issuer to ResourceServer(issuers=...), or let the caller ask the right one. Mind the trailing slash and v1 or v2.",
)
WRONG_AUDIENCE: Final = _token(
    "wrong_audience",
    "The token is meant for another audience",
    "The token's 'aud' names none of this API's identifiers.",
    "Request the token for this API, or add the identifier to ResourceServer(audience=...).",
)
TOKEN_EXPIRED: Final = _token(
    "token_expired",
    "The token has expired",
    "The time is past 'exp' plus the leeway.",
    "Obtain a new token; if that does not help, compare the clocks of the issuer and of this machine.",
)
TOKEN_NOT_YET_VALID: Final = _token(
    "token_not_yet_valid",
    "The token is not valid yet",
    "The time is before 'nbf' minus the leeway.",
    "Compare the clocks of the issuer and of this machine.",
)
NOT_AN_ACCESS_TOKEN: Final = _token(
    "not_an_access_token",
    "The token is of another kind than an access token",
    "The claims are those of an ID, refresh, logout or security event token (nonce, at_hash, events, token_use, typ, tokenType).",
    "Send the access_token member of the token response, not the id_token.",
)
BOUND_TOKEN: Final = _token(
    "bound_token",
    "The token is bound to a key that was not proven",
    "The token has 'cnf' (DPoP or mutual TLS); its binding cannot be checked here, so a stolen copy would work.",
    "Request an unbound Bearer token for this API.",
)
GRAPH_TOKEN: Final = _token(
    "graph_token",
    "The token is meant for Microsoft Graph",
    "The header has 'nonce': a Microsoft Graph token, which only Graph itself can verify.",
    "Request the token with this API's scope, for example 'api://orders/.default', not Graph's.",
)
WRONG_TENANT: Final = _token(
    "wrong_tenant",
    "The token belongs to another tenant",
    "The token's 'tid' differs from the tenant of its issuer.",
    "Obtain the token from the configured tenant.",
)
WRONG_VERSION: Final = _token(
    "wrong_version",
    "The token version does not belong to its issuer",
    "The token's 'ver' does not match the form of its issuer (Entra: 1.0 with sts.windows.net, 2.0 with /v2.0).",
    "Check the token's origin: an issuer never sends this.",
)
WRONG_POLICY: Final = _token(
    "wrong_policy",
    "The token was issued by another policy",
    "The token's 'tfp' or 'acr' names another Azure AD B2C policy than the configured one.",
    "Run the configured policy, or configure an issuer for this one too.",
)

# --- the signature

UNKNOWN_KEY: Final = _token(
    "unknown_key",
    "The signing key is unknown",
    "The issuer's key set has no usable key for the token's 'kid' and 'alg', even after asking again where that was allowed.",
    "Let the caller get a new token. Check that its issuer publishes the key; forged and old tokens name keys that do not exist.",
)
INVALID_SIGNATURE: Final = _token(
    "invalid_signature",
    "The signature is invalid",
    "The signature does not fit the token under the issuer's key.",
    "Send the token exactly as the issuer returned it; a changed or forged token ends here.",
)

# --- what the introspection endpoint says

INACTIVE_TOKEN: Final = _token(
    "inactive_token",
    "The access token is not active",
    "The introspection endpoint answered 'active': false: the token is unknown there, expired, revoked or not for this API.",
    "Obtain a new token; if that does not help, check that the caller's issuer is the one whose endpoint is asked.",
)

# --- what the hook revoked= says

TOKEN_REVOKED: Final = _token(
    "token_revoked",
    "The access token was revoked",
    "The token is good, but the hook revoked= says that it was revoked.",
    "Obtain a new token if the caller should have access; if it is refused too, look for its client and subject in the denylist.",
)

# --- a good token that may not: RFC 6750 §3.1 insufficient_scope

MISSING_ROLE: Final = _scope(
    "missing_role",
    "The token lacks a required role",
    "The route requires an app role that the token's roles do not hold.",
    "Grant the app role to the calling application (Entra: with admin consent) and obtain a new token.",
)
MISSING_SCOPE: Final = _scope(
    "missing_scope",
    "The token lacks a required scope",
    "The route requires a scope that the token was not issued with.",
    "Request the token with the scope that the challenge names.",
)
CLIENT_NOT_ALLOWED: Final = _scope(
    "client_not_allowed",
    "The calling application is not allowed",
    "The route has an access-control list of calling applications and this client is not on it.",
    "Add the client id to the route's client(...) requirement if it should be allowed.",
)
TENANT_NOT_ALLOWED: Final = _scope(
    "tenant_not_allowed",
    "The tenant is not allowed",
    "The route admits certain tenants only.",
    "Add the tenant id to the route's tenant(...) requirement if it should be allowed.",
)
APPLICATION_REQUIRED: Final = _scope(
    "application_required",
    "An application token is required",
    "The route admits application tokens only and this token acts for a user.",
    "Obtain the token by the client-credentials grant.",
)
USER_REQUIRED: Final = _scope(
    "user_required",
    "A delegated token is required",
    "The route admits tokens that act for a user only and this is an application token.",
    "Obtain the token for a signed-in user.",
)
REQUIREMENT_NOT_MET: Final = _scope(
    "requirement_not_met",
    "None of the accepted permissions is held",
    "The route accepts several kinds of permission and the token has none of them.",
    "The log shows the requirement; grant one of its alternatives.",
)
NOT_PERMITTED: Final = _scope(
    "not_permitted",
    "The request is not permitted",
    "No row of the path policy names this method and path, so the request is refused.",
    "Add a row to PathPolicy({...}) if the request should be possible.",
)

# --- not the caller's fault

ISSUER_UNAVAILABLE: Final = ErrorCode(
    "issuer_unavailable",
    503,
    "",
    "The token cannot be verified at the moment",
    "The issuer's metadata or key set cannot be fetched and no usable key is at hand, or introspection fails or is overloaded.",
    "Try again after Retry-After; the log, status() and introspection_status() tell the last error.",
)
REVOCATION_UNKNOWN: Final = ErrorCode(
    "revocation_unknown",
    503,
    "",
    "The token cannot be checked for revocation at the moment",
    "The token is good, but the hook revoked= failed or took too long, so nobody knows whether it was revoked.",
    "Try again later; the log names the hook's error.",
)
INTERNAL_ERROR: Final = ErrorCode(
    "internal_error",
    500,
    "",
    "The request cannot be judged",
    "An unexpected error occurred while deciding; the request is refused and the endpoint is not called.",
    "The log has the traceback: a defect in this library or in a hook handed to it. Please report it.",
)
GATEWAY_MISCONFIGURED: Final = ErrorCode(
    "gateway_misconfigured",
    500,
    "",
    "The gateway is not set up for this request",
    "A question to forward_auth lacks the shared secret, the method or the URI, or has one of them twice: it does not come from "
    "the proxy, or the proxy's configuration is wrong.",
    "Compare the proxy's configuration with samples/forward_auth; the log names what is missing.",
)

ALL_CODES: Final[tuple[ErrorCode, ...]] = tuple(value for value in list(globals().values()) if isinstance(value, ErrorCode))
"""Every code, in the order of this file."""

__all__ = ["ALL_CODES", "ErrorCode"]
__all__ += [name for name, value in globals().items() if isinstance(value, ErrorCode)]
