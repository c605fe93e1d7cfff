"""Usual tokens, told at once: never one that a check of the table refuses."""

from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bearerguard.issuers.issuer import Issuer
from bearerguard.testing import LocalIssuer
from bearerguard.token.claims import CHECKS, Expectations, failures
from bearerguard.token.jws import Header, Parser, UnverifiedToken
from bearerguard.token.usual import is_usual
from benchmarks.tokens import SHAPES, real_token
from support.sealed import ABSENT, AUDIENCE, NOW, claims, issuer

LEEWAY: Final = 60.0
HEADER: Final = Header("ES256", "ec", "at+jwt", False)
MARKS: Final = (
    *("nonce", "at_hash", "c_hash", "events", "token_use", "typ"),
    *("tokenType", "TokenType", "token_type", "type", "cnf"),
)
MEMBERS: Final = ("exp", "nbf", "iat", "aud", "sub", "jti", *MARKS, "client_id", "tid", "ver", "azp")
EDGES: Final = (0, 1, -1, NOW, NOW - 60, NOW - 61, NOW - 59, NOW + 60, NOW + 61, NOW + 3600, 2**40, 2**40 - 1, -(2**40))
VALUES: Final = (
    st.sampled_from(
        [ABSENT, None, True, False, "", "x", "access", "Bearer", "refresh", "ID", AUDIENCE, [AUDIENCE], [AUDIENCE, 1]]
    )
    | st.sampled_from([["api://billing"], [], {}, {"x": 1}, *EDGES, *(float(edge) for edge in EDGES), float("inf"), float("nan")])
    | st.integers()
    | st.floats()
    | st.text(max_size=3)
)
HEADERS: Final = st.builds(
    Header,
    st.sampled_from(["RS256", "ES256", "HS256", "none", ""]),
    st.sampled_from(["ec", None]),
    st.sampled_from(["", "jwt", "at+jwt", "id+jwt", "jwt ", "AT+JWT"]),
    st.booleans(),
)
NOWS: Final = st.sampled_from([float(NOW), NOW + 0.5, 0.0, -100.0, 61.0, 2.0**40, 2.0**41]) | st.floats(allow_nan=False)


def expectations(trusted: Issuer, audience: str = AUDIENCE) -> Expectations:
    """What its tokens are judged against."""
    return Expectations(trusted, frozenset({audience}), frozenset({audience}), frozenset(trusted.algorithms), LEEWAY)


STRICT: Final = expectations(issuer(require_at_jwt=True))
ALL: Final = [
    *(expectations(issuer()), STRICT),
    *(
        expectations(Issuer("https://issuer.test/", jwks=issuer().jwks, profile=trusted.profile))
        for shape in (*SHAPES, "cognito", "okta", "azure_b2c")
        for trusted in LocalIssuer("https://contoso.test", shape=shape, algorithm="EdDSA").trusted()
    ),
]


def token(members: dict[str, Any], header: Header = HEADER) -> UnverifiedToken:
    """One that says so."""
    return UnverifiedToken(header, members, b"{}", b"", b"", b"")


@settings(max_examples=1_000)
@given(
    changes=st.dictionaries(st.sampled_from(MEMBERS), VALUES, max_size=3),
    header=HEADERS | st.just(HEADER),
    expected=st.sampled_from(ALL),
    now=NOWS | st.just(float(NOW)),
    leeway=st.sampled_from([0.0, 60.0, 300.0]),
)
def test_no_check_that_concerns_every_issuer_refuses_a_usual_token(
    changes: dict[str, Any], header: Header, expected: Expectations, now: float, leeway: float
) -> None:
    """RFC 9068 §4, RFC 7519 §4.1: what is told at once is never more than the table would let through."""
    judged = Expectations(expected.issuer, expected.audience, expected.any_audience, expected.algorithms, leeway)
    changed = token(claims(**changes), header)

    if is_usual(changed, judged, now):
        refusing = {type(failure) for failure in failures(changed, judged, now)}
        own = [test(changed, judged, now) for test in judged.tests_of_its_own]
        assert refusing == {type(failure) for failure in own if failure is not None}


@pytest.mark.parametrize("name", MARKS)
def test_whatever_may_mark_another_kind_of_token_is_left_to_the_table(name: str) -> None:
    assert is_usual(token(claims()), ALL[0], NOW)
    assert not is_usual(token(claims(**{name: "x"})), ALL[0], NOW)


@pytest.mark.parametrize("shape", SHAPES)
def test_tokens_as_issuers_send_them_are_usual(shape: str) -> None:
    """Else nothing would be saved."""
    local = LocalIssuer("https://contoso.test", shape=shape, algorithm="EdDSA")
    parsed = Parser().parse(real_token(local).encode())
    (trusted,) = (found for found in local.trusted() if found.issuer == local.issuer)

    assert is_usual(parsed, expectations(trusted, local.audiences[0]), parsed.claims["iat"])


def test_where_another_claim_is_the_audience_no_token_is_usual() -> None:
    """Amazon Cognito: ``client_id`` is judged, and ``aud`` beside it."""
    (cognito,) = LocalIssuer("https://contoso.test", shape="cognito", algorithm="EdDSA").trusted()
    expected = expectations(cognito)

    assert expected.usual_types == frozenset()
    assert not is_usual(token(claims()), expected, NOW)


def test_where_at_jwt_is_demanded_no_other_type_is_usual() -> None:
    """RFC 9068 §4."""
    assert is_usual(token(claims()), STRICT, NOW)
    assert not is_usual(token(claims(), HEADER._replace(typ="jwt")), STRICT, NOW)


def test_the_issuers_own_checks_are_asked_of_usual_tokens_too() -> None:
    """All rows of the table are either told at once or asked."""
    for expected in ALL:
        concerning = [row.test for row in CHECKS if row.concerns(expected.issuer)]
        at_once = [row.test for row in CHECKS if row.test not in expected.tests_of_its_own and row.test in concerning]
        assert [row.what for row in CHECKS if row.test in at_once] == [
            "typ",
            "alg",
            "kind of token",
            "cnf",
            "exp",
            "nbf",
            "iat",
            "aud",
            "sub, jti",
        ]
