"""``exp``, ``nbf`` and ``iat``."""

from typing import Any, Final

import pytest

from support.sealed import ABSENT, AUDIENCE, ISSUER, NOW, claims, refusal, seal, server, verdict

API: Final = server(token_cache_size=0)
NOT_A_TIME: Final[list[object]] = [
    *("1767272400", "9_999_999_999", "", "soon", "2026-01-01T12:00:00Z"),
    *(None, True, False, [], [NOW + 3600], {}, {"seconds": NOW}),
    *(0, -1, -0.0, -NOW, -1e308, 2**40, 2**40 + 1, 2.0**40, 10**19, 1e308, 1e12 * 2),
]


def judged(**changes: Any) -> str:
    """The verdict on good claims with these changes."""
    return verdict(API, seal(payload=claims(**changes)))


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("value", NOT_A_TIME, ids=repr)
def test_a_time_is_a_bounded_json_number(name: str, value: object) -> None:
    """RFC 7519 §2: neither text nor bool, finite, above 0 and below 2^40."""
    assert judged(**{name: value}) == "invalid_claim"


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("number", ["1e400", "-1e400", "1e-400", "-0"])
def test_a_number_that_no_float_can_hold_is_no_time(name: str, number: str) -> None:
    """RFC 8259 §6 allows it as JSON; it reads as infinite or as zero."""
    payload = b'{"iss":"%s","aud":"%s","%s":%s,' % (ISSUER.encode(), AUDIENCE.encode(), name.encode(), number.encode())
    rest = b'"sub":"x"}' if name == "exp" else b'"exp":1767272400}'

    assert verdict(API, seal(payload=payload + rest)) == "invalid_claim"


@pytest.mark.parametrize("value", [NOW + 1, NOW + 0.5, float(NOW + 3600), 2**40 - 1, 2**40 - 0.5], ids=repr)
def test_exp_may_be_any_number_within_bounds(value: float) -> None:
    """RFC 7519 §2: a NumericDate may have a fraction; tokens of continuous access evaluation live for a day."""
    assert judged(exp=value) == "accepted"


@pytest.mark.parametrize("name", ["nbf", "iat"])
@pytest.mark.parametrize("value", [1, 0.001, NOW - 10**8, NOW, NOW + 0.5], ids=repr)
def test_nbf_and_iat_may_be_any_past_number(name: str, value: float) -> None:
    """RFC 7519 §4.1.5, §4.1.6."""
    assert judged(**{name: value}) == "accepted"


def test_exp_is_mandatory() -> None:
    """PyJWT and fastmcp accept a token without it: absence is never success."""
    assert judged(exp=ABSENT) == "missing_claim"


@pytest.mark.parametrize("name", ["nbf", "iat", "sub", "jti", "client_id", "roles"])
def test_a_claim_that_nobody_demands_may_be_absent(name: str) -> None:
    """RFC 7519 §4.1: all are optional; fastapi-azure-auth demands ``nbf``."""
    assert judged(**{name: ABSENT}) == "accepted"


def test_iat_in_the_future_is_no_reason_to_refuse() -> None:
    """RFC 7519 §4.1.6 tells an age, not a beginning: that is ``nbf``."""
    assert judged(iat=NOW + 10**6) == "accepted"


@pytest.mark.parametrize("leeway", [0, 0.0, 1, 60, 60.0, 300])
@pytest.mark.parametrize(
    ("offset", "code"),
    [(-1, "token_expired"), (-0.001, "token_expired"), (0, "token_expired"), (0.001, "accepted"), (1, "accepted")],
)
def test_the_time_is_before_exp_plus_the_leeway(leeway: float, offset: float, code: str) -> None:
    """RFC 7519 §4.1.4: before, so that the very second is too late."""
    api = server(leeway=leeway, token_cache_size=0)

    assert verdict(api, seal(payload=claims(exp=NOW - leeway + offset, nbf=ABSENT))) == code


@pytest.mark.parametrize("leeway", [0, 0.0, 1, 60, 60.0, 300])
@pytest.mark.parametrize(
    ("offset", "code"),
    [(-1, "accepted"), (0, "accepted"), (0.001, "token_not_yet_valid"), (1, "token_not_yet_valid")],
)
def test_the_time_is_not_before_nbf_minus_the_leeway(leeway: float, offset: float, code: str) -> None:
    """RFC 7519 §4.1.5: not before, so that the very second is good."""
    api = server(leeway=leeway, token_cache_size=0)

    assert verdict(api, seal(payload=claims(nbf=NOW + leeway + offset))) == code


def test_an_operator_reads_how_long_ago_a_token_expired() -> None:
    """Style: times in UTC with the distance."""
    error = refusal(API, seal(payload=claims(exp=NOW - 192)))

    assert "2026-01-01T11:56:48Z, 3 min 12 s ago" in error.operator_text
    assert "leeway 60 s" in error.operator_text
