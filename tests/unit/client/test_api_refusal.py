"""Reading WWW-Authenticate: what asks for another token, and nothing else."""

import json
from base64 import b64encode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bearerguard.client.api_refusal import ApiRefusal, read_refusal

CLAIMS = '{"access_token":{"nbf":{"essential":true, "value":"1604106651"}}}'
ENCODED = b64encode(CLAIMS.encode()).decode()


@pytest.mark.parametrize(
    "header",
    [
        'Bearer error="invalid_token"',
        'Bearer realm="orders", error="invalid_token", error_description="The token expired"',
        "bearer error=invalid_token",
        'BEARER   realm="a, b" , error = "invalid_token"',
        'Basic realm="x", Bearer error="invalid_token"',
        'Negotiate, Bearer error="invalid_token"',
        'Negotiate YIIJvwYGKwYBBQUC==, Bearer error="invalid_token"',
        'Bearer realm="say \\"Bearer\\", error=\\"none\\"", error="invalid_token"',
        'DPoP algs="ES256", error="invalid_token", Bearer error="invalid_token"',
        'Bearer error="invalid\\_token"',
    ],
    ids=str,
)
def test_invalid_token_asks_for_another_token(header: str) -> None:
    """RFC 6750 §3.1; several challenges may share one line (RFC 9110 §11.6.1)."""
    assert read_refusal([header]) == ApiRefusal()


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [""],
        ["Bearer"],
        ['Bearer realm="orders"'],
        ['Bearer realm="error=\\"invalid_scope\\""'],
        ['Bearer error_description="The token was revoked"'],
        ['Basic realm="x"', "Bearer"],
        ['Basic realm="x", Bearer realm="orders"'],
        ['Bearer realm="orders", Basic realm="x"'],
    ],
    ids=str,
)
def test_a_challenge_without_an_error_may_mean_a_revoked_token(lines: list[str]) -> None:
    """RFC 6750 §3.1 has an error for it; many APIs and gateways send none."""
    assert read_refusal(lines) == ApiRefusal()


def test_an_error_on_another_line_decides() -> None:
    assert read_refusal(["Bearer", 'Bearer error="insufficient_scope"']) is None


def test_the_challenge_may_be_on_any_line() -> None:
    assert read_refusal(['Basic realm="x"', 'Bearer error="invalid_token"']) == ApiRefusal()


@pytest.mark.parametrize(
    "header",
    [
        'Bearer error="insufficient_scope", scope="orders.write"',
        'Bearer error="invalid_request"',
        'Bearer error="INVALID_TOKEN"',
        'Bearer error="insufficient_scope", error="invalid_token"',
        'DPoP error="invalid_token"',
        'Basic realm="x", error="invalid_token"',
        'Basic realm="x"',
        'DPoP algs="ES256"',
        "Negotiate",
        'Bearer, Bearer error="insufficient_scope"',
        'Bearer realm="orders',
        'Bearer realm="orders" ;',
        'error="invalid_token"',
        'Bearer error="invalid_token',
        '"Bearer" error="invalid_token"',
        "é",
        "Bearer " + 'a="b", ' * 5_000 + 'error="invalid_token"',
    ],
    ids=lambda header: str(header)[:40],
)
def test_anything_else_asks_for_nothing(header: str) -> None:
    assert read_refusal([header]) is None


@pytest.mark.parametrize(
    "encoded",
    [
        ENCODED,
        ENCODED.rstrip("="),
        urlsafe_b64encode(CLAIMS.encode()).decode(),
        urlsafe_b64encode(b'{"a":"\xc3\xbf\xc3\xbe?>"}').decode(),
    ],
    ids=["padded", "unpadded", "urlsafe", "urlsafe-alphabet"],
)
def test_a_claims_challenge_of_entra_is_decoded(encoded: str) -> None:
    """Continuous Access Evaluation:
    learn.microsoft.com/entra/identity-platform/claims-challenge."""
    header = (
        f'Bearer realm="", authorization_uri="https://login.example/authorize", error="insufficient_claims", claims="{encoded}"'
    )
    refusal = read_refusal([header])
    assert refusal is not None
    assert isinstance(json.loads(refusal.claims), dict)


@pytest.mark.parametrize(
    "encoded",
    [
        "",
        "!!!!",
        "A",
        b64encode(b"not json").decode(),
        f"{ENCODED[:8]}!{ENCODED[8:]}",
        b64encode(b"[]").decode(),
        b64encode(b"\xff").decode(),
        b64encode(b'{"a":1,"a":2}').decode(),
    ],
    ids=["missing", "alphabet", "length", "text", "junk", "list", "bytes", "duplicate"],
)
def test_claims_that_cannot_be_read_ask_for_nothing(encoded: str) -> None:
    assert read_refusal([f'Bearer error="insufficient_claims", claims="{encoded}"']) is None


def test_insufficient_claims_without_claims_ask_for_nothing() -> None:
    assert read_refusal(['Bearer error="insufficient_claims"']) is None


@given(st.lists(st.text(st.sampled_from('Bearer ="\\,error=invalid_tokenclaims\x00é\t'), max_size=200), max_size=3))
def test_no_header_is_an_error(lines: list[str]) -> None:
    refusal = read_refusal(lines)
    assert refusal is None or isinstance(refusal, ApiRefusal)


def test_a_hostile_header_takes_no_time() -> None:
    """The expressions must not backtrack: 16 kB of each are read in linear time."""
    for piece in ('Bearer a="', 'Bearer a="\\', "Bearer ", "a=", ",", " ", "Bearer a=" + '"\\"' * 3):
        read_refusal([piece * 16_384])
