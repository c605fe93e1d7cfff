"""What a refusal says on the wire: status, ``WWW-Authenticate`` and a JSON body (RFC 6750 §3).

Every text is a constant of its code; nothing of a token is copied in (R8, R127). What is constant per code is made once.
"""

import json
import re
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, get_args

from bearerguard import error_codes as codes
from bearerguard.checks import SCOPE_TOKEN, url_problem
from bearerguard.error_codes import ErrorCode
from bearerguard.errors import AccessTokenError, ConfigurationError, IssuerUnavailable

Disclose = Literal["code", "none"]
Headers = tuple[tuple[bytes, bytes], ...]

_NOT_QUOTABLE: Final = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")  # RFC 6750 §3: error_description
_LONGEST_REASON: Final = 123
_NOT_THE_CALLERS_FAULT: Final = 500
_GENERIC: Final = {
    "": "An access token is required",
    "invalid_request": "The request is malformed",
    "invalid_token": "The access token is not accepted",
    "insufficient_scope": "The access token does not permit this request",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One refusal, ready to be sent.

    Attributes:
        status: HTTP status: 400, 401, 403, 500 or 503.
        headers: Raw header pairs, ``content-length`` of the body included.
        body: JSON object with ``error`` (where RFC 6750 has one), ``error_description`` and ``code``.
        reason: ``error_description`` alone, for the close frame of a websocket; at most 123 bytes (RFC 6455 §5.5).
    """

    status: int
    headers: Headers
    body: bytes
    reason: str


class Challenge:
    """Turns an error into an answer.

    Args:
        realm: Protection space of RFC 9110 §11.5, in every challenge.
        disclose: ``"code"`` tells callers the reason; ``"none"`` leaves the code and the cause's description off the wire.
        resource_metadata: URL of this API's metadata document, named in every challenge (RFC 9728 §5.1).

    Raises:
        ConfigurationError: a value cannot stand in a header, or is none of those above.
    """

    def __init__(self, realm: str = "api", *, disclose: Disclose = "code", resource_metadata: str | None = None) -> None:
        if not isinstance(realm, str) or not realm or _NOT_QUOTABLE.search(realm):
            problem = f"expected printable ASCII without quotes and backslashes, got {realm!r}"
            raise ConfigurationError("realm", problem, example='"api"')
        if disclose not in get_args(Disclose):
            raise ConfigurationError("disclose", f'expected "code" or "none", got {disclose!r}', example='"code"')
        self._parameters = f'Bearer realm="{realm}"' + _metadata_parameter(resource_metadata)
        self._tells_code = disclose == "code"
        self._prepared = {code: self._made(code) for code in codes.ALL_CODES}

    def answer(self, error: AccessTokenError | IssuerUnavailable) -> Answer:
        """The answer to a refused request. RFC 6750 §3.1; ``Retry-After`` where the issuer is to blame (R16)."""
        if isinstance(error, IssuerUnavailable):
            unavailable = self._prepared[codes.ISSUER_UNAVAILABLE]
            retry_after = (b"retry-after", str(error.retry_after).encode())
            return replace(unavailable, headers=(*unavailable.headers, retry_after))
        scopes = [scope for scope in dict.fromkeys(error.scopes) if SCOPE_TOKEN.fullmatch(scope)]
        if scopes:
            return self._made(error.reason, f', scope="{" ".join(scopes)}"')
        return self._prepared.get(error.reason) or self._made(error.reason)

    def internal_error(self) -> Answer:
        """The answer when deciding itself failed (R125)."""
        return self._prepared[codes.INTERNAL_ERROR]

    def _made(self, code: ErrorCode, scope: str = "") -> Answer:
        description = _NOT_QUOTABLE.sub("?", code.description if self._tells_code else _generic(code))
        members: dict[str, Any] = {"error": code.error} if code.error else {}
        members["error_description"] = description
        if self._tells_code:
            members["code"] = code.code
        body = json.dumps(members, separators=(",", ":")).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),  # R16
        ]
        if code.status < _NOT_THE_CALLERS_FAULT:
            headers.append((b"www-authenticate", self._challenge(code, description, scope).encode()))
        return Answer(code.status, tuple(headers), body, description[:_LONGEST_REASON])

    def _challenge(self, code: ErrorCode, description: str, scope: str) -> str:
        if not code.error:
            return self._parameters  # RFC 6750 §3.1: no error information where no credentials were sent
        return f'{self._parameters}, error="{code.error}", error_description="{description}"{scope}'


def _generic(code: ErrorCode) -> str:
    return code.description if code.status >= _NOT_THE_CALLERS_FAULT else _GENERIC[code.error]


def _metadata_parameter(url: str | None) -> str:
    if url is None:
        return ""
    problem = url_problem(url, allow_http=True)
    if problem or _NOT_QUOTABLE.search(url):
        example = '"https://api.example/.well-known/oauth-protected-resource"'
        raise ConfigurationError("resource_metadata", f"{problem or 'expected no quotes'}, got {url!r}", example=example)
    return f', resource_metadata="{url}"'
