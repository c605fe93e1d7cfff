"""What to do when a token endpoint refuses: one hint per cause, as data, each with its source.

The numbers of Microsoft Entra come first, being the more precise. Entra's page warns that numbers
may change: a hint is for people, and nothing in this library decides by one.
"""

from collections.abc import Collection
from typing import Final, NamedTuple

from bearerguard.entra_hints import ENTRA_HINTS

_AUTH0: Final = (
    "https://auth0.com/docs/get-started/authentication-and-authorization-flow/client-credentials-flow, and observed answers"
)
_RFC_6749: Final = "RFC 6749 §5.2"
_ENTRA: Final = "https://learn.microsoft.com/entra/identity-platform/reference-error-codes"
_NO_DPOP: Final = (
    "The server demands DPoP for this client, which is not supported: turn it off in the registration (Okta: 'Require "
    "Demonstrating Proof of Possession (DPoP) header in token requests')"
)
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
    *(Hint(*row) for row in ENTRA_HINTS),
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
    Hint("invalid_resource", "The API is not known in this tenant: check its App ID URI, and tenant and cloud", _ENTRA),
    Hint("invalid_dpop_proof", _NO_DPOP, "RFC 9449 §5"),
    Hint("use_dpop_nonce", _NO_DPOP, "RFC 9449 §8"),
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
    Hint("credential_unavailable", "Check the file or the function that gives the client's secret, key or assertion", _OURS),
    Hint(
        "unsupported_token_type",
        "The server does not revoke tokens of this kind: JWTs live until they expire; let the API refuse them by a denylist",
        "RFC 7009 §2.2.1",
    ),
    Hint(
        "revocation_endpoint_unreachable",
        "Check revocation_endpoint or metadata_url, name resolution, proxy (transport=) and trusted certificates",
        _OURS,
    ),
    Hint("revocation_endpoint_timeout", "The endpoint is slow or filtered on the way; try again after a pause", _OURS),
    Hint("revocation_endpoint_failed", "Check that revocation_endpoint, or what metadata_url names, is the right URL", _OURS),
    Hint("invalid_token_response", "Check that token_endpoint is the URL of a token endpoint (RFC 6749 §5.1)", _OURS),
)
"""Every hint, the most precise first."""

_ADVICE: Final = {(hint.code, hint.status): hint.advice for hint in HINTS}


def hint_for(error: str, error_codes: Collection[int] = (), *, status: int = 0) -> str:
    """The advice for a refusal; empty where none is known.

    Where the answer has numbers, the first known one decides. Without a known one there is no
    advice: the server's own sentence says more than a general hint for its error code.

    Args:
        error: Error code of the answer.
        error_codes: Numbers of Microsoft Entra.
        status: HTTP status of the answer.
    """
    causes = [(code, under) for code in (error_codes or (error,)) for under in (status, 0)]
    return next((_ADVICE[cause] for cause in causes if cause in _ADVICE), "")
