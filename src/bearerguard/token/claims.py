"""What a token says of itself, judged: for us, of this kind, and now.

One table of checks serves the verifier (its first failure) and the explanation of a token (all
failures). All of them run before a key is looked for, so that a token that must be refused anyway
never causes a fetch; nothing is granted on their word.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeGuard

from bearerguard import error_codes as codes
from bearerguard.checks import GUID
from bearerguard.error_codes import ErrorCode
from bearerguard.errors import ABSENT, AccessTokenError, InvalidToken
from bearerguard.issuers.claim_values import claim_at
from bearerguard.issuers.issuer import Issuer
from bearerguard.issuers.profile import TENANT
from bearerguard.token.audience import graph_hint, names_one_of, wrong_audience
from bearerguard.token.jws import UnverifiedToken
from bearerguard.token.kind import kind_failure
from bearerguard.token.moment import Moment, utc
from bearerguard.token.usual import MAX_TIME, is_usual

_A_TIME: Final = "a number between 0 and 2^40"
_ACCESS_TOKEN_TYPES: Final = frozenset({"", "jwt", "at+jwt"})
_AT_JWT_CLAIMS: Final = ("iss", "exp", "aud", "sub", "client_id", "iat", "jti")  # RFC 9068 §2.2
_A_GUID: Final = re.compile(GUID)


@dataclass(frozen=True, slots=True)
class Expectations:
    """What one issuer's tokens are judged against.

    Attributes:
        issuer: The configured issuer.
        audience: Identifiers, of which the profile's audience claim must name one.
        any_audience: Those and the server's own: what ``aud`` may name where another claim is the
            audience (Amazon Cognito).
        algorithms: Accepted algorithms.
        leeway: Seconds that clocks may differ.
        tests: Those of ``CHECKS`` that concern this issuer.
        tests_of_its_own: Those among them that do not concern every issuer.
        usual_types: The ``typ`` of usual tokens, see ``is_usual``; none where another claim than
            ``aud`` is the audience.
    """

    issuer: Issuer
    audience: frozenset[str]
    any_audience: frozenset[str]
    algorithms: frozenset[str]
    leeway: float
    tests: tuple["Test", ...] = field(init=False, repr=False, compare=False)
    tests_of_its_own: tuple["Test", ...] = field(init=False, repr=False, compare=False)
    usual_types: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Chooses the tests, once for all tokens."""
        concerning = [row for row in CHECKS if row.concerns(self.issuer)]
        object.__setattr__(self, "tests", tuple(row.test for row in concerning))
        own = tuple(row.test for row in concerning if row.concerns is not _every_issuer)
        object.__setattr__(self, "tests_of_its_own", own)
        types = frozenset({"at+jwt"}) if self.issuer.require_at_jwt else _ACCESS_TOKEN_TYPES
        object.__setattr__(self, "usual_types", types if self.issuer.profile.audience_claim == "aud" else frozenset())


Test = Callable[[UnverifiedToken, Expectations, float], AccessTokenError | None]


def _every_issuer(_issuer: Issuer) -> bool:
    return True


class Check(NamedTuple):
    """One row of the table.

    Attributes:
        what: What is judged.
        source: By which rule.
        test: Gives ``None`` or a refusal.
        concerns: Whether an issuer's tokens are judged by it.
        of_header: Whether it is about the JOSE header or a profile of JWTs, so that an answer of an
            introspection endpoint is not judged by it.
    """

    what: str
    source: str
    test: Test
    concerns: Callable[[Issuer], bool] = _every_issuer
    of_header: bool = False


def check(token: UnverifiedToken, expected: Expectations, now: float) -> None:
    """Raise the first failure.

    Raises:
        InvalidToken: with the code of the first check that fails.
    """
    tests = expected.tests_of_its_own if is_usual(token, expected, now) else expected.tests
    for test in tests:
        failure = test(token, expected, now)
        if failure is not None:
            raise failure


def failures(token: UnverifiedToken, expected: Expectations, now: float) -> Iterator[AccessTokenError]:
    """All failures, in the order of the table."""
    for test in expected.tests:
        failure = test(token, expected, now)
        if failure is not None:
            yield failure


def times_failure(token: UnverifiedToken, expected: Expectations, now: float) -> AccessTokenError | None:
    """Whether the token has run out, for a second look after a wait."""
    return _expiry(token, expected, now) or _not_before(token, expected, now)


# --- the checks


def _type(token: UnverifiedToken, expected: Expectations, _now: float) -> AccessTokenError | None:
    typ = token.header.typ
    if typ == "at+jwt" or (typ in _ACCESS_TOKEN_TYPES and not expected.issuer.require_at_jwt):
        return None
    wanted = "'at+jwt'" if expected.issuer.require_at_jwt else "'at+jwt', 'JWT' or none"
    return InvalidToken(codes.WRONG_TOKEN_TYPE, expected=f"`typ` {wanted}", actual=typ, at="header.typ")


def _algorithm(token: UnverifiedToken, expected: Expectations, _now: float) -> AccessTokenError | None:
    algorithm = token.header.algorithm
    if algorithm in expected.algorithms:
        return None
    wanted = ", ".join(expected.issuer.algorithms)
    return InvalidToken(codes.UNSUPPORTED_ALGORITHM, expected=f"`alg` {wanted}", actual=algorithm, at="header.alg")


def _graph(token: UnverifiedToken, expected: Expectations, _now: float) -> AccessTokenError | None:
    if token.header.has_nonce:
        return InvalidToken(codes.GRAPH_TOKEN, at="header.nonce", hint=graph_hint(expected.audience))
    return None


def _kind(token: UnverifiedToken, expected: Expectations, _now: float) -> AccessTokenError | None:
    return kind_failure(token, expected.issuer.profile)


def _binding(token: UnverifiedToken, _expected: Expectations, _now: float) -> AccessTokenError | None:
    if "cnf" in token.claims:
        return InvalidToken(codes.BOUND_TOKEN, expected="no `cnf`", actual=ABSENT, at="$.cnf")
    return None


def _expiry(token: UnverifiedToken, expected: Expectations, now: float) -> AccessTokenError | None:
    expires = token.claims.get("exp")
    if not _is_time(expires):
        return _wrong_type(token, "exp", _A_TIME)
    if now < expires + expected.leeway:
        return None
    wanted = f"`exp` after {utc(now)}, leeway {expected.leeway:g} s"
    return InvalidToken(codes.TOKEN_EXPIRED, expected=wanted, actual=Moment(expires, now), at="$.exp")


def _not_before(token: UnverifiedToken, expected: Expectations, now: float) -> AccessTokenError | None:
    if "nbf" not in token.claims:
        return None
    begins = token.claims["nbf"]
    if not _is_time(begins):
        return _wrong_type(token, "nbf", _A_TIME)
    if begins <= now + expected.leeway:
        return None
    wanted = f"`nbf` not after {utc(now)}, leeway {expected.leeway:g} s"
    return InvalidToken(codes.TOKEN_NOT_YET_VALID, expected=wanted, actual=Moment(begins, now), at="$.nbf")


def _issued_at(token: UnverifiedToken, _expected: Expectations, _now: float) -> AccessTokenError | None:
    if "iat" in token.claims and not _is_time(token.claims["iat"]):
        return _wrong_type(token, "iat", _A_TIME)
    return None


def _names(token: UnverifiedToken, _expected: Expectations, _now: float) -> AccessTokenError | None:
    for name in ("sub", "jti"):
        if type(token.claims.get(name, "")) is not str:
            return _wrong_type(token, name, "text")
    return None


def _audience(token: UnverifiedToken, expected: Expectations, _now: float) -> AccessTokenError | None:
    name = expected.issuer.profile.audience_claim
    failure = _for_us(token, name, expected.audience, expected)
    if failure is None and name != "aud" and "aud" in token.claims:
        return _for_us(token, "aud", expected.any_audience, expected)
    return failure


def _for_us(token: UnverifiedToken, name: str, accepted: frozenset[str], expected: Expectations) -> AccessTokenError | None:
    audience = token.claims.get(name)
    named = names_one_of(audience, accepted)
    if named:
        return None
    if named is None:
        return _wrong_type(token, name, "text or an array of text")
    return wrong_audience(name, audience, accepted, profile=expected.issuer.profile.name)


def _profile_rules(token: UnverifiedToken, expected: Expectations, _now: float) -> AccessTokenError | None:
    for rule in expected.issuer.profile.rules:
        if rule.holds(token.claims):
            continue
        name, place = rule.path[-1], "$." + ".".join(rule.path)
        value = rule.value_in(token.claims)
        if value is None:
            return InvalidToken(codes.MISSING_CLAIM, expected=f"`{name}`", at=place)
        wanted = " or ".join(repr(accepted) for accepted in sorted(rule.values)) or "text"
        code = rule.code if rule.values else codes.INVALID_CLAIM
        return InvalidToken(code, expected=f"`{name}` {wanted}", actual=value, at=place)
    return None


def _client(token: UnverifiedToken, expected: Expectations, _now: float) -> AccessTokenError | None:
    profile = expected.issuer.profile
    if profile.client_of(token.claims) is not None:
        return None
    wanted = f"the client as text in {' or '.join('`' + '.'.join(path) + '`' for path in profile.client)}"
    for path in profile.client:
        value = claim_at(token.claims, path)
        if value is not None:
            return InvalidToken(codes.INVALID_CLAIM, expected=wanted, actual=value, at="$." + ".".join(path))
    return InvalidToken(codes.MISSING_CLAIM, expected=wanted)


def _tenant(token: UnverifiedToken, expected: Expectations, _now: float) -> AccessTokenError | None:
    tenant = token.claims.get("tid")
    if type(tenant) is str and _is_issued_by(token.claims["iss"], tenant, expected.issuer):
        return None
    code: ErrorCode = codes.MISSING_CLAIM if tenant is None else codes.WRONG_TENANT
    return InvalidToken(code, expected="`tid` to be the tenant in `iss`", actual=tenant, at="$.tid")


def _is_issued_by(iss: str, tenant: str, issuer: Issuer) -> bool:
    """Whether ``iss`` is this tenant's: the template with it, or a URL with it as a whole segment."""
    if issuer.is_template:
        return iss == issuer.issuer.replace(TENANT, tenant)
    return _A_GUID.fullmatch(tenant) is not None and tenant in iss.split("/")


def _at_jwt_claims(token: UnverifiedToken, _expected: Expectations, _now: float) -> AccessTokenError | None:
    for name in _AT_JWT_CLAIMS:
        if name not in token.claims:
            return InvalidToken(codes.MISSING_CLAIM, expected=f"`{name}`", at=f"$.{name}")
    return None


CHECKS: Final = (
    Check("typ", "RFC 8725 §3.11, RFC 9068 §4", _type, of_header=True),
    Check("alg", "RFC 8725 §3.1", _algorithm, of_header=True),
    Check(
        "header nonce",
        "https://learn.microsoft.com/en-us/entra/identity-platform/access-tokens",
        _graph,
        lambda issuer: issuer.profile.graph_nonce,
        of_header=True,
    ),
    Check("kind of token", "RFC 8725 §3.12, RFC 9068 §5", _kind),
    Check("cnf", "RFC 7800, RFC 9449 §7.2, RFC 8705 §3", _binding),
    Check("exp", "RFC 7519 §4.1.4", _expiry),
    Check("nbf", "RFC 7519 §4.1.5", _not_before),
    Check("iat", "RFC 7519 §4.1.6", _issued_at),
    Check("aud", "RFC 7519 §4.1.3, RFC 8725 §3.9", _audience),
    Check("sub, jti", "RFC 7519 §4.1.2, §4.1.7", _names),
    Check("the issuer's own rules", "the preset's source", _profile_rules, lambda issuer: bool(issuer.profile.rules)),
    Check("client", "ID tokens carry no client claim", _client, lambda issuer: issuer.profile.client_required),
    Check(
        "tid",
        "https://learn.microsoft.com/en-us/entra/identity-platform/access-tokens#multitenant-applications",
        _tenant,
        lambda issuer: issuer.profile.tenant_in_issuer,
    ),
    Check("claims of at+jwt", "RFC 9068 §2.2", _at_jwt_claims, lambda issuer: issuer.require_at_jwt, of_header=True),
)
"""The table, in the order of judgement. ``iss`` is judged before: it chooses the expectations."""

# --- words


def _is_time(value: Any) -> TypeGuard[float]:
    """A bounded JSON number, neither bool nor text (RFC 7519 §2)."""
    return (type(value) is int or type(value) is float) and 0 < value < MAX_TIME


def _wrong_type(token: UnverifiedToken, name: str, wanted: str) -> AccessTokenError:
    if name not in token.claims:
        return InvalidToken(codes.MISSING_CLAIM, expected=f"`{name}`", at=f"$.{name}")
    return InvalidToken(codes.INVALID_CLAIM, expected=f"`{name}` as {wanted}", actual=token.claims[name], at=f"$.{name}")
