"""One bearer token, from the raw header tuples of a request."""

from collections.abc import Iterable
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bearerguard.errors import AccessTokenError, InvalidRequest, InvalidToken, MissingToken
from bearerguard.token.credentials import read_credentials
from support.sealed import seal, server, verdict

TOKEN: Final = seal()
API: Final = server(token_cache_size=0)
NAME: Final = b"authorization"


def answer(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The code of a refusal, or ``accepted``, for a request with these headers."""
    try:
        credentials = read_credentials(headers)
    except AccessTokenError as error:
        return error.code
    return verdict(API, credentials)


@pytest.mark.parametrize("scheme", [b"Bearer", b"bearer", b"BEARER", b"bEaReR"])
def test_the_scheme_is_read_in_any_case(scheme: bytes) -> None:
    """RFC 9110 §11.1."""
    assert answer([(NAME, scheme + b" " + TOKEN)]) == "accepted"


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b"Bearer " + TOKEN, id="one space"),
        pytest.param(b"Bearer    " + TOKEN, id="several spaces"),
        pytest.param(b"Bearer " + TOKEN + b" ", id="a space behind, which httptools leaves"),
        pytest.param(b"Bearer " + TOKEN + b"\t", id="a tab behind, which httptools leaves"),
        pytest.param(b" \t Bearer " + TOKEN + b" \t ", id="blanks around"),
    ],
)
def test_blanks_around_a_field_value_are_no_part_of_it(value: bytes) -> None:
    """RFC 9110 §5.5, RFC 6750 §2.1."""
    assert answer([(NAME, value)]) == "accepted"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        pytest.param(b"", "malformed_authorization", id="empty"),
        pytest.param(b"   ", "malformed_authorization", id="blank"),
        pytest.param(b"Bearer", "malformed_authorization", id="scheme alone"),
        pytest.param(b"Bearer ", "malformed_authorization", id="scheme and a space"),
        pytest.param(b"Bearer\t" + TOKEN, "malformed_authorization", id="tab behind the scheme"),
        pytest.param(b"Bearer \t" + TOKEN, "malformed_authorization", id="space and tab behind the scheme"),
        pytest.param(b"Bearer\n" + TOKEN, "malformed_authorization", id="line feed behind the scheme"),
        pytest.param(b"Bearer\xa0" + TOKEN, "malformed_authorization", id="no-break space behind the scheme"),
        pytest.param(b"Bearer:" + TOKEN, "malformed_authorization", id="colon behind the scheme"),
        pytest.param(b'"Bearer ' + TOKEN + b'"', "malformed_authorization", id="all in quotes"),
        pytest.param(b'Bearer "' + TOKEN + b'"', "malformed_authorization", id="token in quotes"),
        pytest.param(b"Bearer '" + TOKEN + b"'", "malformed_authorization", id="token in single quotes"),
        pytest.param(b"Bearer Bearer " + TOKEN, "malformed_authorization", id="scheme twice"),
        pytest.param(b"Bearer " + TOKEN + b" " + TOKEN, "malformed_authorization", id="two tokens"),
        pytest.param(b"Bearer a b  c", "malformed_authorization", id="several words"),
        pytest.param(b"Bearer " + TOKEN + b",", "malformed_authorization", id="comma behind"),
        pytest.param(b"Bearer " + TOKEN + b", Bearer " + TOKEN, "malformed_authorization", id="two credentials in a list"),
        pytest.param(b"Bearer " + TOKEN + b",Basic YTpi", "malformed_authorization", id="two schemes in a list"),
        pytest.param(b'Bearer token="' + TOKEN + b'"', "malformed_authorization", id="auth-param"),
        pytest.param(b"Bearer " + TOKEN + b"\r\n", "malformed_authorization", id="CRLF behind"),
        pytest.param(b"Bearer " + TOKEN + b"\x00", "malformed_authorization", id="NUL behind"),
        pytest.param(b"Bearer " + TOKEN[:40] + b"\r\n " + TOKEN[40:], "malformed_authorization", id="obs-fold"),
        pytest.param(b"Bearer " + TOKEN[:40] + b" " + TOKEN[40:], "malformed_authorization", id="unfolded obs-fold"),
        pytest.param(b"Bearer " + TOKEN + "é".encode(), "malformed_authorization", id="UTF-8"),
        pytest.param(b"Bearer " + TOKEN + b"\xe9", "malformed_authorization", id="Latin-1"),
        pytest.param("Beårer ".encode() + TOKEN, "malformed_authorization", id="scheme in UTF-8"),
        pytest.param(b"Bearer \x1b[31m" + TOKEN, "malformed_authorization", id="escape sequence"),
        pytest.param(b"Bearer " + TOKEN + b"\x7f", "malformed_authorization", id="DEL behind"),
        pytest.param(b"Bearer a%2eb%2ec", "malformed_authorization", id="percent-encoded"),
        pytest.param(b"Basic YTpi", "unsupported_scheme", id="Basic"),
        pytest.param(b"Basic", "unsupported_scheme", id="Basic alone"),
        pytest.param(b"DPoP " + TOKEN, "unsupported_scheme", id="DPoP"),
        pytest.param(b"Bearers " + TOKEN, "unsupported_scheme", id="a scheme that only begins like Bearer"),
        pytest.param(b"Negotiate YII==", "unsupported_scheme", id="Negotiate"),
        pytest.param(TOKEN, "unsupported_scheme", id="a token without a scheme"),
        pytest.param(b"Bearer " + b"a" * 200_000, "token_too_large", id="200 kB"),
        pytest.param(b"a" * 200_000, "unsupported_scheme", id="a scheme of 200 kB"),
        pytest.param(b"Bearer" + b" " * 200_000, "malformed_authorization", id="200 kB of spaces"),
        pytest.param(b"Bearer -._~+/==", "malformed_token", id="b64token, and no JWT"),
    ],
)
def test_a_header_that_is_not_bearer_and_one_token_is_refused(value: bytes, code: str) -> None:
    """RFC 6750 §2.1, §3.1; 200 kB pass uvicorn's httptools."""
    assert answer([(NAME, value)]) == code


@pytest.mark.parametrize("first", [b"Bearer " + TOKEN, b"Basic YTpi", b"", b"\xff"], ids=["bearer", "basic", "empty", "bytes"])
@pytest.mark.parametrize("second", [b"Bearer " + TOKEN, b"Basic YTpi", b"", b"\xff"], ids=["bearer", "basic", "empty", "bytes"])
def test_two_authorization_headers_are_refused_whatever_their_schemes(first: bytes, second: bytes) -> None:
    """``Headers.get`` returns the first of several, so a proxy and the application may each read another one."""
    assert answer([(NAME, first), (b"accept", b"*/*"), (NAME, second)]) == "repeated_authorization"


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"proxy-authorization", b"Bearer " + TOKEN)],
        [(b"x-authorization", b"Bearer " + TOKEN)],
        [(b"cookie", b"access_token=" + TOKEN)],
        [(b"authorization ", b"Bearer " + TOKEN)],
        [(b"x-forwarded-access-token", TOKEN)],
        [(b"sec-websocket-protocol", b"bearer, " + TOKEN)],
    ],
    ids=["none", "proxy", "x-", "cookie", "blank in the name", "forwarded", "websocket protocol"],
)
def test_a_token_anywhere_else_than_in_the_authorization_header_is_not_read(headers: list[tuple[bytes, bytes]]) -> None:
    """RFC 6750 §2."""
    assert answer(headers) == "missing_token"


def test_no_credentials_and_another_scheme_carry_no_error() -> None:
    """RFC 6750 §3.1: the challenge then has no error code."""
    for headers in ([], [(NAME, b"Basic YTpi")]):
        with pytest.raises(MissingToken) as caught:
            read_credentials(headers)
        assert (caught.value.status, caught.value.error) == (401, "")


def test_a_foreign_scheme_is_not_repeated_to_the_operator() -> None:
    """Where the scheme was forgotten, what stands in its place is a token."""
    with pytest.raises(MissingToken) as caught:
        read_credentials([(NAME, TOKEN)])

    assert TOKEN.decode()[:20] not in caught.value.operator_text


def test_a_token_is_measured_before_anything_is_computed_over_it() -> None:
    """A digest of a header of 200 kB costs as much as five verifications."""
    assert len(read_credentials([(NAME, b"Bearer " + b"a" * 16_384)])) == 16_384
    with pytest.raises(InvalidToken) as caught:
        read_credentials([(NAME, b"Bearer " + b"a" * 16_385)])

    assert caught.value.code == "token_too_large"


@given(st.lists(st.tuples(st.sampled_from([NAME, b"accept", b""]) | st.binary(max_size=20), st.binary(max_size=60)), max_size=4))
def test_any_header_tuples_give_a_token_or_a_documented_refusal(headers: list[tuple[bytes, bytes]]) -> None:
    """RFC 6750 §3.1: nothing a caller sends is the server's fault."""
    try:
        token = read_credentials(headers)
    except (MissingToken, InvalidRequest):
        return
    assert type(token) is bytes
    assert token
    assert not token.startswith(b" ")


@given(st.sampled_from([b"Bearer ", b"bearer  ", b""]), st.binary(max_size=80))
def test_any_bytes_in_the_header_are_judged(scheme: bytes, rest: bytes) -> None:
    """The same through parsing: ``verdict`` lets nothing but ``AccessTokenError`` pass."""
    assert answer([(NAME, scheme + rest)]) != "accepted"
