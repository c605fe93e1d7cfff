import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bearerguard import ConfigurationError, InsufficientScope, IssuerUnavailable
from bearerguard import error_codes as codes
from bearerguard.error_codes import ALL_CODES, ErrorCode
from bearerguard.errors import AccessTokenError, InvalidToken, Undecided
from bearerguard.web.challenge import Answer, Challenge

GOLDEN = Path(__file__).with_name("www_authenticate.txt")
QUOTED_STRING = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*")
CALLERS = [code for code in ALL_CODES if code.status < 500]


def header(answer: Answer, name: str) -> str:
    (value,) = [value for found, value in answer.headers if found == name.encode()]
    return value.decode("ascii")


def parameters(challenge: str) -> list[tuple[str, str]]:
    assert challenge.startswith("Bearer ")
    return re.findall(r'([a-z_]+)="([^"]*)"(?:, |$)', challenge.removeprefix("Bearer "))


def golden_lines() -> list[str]:
    answers = ((code.code, Challenge("orders").answer(AccessTokenError(code))) for code in CALLERS)
    return [f"{name}: {answer.status} {header(answer, 'www-authenticate')}" for name, answer in answers]


def test_the_challenge_of_every_code_is_the_golden_one() -> None:
    """Style, habit 8: every WWW-Authenticate line is held by a golden file."""
    assert golden_lines() == GOLDEN.read_text().splitlines()


@pytest.mark.parametrize("code", CALLERS, ids=lambda code: code.code)
def test_each_parameter_stands_once_and_in_its_characters(code: ErrorCode) -> None:
    """RFC 6750 §3: each attribute at most once, error and error_description only %x20-21/%x23-5B/%x5D-7E."""
    error = AccessTokenError(code, scopes=("orders.read", "orders.write"))
    challenge = header(Challenge("orders").answer(error), "www-authenticate")

    found = parameters(challenge)
    assert len(dict(found)) == len(found)
    assert all(QUOTED_STRING.fullmatch(value) for _, value in found)


@pytest.mark.parametrize("code", [codes.MISSING_TOKEN, codes.UNSUPPORTED_SCHEME])
def test_without_credentials_there_is_no_error(code: ErrorCode) -> None:
    """RFC 6750 §3.1: no error code or other error information where the request had no credentials."""
    answer = Challenge("orders").answer(AccessTokenError(code))

    assert header(answer, "www-authenticate") == 'Bearer realm="orders"'
    assert json.loads(answer.body) == {"error_description": code.description, "code": code.code}


def test_the_body_repeats_error_and_description_and_tells_the_code() -> None:
    answer = Challenge().answer(InvalidToken(codes.TOKEN_EXPIRED, actual="secret-value", at="$.exp"))

    assert json.loads(answer.body) == {
        "error": "invalid_token",
        "error_description": codes.TOKEN_EXPIRED.description,
        "code": "token_expired",
    }
    assert header(answer, "content-length") == str(len(answer.body))
    assert header(answer, "content-type") == "application/json"


def test_nothing_of_the_token_is_on_the_wire() -> None:
    """A token's `alg`, copied into WWW-Authenticate, could carry quotes and line breaks (CWE-113)."""
    error = InvalidToken(
        codes.UNSUPPORTED_ALGORITHM, expected="RS256", actual='x", error="\r\nx: 1', at="header.alg", hint="secret"
    )

    assert Challenge().answer(error) == Challenge().answer(InvalidToken(codes.UNSUPPORTED_ALGORITHM))


@pytest.mark.parametrize("code", ALL_CODES, ids=lambda code: code.code)
def test_refusals_are_never_stored(code: ErrorCode) -> None:
    """RFC 9111 §5.2.2.5: a refusal must not be served from a cache."""
    assert header(Challenge().answer(AccessTokenError(code)), "cache-control") == "no-store"


def test_an_issuer_that_is_down_is_not_the_callers_fault() -> None:
    """RFC 9110 §15.6.4: 503 with Retry-After, and no challenge, let alone invalid_token."""
    answer = Challenge().answer(IssuerUnavailable("https://issuer.test", retry_after=2.2, last_error="refused"))

    assert answer.status == 503
    assert header(answer, "retry-after") == "3"
    assert header(answer, "cache-control") == "no-store"
    assert b"www-authenticate" not in dict(answer.headers)
    assert json.loads(answer.body) == {
        "error_description": codes.ISSUER_UNAVAILABLE.description,
        "code": "issuer_unavailable",
    }


def test_a_failure_of_ours_is_no_challenge() -> None:
    answer = Challenge().answer(Undecided())

    assert answer.status == 500
    assert b"www-authenticate" not in dict(answer.headers)
    assert json.loads(answer.body)["code"] == "internal_error"


def test_scopes_that_help_are_named_once_and_in_order() -> None:
    """RFC 6750 §3: scope is a list separated by spaces."""
    error = InsufficientScope(codes.MISSING_SCOPE, scopes=("b.write", "a.read", "b.write"))

    assert dict(parameters(header(Challenge().answer(error), "www-authenticate")))["scope"] == "b.write a.read"


@pytest.mark.parametrize("scope", ['a"b', "a\\b", "a b", "a\nb", "", "é"])
def test_a_scope_that_cannot_stand_in_a_challenge_is_left_out(scope: str) -> None:
    """RFC 6750 §3: scope values only %x21/%x23-5B/%x5D-7E."""
    error = InsufficientScope(codes.MISSING_SCOPE, scopes=(scope,))

    assert "scope" not in dict(parameters(header(Challenge().answer(error), "www-authenticate")))


def test_a_code_of_ones_own_is_answered_within_the_characters() -> None:
    own = ErrorCode("too_late", 403, "insufficient_scope", 'Not "now"\r\nx: 1', "It is late.", "Come tomorrow.")
    answer = Challenge().answer(InsufficientScope(own))

    assert dict(parameters(header(answer, "www-authenticate")))["error_description"] == "Not ?now???x: 1"
    assert json.loads(answer.body)["code"] == "too_late"


@pytest.mark.parametrize("code", ALL_CODES, ids=lambda code: code.code)
def test_disclosing_nothing_tells_the_error_alone(code: ErrorCode) -> None:
    """`disclose="none"` leaves code and the cause's description off the wire."""
    quiet = Challenge(disclose="none").answer(AccessTokenError(code))
    body = json.loads(quiet.body)

    assert "code" not in body
    assert body.get("error", "") == code.error
    alike = [Challenge(disclose="none").answer(AccessTokenError(other)) for other in ALL_CODES if same_kind(other, code)]
    assert all(answer == quiet for answer in alike)


def same_kind(one: ErrorCode, other: ErrorCode) -> bool:
    return (one.status, one.error) == (other.status, other.error)


def test_a_close_reason_fits_its_frame() -> None:
    """RFC 6455 §5.5: 125 octets of a control frame, two of them for the code."""
    assert all(len(Challenge().answer(AccessTokenError(code)).reason.encode()) <= 123 for code in ALL_CODES)
    long = replace(codes.TOKEN_EXPIRED, description="x" * 124)
    assert len(Challenge().answer(AccessTokenError(long)).reason) == 123


@pytest.mark.parametrize("realm", ["", 'a"b', "a\\b", "a\r\nb", "é", None, b"api"])
def test_a_realm_that_cannot_be_quoted_is_a_wrong_setting(realm: object) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Challenge(realm)  # type: ignore[arg-type]
    assert caught.value.parameter == "realm"


@pytest.mark.parametrize("disclose", ["all", "", None, True, []])
def test_disclose_is_one_of_two_words(disclose: object) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Challenge(disclose=disclose)  # type: ignore[arg-type]
    assert caught.value.parameter == "disclose"


def test_the_metadata_of_the_resource_is_named_in_every_challenge() -> None:
    """RFC 9728 §5.1."""
    url = "https://api.test/.well-known/oauth-protected-resource"
    challenge = Challenge("orders", resource_metadata=url)

    assert [header(challenge.answer(AccessTokenError(code)), "www-authenticate") for code in CALLERS] == [
        line.partition(" ")[2].partition(" ")[2].replace('realm="orders"', f'realm="orders", resource_metadata="{url}"')
        for line in golden_lines()
    ]


@pytest.mark.parametrize(
    "url", ["", "api.test", "ftp://api.test", 'https://api.test/"', "https://api.test/\\", "https://api.test/\n", 7]
)
def test_metadata_is_an_url_that_can_be_quoted(url: object) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Challenge(resource_metadata=url)  # type: ignore[arg-type]
    assert caught.value.parameter == "resource_metadata"


@pytest.mark.parametrize("code", [code for code in CALLERS if code.status == 401], ids=lambda code: code.code)
def test_a_401_names_the_scopes_to_ask_for_in_their_order(code: ErrorCode) -> None:
    """RFC 6750 §3; MCP 2026-07-28, Scope Selection Strategy: `scope` in the challenge of a 401."""
    challenge = Challenge("orders", scopes=["tools.call", "files.read"])

    told = dict(parameters(header(challenge.answer(AccessTokenError(code)), "www-authenticate")))
    assert told["scope"] == "tools.call files.read"
    assert ("error" in told) is bool(code.error)


def test_the_scopes_of_a_401_follow_where_the_metadata_is() -> None:
    """MCP 2026-07-28: a first request without a token learns both from one challenge."""
    challenge = Challenge("orders", resource_metadata="https://api.example/.well-known/oauth-protected-resource", scopes="mcp")

    assert header(challenge.answer(AccessTokenError(codes.MISSING_TOKEN)), "www-authenticate") == (
        'Bearer realm="orders", resource_metadata="https://api.example/.well-known/oauth-protected-resource", scope="mcp"'
    )


def test_a_403_names_the_scopes_of_its_own_requirement_alone() -> None:
    """MCP 2026-07-28, Runtime Insufficient Scope Errors: what this operation needs."""
    challenge = Challenge(scopes=["mcp"])

    met_by_scopes = InsufficientScope(codes.MISSING_SCOPE, scopes=("orders.write",))
    assert dict(parameters(header(challenge.answer(met_by_scopes), "www-authenticate")))["scope"] == "orders.write"
    met_by_none = InsufficientScope(codes.MISSING_ROLE)
    assert "scope" not in dict(parameters(header(challenge.answer(met_by_none), "www-authenticate")))


@pytest.mark.parametrize("scopes", ["a b", 'a"b', "", [""], ["a\nb"], ["é"], [3], 3, None], ids=repr)
def test_scopes_that_no_challenge_can_hold_are_a_wrong_setting(scopes: Any) -> None:
    """RFC 6750 §3: each of %x21/%x23-5B/%x5D-7E; one text with blanks could mean two scopes or a mistake."""
    with pytest.raises(ConfigurationError) as wrong:
        Challenge(scopes=scopes)
    assert wrong.value.parameter == "challenge_scopes"
