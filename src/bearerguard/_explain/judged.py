"""Every check of a token, run by the verifier's own parts.

Those are the parser, the table of checks, the keys and the requirement.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from bearerguard._explain.explanation import CheckResult
from bearerguard._explain.rows import REQUIREMENT, TEXT, failed, judged_as, not_judged, passed, permission
from bearerguard.authorization.combination import Requirement
from bearerguard.error_codes import MALFORMED_AUTHORIZATION
from bearerguard.errors import AccessTokenError, InvalidRequest
from bearerguard.strict_json import NotStrictJson, parse_object
from bearerguard.token.base64url import NotBase64Url, decode
from bearerguard.token.claims import CHECKS, Expectations
from bearerguard.token.jws import Header, Parser, UnverifiedToken, verify
from bearerguard.token.registration import Registration, Registrations
from bearerguard.token.signer import candidates, no_key

_ISSUER: Final = ("iss", "RFC 7519 §4.1.1, RFC 8725 §3.8")
_SIGNATURE: Final = ("signature", "RFC 7515 §5.2")
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
        effective_roles: Adds the roles that others imply.
    """

    registrations: Registrations | None
    recognised: Expectations | None
    names_audience: bool
    requirement: Requirement | None = None
    effective_roles: Callable[[frozenset[str]], frozenset[str]] = frozenset


def judged(token: str, trust: Trust, now: float) -> Iterator[CheckResult]:
    """Every check, in the order of the verifier."""
    failure, unverified = _parsed(token)
    yield judged_as(TEXT, failure)
    if unverified is None:
        unread = "The token cannot be read."
        yield from (not_judged(row, unread) for row in (_ISSUER, *((check.what, check.source) for check in CHECKS), _SIGNATURE))
        return
    registration, result = _registered(unverified, trust)
    yield result
    expected = registration.expected if registration else trust.recognised
    if expected is None:
        unknown = "What is expected depends on the issuer."
        yield from (not_judged((check.what, check.source), unknown) for check in CHECKS)
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
        return None, not_judged(_ISSUER, "No issuer is configured here.", "Give --issuer or --server to judge it.")
    try:
        return trust.registrations.of(token.claims), passed(_ISSUER)
    except AccessTokenError as failure:
        return None, failed(_ISSUER, failure)


def _by_the_table(token: UnverifiedToken, expected: Expectations, trust: Trust, now: float) -> Iterator[CheckResult]:
    for check in CHECKS:
        row = (check.what, check.source)
        if not check.concerns(expected.issuer):
            continue
        if check.what == _AUDIENCE and not trust.names_audience:
            yield not_judged(row, "No audience is given.", "Give --audience or --server to judge it.")
            continue
        yield judged_as(row, check.test(token, expected, now))


def _signature(token: UnverifiedToken, registration: Registration | None, *, is_whole: bool) -> CheckResult:
    if not is_whole:
        return not_judged(_SIGNATURE, "The token cannot be read as a whole.")
    if registration is None:
        return not_judged(_SIGNATURE, "The issuer is not trusted here, so its keys are not known.")
    key_set = registration.keys.known()
    if key_set is None:
        why = registration.keys.status().last_error
        if why:
            return not_judged(_SIGNATURE, f"The issuer's keys could not be fetched: {why}.", "Try again, or run doctor.")
        return not_judged(_SIGNATURE, "The issuer's keys were not fetched.", "Add --online to fetch them.")
    tried = candidates(key_set, token, registration.expected.issuer.profile)
    if verify(token, tried) is not None:
        return passed(_SIGNATURE)
    return failed(_SIGNATURE, no_key(token, tried, key_set))


def _permission(token: UnverifiedToken, expected: Expectations | None, trust: Trust, requirement: Requirement) -> CheckResult:
    if expected is None:
        return not_judged(REQUIREMENT, "How roles and scopes are read depends on the issuer.")
    return permission(token.claims, expected.issuer.profile, trust.effective_roles, requirement)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
