"""What a refusal says on the wire: status, ``WWW-Authenticate`` and a body.

Every text is a constant of its code, and nothing of a token is copied in: a token is the caller's
own text, and would write headers of its own. What is constant for a code is made once.

Standards: RFC 6750 §3; ASGI HTTP and WebSocket message format 2.5 with its extension
``websocket.http.response``; RFC 6455 §7.4.1 (code 1008).
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal, get_args

from starlette.types import Scope, Send

from bearerguard import error_codes as codes
from bearerguard.checks import SCOPE_TOKEN, url_problem
from bearerguard.error_codes import ErrorCode
from bearerguard.errors import AccessTokenError, ConfigurationError, IssuerUnavailable, Refusal, show
from bearerguard.web.error_format import MEDIA_TYPES, ErrorFormat, Format, body_of, checked_format, own_body

Disclose = Literal["code", "none"]
Headers = tuple[tuple[bytes, bytes], ...]

# RFC 6750 §3: error_description
_NOT_QUOTABLE: Final = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")
_LONGEST_REASON: Final = 123
_UNAUTHORIZED: Final = 401
_NOT_THE_CALLERS_FAULT: Final = 500
_POLICY_VIOLATION: Final = 1008
_DENIAL_RESPONSE: Final = "websocket.http.response"


@dataclass(frozen=True, slots=True)
class Answer:
    """One refusal, ready to be sent.

    Attributes:
        status: HTTP status: 400, 401, 403, 500 or 503.
        headers: Raw header pairs, ``content-length`` of the body included.
        body: As ``error_format`` says; by default a JSON object with ``error`` (where RFC 6750 has
            one), ``error_description`` and ``code``.
        reason: ``error_description`` alone, for the close frame of a websocket; at most 123 bytes
            (RFC 6455 §5.5).
    """

    status: int
    headers: Headers
    body: bytes
    reason: str


class Challenge:
    """Turns an error into an answer.

    Args:
        realm: Protection space of RFC 9110 §11.5, in every challenge.
        disclose: ``"code"`` tells callers the reason; ``"none"`` leaves the code and the cause's
            description off the wire.
        resource_metadata: URL of this API's metadata document, named in every challenge (RFC 9728
            §5.1).
        error_format: Of the body: ``"oauth"``, ``"problem"`` (RFC 9457), or a function of the
            refusal that gives media type and body.
        scopes: What a client without a good token is told to ask for: in every 401 challenge, in
            this order (RFC 6750 §3). A 403 names what its own requirement needs.

    Raises:
        ConfigurationError: a value is not allowed in a header, or is not one of those above.
    """

    def __init__(
        self,
        realm: str = "api",
        *,
        disclose: Disclose = "code",
        resource_metadata: str | None = None,
        error_format: ErrorFormat = "oauth",
        scopes: str | Collection[str] = (),
    ) -> None:
        if not isinstance(realm, str) or not realm or _NOT_QUOTABLE.search(realm):
            problem = f"expected printable ASCII without quotes and backslashes, got {realm!r}"
            raise ConfigurationError("realm", problem, example='"api"')
        if disclose not in get_args(Disclose):
            raise ConfigurationError("disclose", f'expected "code" or "none", got {disclose!r}', example='"code"')
        self._parameters = f'Bearer realm="{realm}"' + _metadata_parameter(resource_metadata)
        self._of_401 = _scope_parameter(_checked_scopes(scopes))
        self._tells_code = disclose == "code"
        self._form, self._own_format = checked_format(error_format)
        self._prepared = {code: self._made(code) for code in codes.ALL_CODES}

    @property
    def form(self) -> Format | None:
        """Of the body; ``None`` where a user's function makes it."""
        return self._form if self._own_format is None else None

    def answer(self, refusal: Refusal) -> Answer:
        """The answer to a refused request (RFC 6750 §3.1).

        It has ``Retry-After`` where the issuer is to blame.
        """
        answer = self._answer(refusal)
        own = None if self._own_format is None else own_body(self._own_format, refusal)
        if own is None:
            return answer
        media_type, body = own
        about_the_body = ((b"content-type", media_type), (b"content-length", str(len(body)).encode()))
        return replace(answer, headers=(*about_the_body, *answer.headers[len(about_the_body) :]), body=body)

    def _answer(self, refusal: Refusal) -> Answer:
        answer = self._prepared.get(refusal.reason) or self._made(refusal.reason)
        if isinstance(refusal, IssuerUnavailable):
            retry_after = (b"retry-after", str(refusal.retry_after).encode())
            return replace(answer, headers=(*answer.headers, retry_after))
        scope = _scope_parameter(refusal.scopes) if isinstance(refusal, AccessTokenError) else ""
        return self._made(refusal.reason, scope) if scope else answer

    def _made(self, code: ErrorCode, scope: str = "") -> Answer:
        description = _NOT_QUOTABLE.sub("?", code.description if self._tells_code else code.undisclosed)
        body = body_of(self._form, code, description, tells_code=self._tells_code)
        headers = [
            (b"content-type", MEDIA_TYPES[self._form].encode()),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
        ]
        if code.status < _NOT_THE_CALLERS_FAULT:
            headers.append((b"www-authenticate", self._challenge(code, description, scope).encode()))
        return Answer(code.status, tuple(headers), body, description[:_LONGEST_REASON])

    def _challenge(self, code: ErrorCode, description: str, scope: str) -> str:
        if code.status == _UNAUTHORIZED:
            scope = self._of_401
        if not code.error:
            return self._parameters + scope  # RFC 6750 §3.1: no credentials, no error information
        return f'{self._parameters}, error="{code.error}", error_description="{description}"{scope}'


async def send_refusal(answer: Answer, scope: Scope, send: Send, *, accepted: bool = False) -> None:
    """Refuse a connection.

    The body of the request is not read; a websocket that is not accepted yet never is.

    Args:
        answer: What is said.
        scope: The connection, ``http`` or ``websocket``.
        send: The server's own.
        accepted: The websocket was accepted before, so that closing it is all that is left.
    """
    kind = "http.response"
    if scope["type"] == "websocket":
        if accepted or _DENIAL_RESPONSE not in (scope.get("extensions") or ()):
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": answer.reason})
            return
        kind = _DENIAL_RESPONSE
    headers = list(answer.headers)  # a list of its own: middlewares further out add to it
    await send({"type": f"{kind}.start", "status": answer.status, "headers": headers})
    body = b"" if scope.get("method") == "HEAD" else answer.body  # RFC 9110 §9.3.2
    await send({"type": f"{kind}.body", "body": body})


def _scope_parameter(scopes: Iterable[str]) -> str:
    """The scopes that a challenge may hold, each once."""
    tellable = " ".join(scope for scope in dict.fromkeys(scopes) if SCOPE_TOKEN.fullmatch(scope))
    return f', scope="{tellable}"' if tellable else ""


def _checked_scopes(given: str | Collection[str]) -> list[str]:
    scopes = [given] if isinstance(given, str) else list(given) if isinstance(given, Collection) else [given]
    if not all(isinstance(scope, str) and SCOPE_TOKEN.fullmatch(scope) for scope in scopes):
        problem = f"expected scopes, each a text of its own without blanks and quotes, got {show(given)}"
        raise ConfigurationError("challenge_scopes", problem, example='["orders.read"]')
    return scopes


def _metadata_parameter(url: str | None) -> str:
    if url is None:
        return ""
    problem = url_problem(url, allow_http=True)
    if problem or _NOT_QUOTABLE.search(url):
        example = '"https://api.example/.well-known/oauth-protected-resource"'
        raise ConfigurationError("resource_metadata", f"{problem or 'expected no quotes'}, got {url!r}", example=example)
    return f', resource_metadata="{url}"'
