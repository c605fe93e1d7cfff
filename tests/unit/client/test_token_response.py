"""What comes back is a token or a TokenRequestError, whatever it is."""

import copy
import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bearerguard.bounded_http import Answer
from bearerguard.client.token_response import DEFAULT_LIFETIME, MAX_LIFETIME, IssuedToken, read_response
from bearerguard.client_authentication.secret import Secret
from bearerguard.error_hints import hint_for
from bearerguard.errors import TokenRequestError

GOOD: dict[str, Any] = {"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": "eyJ.e30.sig"}
NOW = 1_767_268_800.0  # 2026-01-01T12:00:00Z


def read(members: object, status: int = 200, secrets: tuple[Secret, ...] = (), **headers: str) -> IssuedToken:
    body = members if isinstance(members, bytes) else json.dumps(members).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return read_response(Answer(status, named, body), secrets=secrets, now=NOW)


def refused(members: object, status: int = 400, secrets: tuple[Secret, ...] = (), **headers: str) -> TokenRequestError:
    with pytest.raises(TokenRequestError) as raised:
        read(members, status, secrets, **headers)
    return raised.value


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in GOOD.items() if key != name}


# --- a token


def test_an_answer_of_entra_is_a_token_for_its_lifetime() -> None:
    """Unknown members are ignored (RFC 6749 §5.1)."""
    token = read(GOOD)
    assert token.access_token.reveal() == "eyJ.e30.sig"
    assert token.lifetime == 3599


@pytest.mark.parametrize("token_type", ["Bearer", "bearer", "BEARER"])
def test_the_token_type_is_read_in_any_case(token_type: str) -> None:
    """RFC 6749 §5.1."""
    assert read({**GOOD, "token_type": token_type})


@pytest.mark.parametrize(
    ("expires_in", "lifetime"),
    [
        (3600, 3600.0),
        (0.5, 0.5),
        ("3599", 3599.0),
        (None, DEFAULT_LIFETIME),
        (10**15, MAX_LIFETIME),
        (1e300, MAX_LIFETIME),
        ("9" * 20, MAX_LIFETIME),
    ],
    ids=["number", "fraction", "digits", "null", "huge", "huge-float", "huge-digits"],
)
def test_a_lifetime_is_read_and_bounded(expires_in: object, lifetime: float) -> None:
    assert read({**GOOD, "expires_in": expires_in}).lifetime == lifetime


def test_a_huge_number_is_a_long_lifetime() -> None:
    assert read(b'{"token_type":"Bearer","access_token":"x","expires_in":1e300}').lifetime == MAX_LIFETIME


def test_without_expires_in_the_token_is_used_for_five_minutes() -> None:
    """RFC 6749 §5.1: only RECOMMENDED."""
    assert read(without("expires_in")).lifetime == DEFAULT_LIFETIME == 300


# --- no token


@pytest.mark.parametrize("expires_in", [0, -1, -1e9, "-5", "", "soon", "3600 ", "٣٦٠٠", True, False, [], {}, "9" * 21], ids=repr)
def test_a_lifetime_that_is_none_is_an_error(expires_in: object) -> None:
    """A token that expires at once, a negative number, a bool: never guessed."""
    failure = refused({**GOOD, "expires_in": expires_in}, 200)
    assert failure.error == "invalid_token_response"
    assert not failure.temporary


@pytest.mark.parametrize(
    "members",
    [
        without("access_token"),
        {**GOOD, "access_token": ""},
        {**GOOD, "access_token": None},
        {**GOOD, "access_token": 7},
        {**GOOD, "access_token": "a b"},
        {**GOOD, "access_token": "a\r\nX-Evil: 1"},
        {**GOOD, "access_token": "é"},
        {**GOOD, "access_token": "x" * 16385},
        without("token_type"),
        {**GOOD, "token_type": "DPoP"},
        {**GOOD, "token_type": "mac"},
        {**GOOD, "token_type": ["Bearer"]},
        {**GOOD, "token_type": None},
        {},
    ],
    ids=lambda members: repr(members)[:60],
)
def test_an_answer_without_a_usable_bearer_token_is_an_error(members: dict[str, Any]) -> None:
    """RFC 6749 §5.1, §7.1; nothing that would break out of a header."""
    failure = refused(members, 200)
    assert failure.error == "invalid_token_response"
    assert "eyJ" not in str(failure)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<!DOCTYPE html><html>Sign in to the network</html>",
        b"access_token=x&token_type=bearer",
        b"[]",
        b'"token"',
        b"null",
        b"\xff\xfe",
        b'{"access_token":"a","access_token":"b","token_type":"Bearer"}',
        b'{"access_token":"a","token_type":"Bearer","expires_in":NaN}',
        b"[" * 60_000,
        b'{"access_token":"\\ud800","token_type":"Bearer"}',
    ],
    ids=["empty", "html", "form", "list", "string", "null", "utf-16", "duplicate", "nan", "deep", "surrogate"],
)
def test_a_200_that_is_no_json_object_is_an_error_that_may_pass(body: bytes) -> None:
    """A gateway's page under 200, two readings of one member."""
    failure = refused(body, 200, content_type="text/html")
    assert failure.error == "invalid_token_response"
    assert failure.status == 200
    assert failure.temporary


def test_an_error_under_200_is_an_error() -> None:
    assert refused({"error": "invalid_client"}, 200).error == "invalid_client"


def test_a_token_under_201_is_a_token() -> None:
    """RFC 6749 §5.1 says 200; some servers create a token."""
    assert read(GOOD, 201).access_token.reveal() == "eyJ.e30.sig"


@pytest.mark.parametrize("status", [202, 204, 206, 302, 400, 401, 403, 500])
def test_a_token_under_another_status_is_not_a_token(status: int) -> None:
    assert refused(GOOD, status).error == "token_endpoint_failed"


@pytest.mark.parametrize(
    ("members", "named"),
    [
        ({**GOOD, "token_type": "BearerToken"}, "'BearerToken'"),
        ({**GOOD, "token_type": "DPoP"}, "'DPoP'"),
        ({**GOOD, "token_type": "Bearer token"}, "'Bearer token'"),
        ({**GOOD, "token_type": ["Bearer"]}, "list"),
        (without("token_type"), "missing"),
    ],
    ids=["BearerToken", "DPoP", "space", "list", "missing"],
)
def test_a_token_type_that_is_not_bearer_is_named(members: dict[str, Any], named: str) -> None:
    assert named in refused(members, 200).error_description


def test_a_token_type_that_repeats_a_secret_does_not_show_it() -> None:
    failure = refused({**GOOD, "token_type": "hunter2"}, 200, (Secret("hunter2"),))
    assert "hunter2" not in str(failure) + repr(vars(failure))


@pytest.mark.parametrize("token_type", ["DPoP", "dpop"])
def test_a_token_bound_by_dpop_has_a_hint(token_type: str) -> None:
    """RFC 9449 §5."""
    assert refused({**GOOD, "token_type": token_type}, 200).hint == hint_for("invalid_dpop_proof") != ""


@pytest.mark.parametrize("error", ["invalid_dpop_proof", "use_dpop_nonce"])
def test_an_endpoint_that_demands_dpop_has_a_hint(error: str) -> None:
    """RFC 9449 §5, §8: Okta's new applications demand it."""
    assert "DPoP" in refused({"error": error}, 400).hint


def test_a_lifetime_of_0_says_what_it_means() -> None:
    """RFC 6749 §5.1: expired already. Some servers mean "unknown" by it, which would be a guess."""
    assert refused({**GOOD, "expires_in": 0}, 200).hint != ""


# --- refusals


def test_the_codes_of_entra_are_kept() -> None:
    """The numbers are what people search for."""
    failure = refused({"error": "invalid_client", "error_description": "AADSTS7000215: no.", "error_codes": [7000215]}, 401)
    assert failure.error_codes == (7000215,)
    assert failure.status == 401
    assert not failure.temporary


def test_codes_and_references_are_found_in_a_description_of_one_line() -> None:
    """Entra's newer form; a gateway may hand on nothing else."""
    text = "AADSTS700016: Application not found. Trace ID: 6bad8289 Correlation ID: 63b8bb61 Timestamp: 2023-02-20 07:21:29Z"
    failure = refused({"error": "unauthorized_client", "error_description": text})
    assert failure.error_codes == (700016,)
    assert failure.error_description == "AADSTS700016: Application not found."
    assert (failure.trace_id, failure.correlation_id) == ("6bad8289", "63b8bb61")
    assert failure.timestamp == "2023-02-20 07:21:29Z"


def test_an_error_of_any_server_needs_no_more_than_error() -> None:
    """RFC 6749 §5.2."""
    failure = refused({"error": "invalid_scope"})
    assert (failure.error_description, failure.error_codes, failure.trace_id) == ("", (), "")


@pytest.mark.parametrize("error", [None, "", 7, [], {}, 'say "so"', "line\nbreak", "x" * 101], ids=repr)
def test_an_error_that_is_none_counts_as_a_failure_of_the_endpoint(error: object) -> None:
    """RFC 6749 A.7."""
    assert refused({"error": error}, 400).error == "token_endpoint_failed"


@pytest.mark.parametrize("codes", [None, "7000215", [], ["7000215"], [True], {}], ids=repr)
def test_codes_of_another_type_are_left_out(codes: object) -> None:
    assert refused({"error": "invalid_client", "error_codes": codes}, 401).error_codes == ()


def test_a_description_of_another_type_is_left_out() -> None:
    assert refused({"error": "invalid_client", "error_description": ["x"], "trace_id": 7}, 401).error_description == ""


@pytest.mark.parametrize(
    ("status", "members", "temporary"),
    [
        (500, b"oops", True),
        (502, b"<html>Bad gateway</html>", True),
        (503, {"error": "temporarily_unavailable"}, True),
        (400, {"error": "temporarily_unavailable"}, True),
        (500, {"error": "server_error"}, True),
        (429, b"", True),
        (429, {"error": "slow_down"}, True),
        (408, b"", True),
        (404, b"<html>Not found</html>", False),
        (302, b"", False),
        (400, {"error": "invalid_scope"}, False),
        (401, {"error": "invalid_client"}, False),
        (503, {"error": "invalid_client"}, False),
    ],
    ids=str,
)
def test_only_what_may_pass_by_itself_is_temporary(status: int, members: object, temporary: bool) -> None:
    """No retry on invalid_client, whatever its status."""
    failure = refused(members, status)
    assert failure.temporary is temporary
    assert failure.status == status


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        (" 7 ", 7),
        ("Thu, 01 Jan 2026 12:00:30 GMT", 30),
        ("Thu, 01 Jan 2026 11:00:00 GMT", 0),
        ("-1", 0),
        ("soon", 0),
        ("", 0),
        ("1.5", 0),
        ("Thu, 01 Jan 0001 00:00:00 -2359", 0),
    ],
    ids=repr,
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: int) -> None:
    """RFC 9110 §10.2.3."""
    assert refused(b"", 503, retry_after=header).retry_after == seconds
    assert refused({"error": "slow_down"}, 429, retry_after=header).retry_after == seconds


def test_a_secret_that_the_endpoint_repeats_is_blotted_out() -> None:
    text = "secret hunter2 (hunter2%21) is wrong. Trace ID: hunter2"
    failure = refused(
        {"error": "invalid_client hunter2", "error_description": text}, 401, (Secret("hunter2%21"), Secret("hunter2"))
    )
    assert "hunter2" not in str(failure) + repr(vars(failure))


def test_line_breaks_of_an_answer_forge_no_log_line() -> None:
    failure = refused({"error": "invalid_client", "error_description": "no\r\nERROR root: forged\x1b[2J"}, 401)
    assert "\n" not in str(failure)
    assert "\x1b" not in str(failure)


def test_the_content_type_of_a_strange_answer_is_told() -> None:
    assert "text/html" in refused(b"<html>", 502, content_type="text/html").error_description


def test_a_failure_survives_copying_and_pickling() -> None:
    """Waiters each raise their own; worker processes hand them on."""
    failure = refused({"error": "invalid_client", "error_codes": [7000215], "trace_id": "t"}, 401)
    failure.add_note("seen by billing")
    for twin in (copy.copy(failure), pickle.loads(pickle.dumps(failure))):  # noqa: S301 - its own pickle
        assert str(twin) == str(failure)
        assert (twin.error_codes, twin.trace_id, twin.status, twin.hint) == ((7000215,), "t", 401, failure.hint)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
MEMBERS = st.dictionaries(
    st.sampled_from([*GOOD, "error", "error_description", "error_codes", "trace_id", "timestamp"]),
    JSON | st.sampled_from(list(GOOD.values())),
)


@given(st.integers(100, 599), MEMBERS.map(lambda members: json.dumps(members).encode()) | st.binary(), st.text())
def test_whatever_comes_back_is_a_token_or_the_documented_error(status: int, body: bytes, retry_after: str) -> None:
    response = Answer(status, {"retry-after": retry_after, "content-type": retry_after}, body)
    text = ""
    try:
        token = read_response(response, now=NOW)
        assert 0 < token.lifetime <= MAX_LIFETIME
        assert token.access_token.reveal().isascii()
    except TokenRequestError as failure:
        text = str(failure)
    assert text.isprintable()
