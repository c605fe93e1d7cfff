"""Whom a refused token names, for logs and events."""

from typing import Any

import pytest

from bearerguard.errors import NamedCaller
from support.sealed import ABSENT, ISSUER, claims, judge, refusal, seal, server


def test_a_token_that_is_not_verified_names_its_caller_as_such() -> None:
    refused = refusal(server(), seal(claims(exp=1)))

    assert refused.caller == NamedCaller(ISSUER, "reader", "5f1d7a0e", "ec", verified=False)


def test_an_issuer_that_is_not_configured_is_not_repeated() -> None:
    api = server()
    judge(api, seal())  # from now on tokens with this header are read before they are refused
    refused = refusal(api, seal(claims(iss="https://other.test/")))

    assert refused.caller == NamedCaller(subject="5f1d7a0e", kid="ec")


@pytest.mark.parametrize("subject", [ABSENT, 7, None, ["5f1d7a0e"]], ids=repr)
def test_a_subject_that_is_not_a_string_names_nobody(subject: Any) -> None:
    assert refusal(server(), seal(claims(exp=1, sub=subject))).caller.subject == ""


def test_a_token_without_a_client_or_a_key_id_names_none() -> None:
    refused = refusal(server(), seal(claims(exp=1, client_id=ABSENT), kid=ABSENT))

    assert refused.caller == NamedCaller(ISSUER, subject="5f1d7a0e")
