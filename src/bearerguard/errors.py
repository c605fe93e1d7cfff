"""What can go wrong, as types.

::

    BearerguardError
    ├─ ConfigurationError (ValueError)   the developer's mistake; raised when something is built or
    │                                    the application starts
    ├─ TokenRequestError                 the token endpoint refused our client
    └─ Refusal                           a request is not let through
       ├─ AccessTokenError               because of what the caller sent
       │  ├─ MissingToken       401      no credentials
       │  ├─ InvalidRequest     400      malformed Authorization or path
       │  ├─ InvalidToken       401      one code per cause
       │  └─ InsufficientScope  403      a good token that does not permit the request
       ├─ IssuerUnavailable     503      no usable key: the issuer cannot be reached; Retry-After
       │  └─ RevocationUnknown  503      the hook revoked= failed; Retry-After
       ├─ GatewayMisconfigured  500      a question to forward_auth that no proxy of ours has asked
       └─ Undecided             500      judging the request failed

A refusal has three texts. The *wire* text is ``reason.description``, a constant for each code.
``str(refusal)`` is a constant for each kind of refusal: frameworks show it to callers, so that it
tells no more than ``disclose="none"``. The *operator* text is ``refusal.operator_text``: expected,
actual, place and next step, for logs only. None of them ever shows a token, a signature or a
secret.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Final, TypeVar

from bearerguard.error_codes import GATEWAY_MISCONFIGURED, INTERNAL_ERROR, ISSUER_UNAVAILABLE, REVOCATION_UNKNOWN, ErrorCode
from bearerguard.redaction import without_credentials, without_tokens

_SHOWN: Final = 64
_SEARCHED: Final = 2048  # credentials are seen for what they are up to the @ at their end
_SHOWN_OF_A_CLAIM: Final = 128  # an issuer's URL differs from another's at its end


class _Absent:
    """Stands for a value that is not there, so that ``None`` can be a value."""

    def __repr__(self) -> str:
        return "nothing"

    def __reduce__(self) -> str:
        return "ABSENT"  # pickled and copied by name: there is one


ABSENT: Final = _Absent()


T = TypeVar("T")


def show(value: object, most: int = _SHOWN) -> str:
    """``repr`` of a value for the operator: control characters escaped, cut at 64 characters.

    An unescaped line break would let a caller forge lines of a log (CWE-117).
    """
    return _tidied(repr(_beginning(value, [most])), most)


def _beginning(value: object, room: list[int]) -> object:
    """The part of a JSON value that is seen once its text is cut: callers choose its length.

    Of a text much more, since it is searched for credentials first, and these must be whole.
    """
    if type(value) is str:
        return value[:_SEARCHED]
    if type(value) is list:
        return [_beginning(element, room) for element in _first(value, room)]
    if type(value) is dict:
        return {_beginning(name, room): _beginning(value[name], room) for name in _first(value, room)}
    return value


def _first(values: Iterable[T], room: list[int]) -> Iterator[T]:
    for value in values:
        if room[0] <= 0:
            return
        room[0] -= 1
        yield value


def tidy(text: str) -> str:
    """A text that callers choose, as a field of a log record: as ``show``, without quotes."""
    beginning = text[:_SEARCHED]
    return _tidied(beginning if beginning.isprintable() else repr(beginning)[1:-1], _SHOWN_OF_A_CLAIM)


def _tidied(text: str, most: int) -> str:
    searched = text[: most + _SEARCHED]  # all of what begins in the part that is shown
    shown = without_tokens(without_credentials(searched, most))
    return shown if len(shown) <= most else shown[: most - 1] + "…"


class BearerguardError(Exception):
    """Base of every error this library raises on purpose. All of them can be copied and pickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        """By attributes, not by arguments: an error may cross a process boundary."""
        return _rebuilt, (type(self), self.args), {name: value for name, value in vars(self).items() if name != "__notes__"}


def _rebuilt(kind: type[BearerguardError], arguments: tuple[object, ...]) -> BearerguardError:
    return kind.__new__(kind, *arguments)


class ConfigurationError(BearerguardError, ValueError):
    """A setting is wrong; the message names the parameter and shows a valid value.

    Passwords in URLs are left out.

    Attributes:
        parameter: The setting, or several with commas between them.
        problem: What is wrong with it.
        example: A valid value.
    """

    def __init__(self, parameter: str, problem: str, *, example: str) -> None:
        self.parameter = parameter
        self.problem = without_credentials(problem)
        self.example = example
        super().__init__(f"{parameter}: {self.problem}. A valid value: {example}")


class TokenRequestError(BearerguardError):
    """The token endpoint, or the revocation endpoint, refused the client or was not understood.

    Attributes:
        error: Error code of RFC 6749 §5.2; where the endpoint sent none:
            ``token_endpoint_unreachable``, ``token_endpoint_timeout``, ``token_endpoint_failed`` (a
            status without an OAuth error) or ``invalid_token_response``, and while revoking
            ``revocation_endpoint_unreachable``, ``…_timeout`` or ``…_failed``; where it was not
            asked: ``credential_unavailable`` (a file or function gave no usable secret, key or
            assertion).
        error_description: The endpoint's own words, without trace lines.
        error_codes: Numbers of Microsoft Entra (AADSTS…), empty elsewhere.
        trace_id: For the issuer's support, or empty.
        correlation_id: For the issuer's support, or empty.
        timestamp: When the issuer says it refused, as it wrote it, or empty.
        hint: What to do, where the cause is known; or empty.
        status: HTTP status of the answer, 0 where there was none.
        temporary: Whether the same request may succeed later, without anybody changing anything.
        retry_after: Whole seconds until the endpoint is asked again; until then this error is given
            again. 0 where unknown.
    """

    def __init__(
        self,
        error: str,
        error_description: str = "",
        *,
        error_codes: tuple[int, ...] = (),
        trace_id: str = "",
        correlation_id: str = "",
        timestamp: str = "",
        hint: str = "",
        status: int = 0,
        temporary: bool = False,
        retry_after: float = 0.0,
    ) -> None:
        self.error = error
        self.error_description = error_description
        self.error_codes = error_codes
        self.trace_id = trace_id
        self.correlation_id = correlation_id
        self.timestamp = timestamp
        self.hint = hint
        self.status = status
        self.temporary = temporary
        self.retry_after = max(0, math.ceil(retry_after))
        parts = (error, error_description, hint)
        super().__init__(": ".join(part.rstrip(".") for part in parts if part) + ".")


@dataclass(frozen=True, slots=True)
class NamedCaller:
    """Whom a refused token names, for logs and events. What is unknown is empty.

    Attributes:
        issuer: Configured issuer.
        client_id: The calling application.
        subject: ``sub``.
        kid: Id of the key that the token names.
        verified: Whether the issuer vouched for it. Otherwise anyone may have written it.
    """

    issuer: str = ""
    client_id: str = ""
    subject: str = ""
    kid: str = ""
    verified: bool = False


class Refusal(BearerguardError):
    """A request is not let through. Handle this class to shape every refusal of an application.

    ``str(refusal)`` is a constant that says what was refused and never why: it is safe to show to
    callers.

    Attributes:
        reason: The documented :class:`~bearerguard.error_codes.ErrorCode`.
        caller: Whom the token names, as far as it was read.
    """

    caller: NamedCaller = NamedCaller()

    def __init__(self, reason: ErrorCode) -> None:
        super().__init__(reason.undisclosed)
        self.reason = reason

    @property
    def code(self) -> str:
        """Stable code, such as ``token_expired``."""
        return self.reason.code

    @property
    def status(self) -> int:
        """HTTP status of the answer."""
        return self.reason.status

    @property
    def error(self) -> str:
        """Error of RFC 6750 §3.1; empty without credentials, or if the fault is not the caller's."""
        return self.reason.error

    @property
    def operator_text(self) -> str:
        """What happened and what to do, for logs.

        It may name clients, roles and claims: never show it to callers.
        """
        return f"{self.code}: {self.reason.cause.rstrip('.')}. {self.reason.remedy}"


class IssuerUnavailable(Refusal):
    """There is no usable key, because the issuer cannot be reached. Never the caller's fault.

    Attributes:
        issuer: Configured issuer identifier.
        retry_after: Whole seconds until the next try is allowed, at least 1.
        last_error: Why the last fetch failed, for the operator.
    """

    _reason: ClassVar[ErrorCode] = ISSUER_UNAVAILABLE

    def __init__(self, issuer: str, *, retry_after: float, last_error: str) -> None:
        super().__init__(self._reason)
        self.issuer = issuer
        self.retry_after = max(1, math.ceil(retry_after))
        self.last_error = last_error

    @property
    def operator_text(self) -> str:
        """Which issuer, why, and when it is asked again."""
        return f"{self.code}: no usable key of {show(self.issuer)}: {self.last_error}. Next try in {self.retry_after} s."


class RevocationUnknown(IssuerUnavailable):
    """Nobody knows whether the token was revoked, because the hook failed or took too long.

    It is handled as ``IssuerUnavailable``: the caller is not to blame, and may try again.
    """

    _reason: ClassVar[ErrorCode] = REVOCATION_UNKNOWN

    @property
    def operator_text(self) -> str:
        """Why the hook gave no verdict."""
        return f"{self.code}: the hook revoked= failed on a token of {show(self.issuer)}: {self.last_error}."


class GatewayMisconfigured(Refusal):
    """A question to ``forward_auth`` that is not trusted, whatever it asks about; 500.

    Attributes:
        problem: What is wrong with it, for the operator.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(GATEWAY_MISCONFIGURED)
        self.problem = problem

    @property
    def operator_text(self) -> str:
        """What is wrong with the question."""
        return f"{self.code}: {self.problem}. {self.reason.remedy}"


class Undecided(Refusal):
    """Judging a request failed with an unexpected error, which is the ``__cause__``; 500."""

    def __init__(self) -> None:
        super().__init__(INTERNAL_ERROR)


class AccessTokenError(Refusal):
    """A request is refused because of what the caller sent.

    Attributes:
        reason: The documented :class:`~bearerguard.error_codes.ErrorCode`.
        expected: What would have been accepted, in words.
        actual: The value that was found, or ``ABSENT``. Taken from the token: for logs, never for
            the wire.
        at: Place, such as ``$.aud`` (claims) or ``header.alg``.
        hint: Next step for this very case, beyond the code's remedy.
        verified: Whether the signature had been verified when this was found.
        scopes: Scopes that would help, for the challenge of RFC 6750 §3.
    """

    def __init__(
        self,
        reason: ErrorCode,
        *,
        expected: str = "",
        actual: object = ABSENT,
        at: str = "",
        hint: str = "",
        verified: bool = False,
        scopes: tuple[str, ...] = (),
    ) -> None:
        super().__init__(reason)
        self.expected = expected
        self.actual = actual
        self.at = at
        self.hint = hint
        self.verified = verified
        self.scopes = scopes

    @property
    def operator_text(self) -> str:
        """Expected, actual, place and next step, for logs. Never show it to callers."""
        what = self.reason.cause.rstrip(".")
        if self.expected:
            what = f"expected {self.expected}"
            if self.at or self.actual is not ABSENT:
                unverified = "" if self.verified or self.actual is ABSENT else "unverified "
                most = _SHOWN_OF_A_CLAIM if self.at.startswith("$") else _SHOWN
                what += f", got {unverified}{show(self.actual, most)}"
        place = f" at {self.at}" if self.at else ""
        return f"{self.code}: {what}{place}. {self.hint or self.reason.remedy}"


class MissingToken(AccessTokenError):
    """401: no credentials, or another scheme than Bearer.

    The challenge carries no error (RFC 6750 §3.1).
    """


class InvalidRequest(AccessTokenError):
    """400 ``invalid_request``: a malformed or repeated Authorization header, or a bad path."""


class InvalidToken(AccessTokenError):
    """401 ``invalid_token``: malformed, untrusted, expired or meant for another API."""


class InsufficientScope(AccessTokenError):
    """403 ``insufficient_scope``: the token is good and does not permit this request."""
