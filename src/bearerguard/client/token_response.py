"""What the token endpoint's answer means: a token or a ``TokenRequestError`` (RFC 6749 §5).

No network, no clock. An answer that cannot be used is an error, never a guess.
"""

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final

from bearerguard.bounded_http import Answer
from bearerguard.client_authentication.secret import Secret, presentable
from bearerguard.error_hints import hint_for
from bearerguard.errors import TokenRequestError, show
from bearerguard.strict_json import NotStrictJson, parse_object

MAX_BODY: Final = 64 * 1024
"""Octets an answer may have."""
DEFAULT_LIFETIME: Final = 300.0
"""Seconds a token without ``expires_in`` is used for.

RFC 6749 §5.1 leaves the member out only where the client knows the lifetime.
"""
MAX_LIFETIME: Final = 86_400.0
"""Seconds a token is used for at most, however long it may live."""

_OK: Final = frozenset({200, 201})  # RFC 6749 §5.1 says 200; some servers "create" a token
_TYPE_SHOWN: Final = 32  # a token in the wrong member must not be shown
_SERVER_ERROR: Final = 500
_PASSING: Final = frozenset({408, 425, 429})
_PASSING_ERRORS: Final = frozenset({"temporarily_unavailable", "server_error"})
# RFC 6749 A.12 without space: it must fit a header
_ACCESS_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,16384}")
_ERROR: Final = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]{1,100}")  # RFC 6749 A.7
_SECONDS: Final = re.compile(r"[0-9]{1,20}")
# Entra begins with the one, Azure AD B2C with the other
_TRACE: Final = re.compile(r"(?:Trace|Correlation) ID:")
_AADSTS: Final = re.compile(r"\bAADSTS([0-9]{4,9})\b")


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token as it was issued.

    Attributes:
        access_token: For the header; not looked into.
        lifetime: Seconds it may be used for, from the moment it was asked for.
    """

    access_token: Secret
    lifetime: float


def read_response(response: Answer, *, secrets: Collection[Secret] = (), now: float = 0.0) -> IssuedToken:
    """The token that the endpoint issued.

    Args:
        response: Its answer.
        secrets: Texts of the request that are blotted out should the endpoint repeat them.
        now: Wall time in seconds, for a ``Retry-After`` that is a date.

    Raises:
        TokenRequestError: it refused, failed, or sent something that is not a token response.
            ``expires_in`` may be missing, a number, or a string of digits; at 0 or below, or of
            another type, the answer is refused.

    Not checked: what is inside the token, and ``scope``: the API judges both.
    """
    try:
        members = parse_object(response.body)
    except NotStrictJson as why:
        raise unreadable(response, str(why), now) from None
    if response.status not in _OK or "error" in members:
        raise _refusal(response, members, secrets, now) or unreadable(response, "no OAuth error in it", now)
    _check_type(members, response.status, secrets)
    access_token = members.get("access_token")
    if not isinstance(access_token, str) or not _ACCESS_TOKEN.fullmatch(access_token):
        raise _unusable(response.status, "'access_token' is missing, too long, or has characters that a header may not have")
    return IssuedToken(Secret(access_token), _lifetime(members.get("expires_in"), response.status))


def read_error(response: Answer, *, secrets: Collection[Secret] = (), now: float = 0.0) -> TokenRequestError | None:
    """The OAuth error in an answer (RFC 6749 §5.2); ``None`` where there is none.

    Args:
        response: The answer.
        secrets: Texts of the request that are blotted out should the endpoint repeat them.
        now: Wall time in seconds, for a ``Retry-After`` that is a date.
    """
    try:
        members = parse_object(response.body)
    except NotStrictJson:
        return None
    return _refusal(response, members, secrets, now)


def _check_type(members: Mapping[str, Any], status: int, secrets: Collection[Secret]) -> None:
    """RFC 6749 §7.1: a type that is not understood is not used."""
    token_type = members.get("token_type")
    if not isinstance(token_type, str) or token_type.lower() != "bearer":
        found = "it is missing" if "token_type" not in members else f"it is a {type(token_type).__name__}"
        if isinstance(token_type, str):
            found = f"got {show(presentable(token_type, secrets), _TYPE_SHOWN)}"
        is_dpop = found.lower() == "got 'dpop'"  # RFC 9449 §5
        hint = hint_for("invalid_dpop_proof") if is_dpop else ""
        raise _unusable(status, f"expected 'token_type' to be 'Bearer', {found}", hint)


def _lifetime(expires_in: object, status: int) -> float:
    if expires_in is None:
        return DEFAULT_LIFETIME
    # Entra's v1.0 endpoint sends a string
    if isinstance(expires_in, str) and _SECONDS.fullmatch(expires_in):
        expires_in = int(expires_in)
    if type(expires_in) not in (int, float):
        raise _unusable(status, "'expires_in' is not a number of seconds")
    seconds = float(expires_in)  # type: ignore[arg-type]
    if not seconds > 0:  # some servers mean "unknown" by 0: a guess, by which dead tokens would be sent
        problem = "the token has expired already: 'expires_in' is not above 0"
        raise _unusable(status, problem, "Let the server send the token's lifetime, or no 'expires_in' where it is unknown")
    return min(seconds, MAX_LIFETIME)


def _unusable(status: int, problem: str, hint: str = "") -> TokenRequestError:
    return TokenRequestError("invalid_token_response", problem, status=status, hint=hint)


def unreadable(response: Answer, why: str, now: float, *, error: str = "") -> TokenRequestError:
    """Neither a token nor an OAuth error: a gateway's page, a proxy's, or the wrong URL."""
    error = error or ("invalid_token_response" if response.status in _OK else "token_endpoint_failed")
    kind = presentable(response.headers.get("content-type", "no content type"))
    return TokenRequestError(
        error,
        f"status {response.status}, {kind}: {why}",
        status=response.status,
        hint=hint_for(error),
        temporary=response.status in _OK or may_pass(response.status),
        retry_after=_retry_after(response, now),
    )


def _refusal(response: Answer, members: Mapping[str, Any], secrets: Collection[Secret], now: float) -> TokenRequestError | None:
    error = members.get("error")
    if not isinstance(error, str) or not _ERROR.fullmatch(error):
        return None
    text = members.get("error_description")
    text = text if isinstance(text, str) else ""
    codes = _error_codes(members.get("error_codes"), text)
    return TokenRequestError(
        presentable(error, secrets),
        presentable(_TRACE.split(text, 1)[0], secrets),
        error_codes=codes,
        trace_id=presentable(_reference("trace_id", "Trace ID", members, text), secrets),
        correlation_id=presentable(_reference("correlation_id", "Correlation ID", members, text), secrets),
        timestamp=presentable(_reference("timestamp", "Timestamp", members, text), secrets),
        status=response.status,
        hint=hint_for(error, codes, status=response.status),
        temporary=error in _PASSING_ERRORS or (error != "invalid_client" and may_pass(response.status)),
        retry_after=_retry_after(response, now),
    )


def may_pass(status: int) -> bool:
    """Whether the same request may succeed later."""
    return status >= _SERVER_ERROR or status in _PASSING


def _error_codes(listed: object, text: str) -> tuple[int, ...]:
    if isinstance(listed, list) and listed and all(type(code) is int for code in listed):
        return tuple(listed)
    return tuple(int(number) for number in dict.fromkeys(_AADSTS.findall(text)))


def _reference(member: str, label: str, members: Mapping[str, Any], text: str) -> str:
    """Entra's references, from their member, or from the description if only that was kept."""
    value = members.get(member)
    if not isinstance(value, str):
        found = re.search(rf"{label}: *(\S+(?: [0-9:]+Z)?)", text)
        value = found[1] if found else ""
    return value


def _retry_after(response: Answer, now: float) -> float:
    """Seconds, from seconds or from a date (RFC 9110 §10.2.3); 0 where there is none."""
    value = response.headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return float(value)
    try:
        seconds = parsedate_to_datetime(value).timestamp() - now
    except (ValueError, OverflowError):
        return 0.0
    return max(0.0, seconds) if math.isfinite(seconds) else 0.0
