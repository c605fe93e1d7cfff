"""Every check of a token, run by the verifier's own parts: the parser, the table of checks, the
keys, the requirement.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from bearerguard._explain.explanation import CheckResult
from bearerguard.authorization.combination import Requirement
from bearerguard.error_codes import MALFORMED_AUTHORIZATION, OPAQUE_TOKEN
from bearerguard.errors import ABSENT, AccessTokenError, InvalidRequest, show
from bearerguard.principal import PayloadClaims
from bearerguard.strict_json import NotStrictJson, parse_object
from bearerguard.token.base64url import NotBase64Url, decode
from bearerguard.token.caller import caller_in
from bearerguard.token.claims import CHECKS, Expectations
from bearerguard.token.jws import Header, Parser, UnverifiedToken, verify
from bearerguard.token.registration import Registration, Registrations
from bearerguard.token.signer import candidates, no_key

Row = tuple[str, str]

_TEXT: Final = ("text", "RFC 6750 §2.1, RFC 7515 §3.1, RFC 8725 §3")
_ISSUER: Final = ("iss", "RFC 7519 §4.1.1, RFC 8725 §3.8")
_SIGNATURE: Final = ("signature", "RFC 7515 §5.2")
_REQUIREMENT: Final = ("requirement", "the route's requirement, RFC 6750 §3.1")
_AUDIENCE: Final = "aud"


@dataclass(frozen=True, slots=True)
class Trust:
    """What a token is judged against.

    Attributes:
        registrations: The trusted issuers and their keys; ``None`` where nothing is configured.
        recognised: The token's own issuer as a preset configures it, to judge the rest by where
            ``iss`` is not trusted.
        names_audience: Whether an audience was given: without one ``aud`` is not judged.
        requirement: Of the route.
        asks_about_opaque: Whether the server asks its issuer about tokens that are not JWTs.
        effective_roles: Adds the roles that others imply.
    """

    registrations: Registrations | None
    recognised: Expectations | None
    names_audience: bool
    requirement: Requirement | None = None
    asks_about_opaque: bool = False
    effective_roles: Callable[[frozenset[str]], frozenset[str]] = frozenset


def judged(token: str, trust: Trust, now: float) -> Iterator[CheckResult]:
    """Every check, in the order of the verifier."""
    failure, unverified = _parsed(token)
    if failure is not None and failure.reason is OPAQUE_TOKEN and trust.asks_about_opaque:
        yield _open(
            _TEXT, "It is opaque: this server asks its issuer about it (introspection).", "Call the API to see the answer."
        )
        return
    yield _passed(_TEXT) if failure is None else _failed(_TEXT, failure)
    if unverified is None:
        unread = "The token cannot be read."
        yield from (_open(row, unread) for row in (_ISSUER, *((check.what, check.source) for check in CHECKS), _SIGNATURE))
        return
    registration, result = _registered(unverified, trust)
    yield result
    expected = registration.expected if registration else trust.recognised
    if expected is None:
        unknown = "What is expected depends on the issuer."
        yield from (_open((check.what, check.source), unknown) for check in CHECKS)
    else:
        yield from _by_the_table(unverified, expected, trust, now)
    yield _signature(unverified, registration, is_whole=failure is None)
    if trust.requirement is not None:
        yield _permission(unverified, expected, trust, trust.requirement)


def _parsed(token: str) -> tuple[AccessTokenError | None, UnverifiedToken | None]:
    """What the parser says; where it refuses the header, the claims are still read, to be judged as
    well.
    """
    try:
        octets = token.encode("ascii")
    except UnicodeEncodeError:
        return InvalidRequest(MALFORMED_AUTHORIZATION, expected="ASCII"), None
    try:
        return None, Parser().parse(octets)
    except AccessTokenError as failure:
        return failure, _leniently(octets)


def _leniently(token: bytes) -> UnverifiedToken | None:
    try:
        head, body, _signature_part = token.split(b".")
        members, payload = parse_object(decode(head)), decode(body)
        claims = parse_object(payload)
    except (ValueError, NotStrictJson, NotBase64Url):
        return None
    typ = _text(members.get("typ")).lower().removeprefix("application/")
    header = Header(_text(members.get("alg")), _text(members.get("kid")) or None, typ, "nonce" in members)
    return UnverifiedToken(header, claims, payload, b"", b"", head)


def _registered(token: UnverifiedToken, trust: Trust) -> tuple[Registration | None, CheckResult]:
    if trust.registrations is None:
        return None, _open(_ISSUER, "No issuer is configured here.", "Give --issuer or --server to judge it.")
    try:
        return trust.registrations.of(token.claims), _passed(_ISSUER)
    except AccessTokenError as failure:
        return None, _failed(_ISSUER, failure)


def _by_the_table(token: UnverifiedToken, expected: Expectations, trust: Trust, now: float) -> Iterator[CheckResult]:
    for check in CHECKS:
        row = (check.what, check.source)
        if not check.concerns(expected.issuer):
            continue
        if check.what == _AUDIENCE and not trust.names_audience:
            yield _open(row, "No audience is given.", "Give --audience or --server to judge it.")
            continue
        failure = check.test(token, expected, now)
        yield _passed(row) if failure is None else _failed(row, failure)


def _signature(token: UnverifiedToken, registration: Registration | None, *, is_whole: bool) -> CheckResult:
    if not is_whole:
        return _open(_SIGNATURE, "The token cannot be read as a whole.")
    if registration is None:
        return _open(_SIGNATURE, "The issuer is not trusted here, so its keys are not known.")
    key_set = registration.keys.known()
    if key_set is None:
        failed = registration.keys.status().last_error
        if failed:
            return _open(_SIGNATURE, f"The issuer's keys could not be fetched: {failed}.", "Try again, or run doctor.")
        return _open(_SIGNATURE, "The issuer's keys were not fetched.", "Add --online to fetch them.")
    tried = candidates(key_set, token, registration.expected.issuer.profile)
    if verify(token, tried) is not None:
        return _passed(_SIGNATURE)
    return _failed(_SIGNATURE, no_key(token, tried, key_set))


def _permission(token: UnverifiedToken, expected: Expectations | None, trust: Trust, requirement: Requirement) -> CheckResult:
    if expected is None:
        return _open(_REQUIREMENT, "How roles and scopes are read depends on the issuer.")
    try:
        profile, claims = expected.issuer.profile, PayloadClaims(token.payload)
        principal = caller_in({"iss": "", "exp": 0.0, **token.claims}, claims, profile, trust.effective_roles, _age)
    except (TypeError, ValueError):
        return _open(_REQUIREMENT, "The claims are of the wrong types.")
    if requirement.permits(principal) is True:
        return _passed(_REQUIREMENT)
    return _failed(_REQUIREMENT, requirement.refusal(principal))


def _age() -> float:
    return 0.0


def _passed(row: Row) -> CheckResult:
    return CheckResult(*row, "passed")


def _open(row: Row, reason: str, next_step: str = "") -> CheckResult:
    return CheckResult(*row, "not judged", reason=reason, next_step=next_step)


def _failed(row: Row, failure: AccessTokenError) -> CheckResult:
    actual = "" if failure.actual is ABSENT else show(failure.actual)
    return CheckResult(
        *row,
        "failed",
        code=failure.code,
        expected=failure.expected,
        actual=actual,
        at=failure.at,
        reason=failure.reason.cause,
        next_step=failure.hint or failure.reason.remedy,
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
