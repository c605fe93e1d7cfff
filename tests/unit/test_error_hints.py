"""Every hint is reached by an answer as the servers write it."""

import json
from pathlib import Path
from typing import Any

import pytest

from bearerguard.bounded_http import Answer
from bearerguard.client.token_response import read_response
from bearerguard.error_hints import HINTS, hint_for
from bearerguard.errors import TokenRequestError

ENTRA: list[dict[str, Any]] = json.loads((Path(__file__).parent / "entra_errors.json").read_text())

PLAIN = [
    ("invalid_request", 400, "missing parameter"),
    ("invalid_client", 401, "client authentication failed"),
    ("invalid_grant", 400, "grant request is invalid"),
    ("unauthorized_client", 400, "requested grant type is not allowed for this client"),
    ("unsupported_grant_type", 400, "unsupported grant_type requested"),
    ("invalid_scope", 400, "requested scope is not allowed"),
    ("invalid_target", 400, "resource indicator is missing, or unknown"),
    ("invalid_resource", 400, "The resource principal was not found"),
    ("invalid_dpop_proof", 400, "The DPoP proof JWT header is missing."),
    ("use_dpop_nonce", 400, "Authorization server requires nonce in DPoP proof."),
    ("access_denied", 400, "Policy evaluation failed for this request, please check the policy configurations."),
    ("temporarily_unavailable", 503, ""),
    ("server_error", 500, "oops! something went wrong"),
]

AUTH0 = [
    (401, "Unauthorized"),
    (403, 'Client is not authorized to access "https://orders.example".'),
    (403, "Service not found: https://orders.example"),
    (403, "No audience parameter was provided, and no default audience has been configured"),
]

NOT_OAUTH = [
    ("token_endpoint_failed", 404, b"<html>Not found</html>"),
    ("invalid_token_response", 200, b"<html>Welcome</html>"),
]
# no answer at all: test_token_endpoint, test_shared_token; of another endpoint: test_revocation
ELSEWHERE = {
    "token_endpoint_unreachable",
    "token_endpoint_timeout",
    "credential_unavailable",
    "unsupported_token_type",
    "revocation_endpoint_unreachable",
    "revocation_endpoint_timeout",
    "revocation_endpoint_failed",
}


def refused(status: int, body: bytes) -> TokenRequestError:
    with pytest.raises(TokenRequestError) as raised:
        read_response(Answer(status, {"content-type": "application/json; charset=utf-8"}, body))
    return raised.value


@pytest.mark.parametrize("body", ENTRA, ids=[str(body["error_codes"][0]) for body in ENTRA])
def test_an_answer_of_entra_carries_its_own_hint(body: dict[str, Any]) -> None:
    failure = refused(401 if body["error"] == "invalid_client" else 400, json.dumps(body).encode())
    (number,) = body["error_codes"]
    assert failure.error == body["error"]
    assert failure.error_codes == (number,)
    assert failure.hint == next(hint.advice for hint in HINTS if hint.code == number)
    assert failure.hint in str(failure)


@pytest.mark.parametrize("body", ENTRA, ids=[str(body["error_codes"][0]) for body in ENTRA])
def test_the_references_of_entra_stand_beside_its_words(body: dict[str, Any]) -> None:
    failure = refused(400, json.dumps(body).encode())
    assert failure.error_description == body["error_description"].partition("\r\n")[0]
    assert failure.trace_id == body["trace_id"]
    assert failure.correlation_id == body["correlation_id"]
    assert failure.timestamp == body["timestamp"]


@pytest.mark.parametrize(("error", "status", "text"), PLAIN, ids=[case[0] for case in PLAIN])
def test_an_error_of_the_standard_carries_its_hint(error: str, status: int, text: str) -> None:
    failure = refused(status, json.dumps({"error": error, "error_description": text}).encode())
    assert failure.hint == next(hint.advice for hint in HINTS if (hint.code, hint.status) == (error, 0))


@pytest.mark.parametrize(("status", "text"), AUTH0, ids=[case[1] for case in AUTH0])
def test_a_denial_of_auth0_carries_the_hint_of_its_status(status: int, text: str) -> None:
    """Auth0 says ``access_denied`` for a wrong secret (401) and for a wrong or missing audience (403)."""
    failure = refused(status, json.dumps({"error": "access_denied", "error_description": text}).encode())
    assert failure.hint == next(hint.advice for hint in HINTS if (hint.code, hint.status) == ("access_denied", status))


def test_the_three_denials_have_three_hints() -> None:
    assert len({hint_for("access_denied", status=status) for status in (400, 401, 403)}) == 3


@pytest.mark.parametrize(("error", "status", "body"), NOT_OAUTH, ids=[case[0] for case in NOT_OAUTH])
def test_what_is_not_an_oauth_answer_carries_its_hint(error: str, status: int, body: bytes) -> None:
    assert refused(status, body).hint == next(hint.advice for hint in HINTS if hint.code == error)


def test_no_hint_is_without_a_case() -> None:
    cases = {case[0] for case in (*PLAIN, *NOT_OAUTH)} | ELSEWHERE | {body["error_codes"][0] for body in ENTRA}
    assert {hint.code for hint in HINTS} == cases
    assert {hint.status for hint in HINTS if hint.status} == {status for status, _ in AUTH0}


def test_the_numbers_that_people_meet_are_known() -> None:
    assert sum(isinstance(hint.code, int) for hint in HINTS) >= 80


def test_every_hint_names_its_source_and_is_listed_once() -> None:
    assert len({(hint.code, hint.status) for hint in HINTS}) == len(HINTS)
    assert all(hint.source and hint.advice and not hint.advice.endswith(".") for hint in HINTS)


def test_an_unknown_number_has_no_hint_rather_than_one_that_misleads() -> None:
    """Entra's own sentence says more than the generic advice for its error code."""
    assert hint_for("invalid_client", [4711]) == ""
    assert hint_for("invalid_scope", [4711]) == ""


def test_an_unknown_number_beside_a_known_one_does_no_harm() -> None:
    assert hint_for("invalid_client", [4711, 7000215]) == hint_for("invalid_client", [7000215]) != ""


def test_an_unknown_error_has_no_hint() -> None:
    assert hint_for("made_up") == ""
