"""Amazon Cognito: no ``aud``, so the list of app clients is the audience."""

from typing import Any

import pytest

from bearerguard.errors import ConfigurationError
from bearerguard.issuers.claim_values import NOTHING
from bearerguard.issuers.cognito import application_by_username, cognito


def test_the_issuer_is_the_user_pool() -> None:
    issuer = cognito("eu-central-1", "eu-central-1_Example01", "1example23456789")
    assert issuer.issuer == "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Example01"
    assert issuer.metadata_url == f"{issuer.issuer}/.well-known/openid-configuration"


def test_the_app_clients_are_the_audience_and_never_optional() -> None:
    """Access tokens of Cognito have no ``aud`` unless a resource was asked for."""
    issuer = cognito("us-gov-west-1", "us-gov-west-1_Example01", ["a", "b"])
    assert issuer.profile.audience_claim == "client_id"
    assert issuer.audience == frozenset({"a", "b"})


def test_another_partition_or_a_local_issuer_may_stand_in() -> None:
    base = "https://cognito-idp.cn-north-1.amazonaws.com.cn"
    assert cognito("cn-north-1", "cn-north-1_Example01", "a", base_url=base).issuer == f"{base}/cn-north-1_Example01"


APPLICATIONS: dict[str, tuple[dict[str, Any], bool]] = {
    "the client itself": ({"sub": "a", "client_id": "a"}, True),
    "a user": ({"sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "client_id": "a", "username": "reader"}, False),
    "a user with the name of the client": ({"sub": "a", "client_id": "a", "username": "a"}, False),
    "empty": ({"sub": "", "client_id": ""}, False),
    "nothing known": ({}, False),
}


@pytest.mark.parametrize(("claims", "expected"), APPLICATIONS.values(), ids=APPLICATIONS)
def test_an_application_has_no_user_name(claims: dict[str, Any], expected: bool) -> None:
    assert application_by_username(claims, NOTHING) is expected


GOOD: dict[str, Any] = {"region": "eu-central-1", "user_pool_id": "eu-central-1_Example01", "client_ids": ["a"]}
WRONG = {
    "an empty region": ({"region": ""}, "region"),
    "a zone": ({"region": "eu-central-1a"}, "region"),
    "a host": ({"region": "cognito-idp.eu-central-1.amazonaws.com"}, "region"),
    "a pool of another region": ({"user_pool_id": "eu-west-1_Example01"}, "user_pool_id"),
    "a pool without region": ({"user_pool_id": "Example01"}, "user_pool_id"),
    "the ARN of a pool": (
        {"user_pool_id": "arn:aws:cognito-idp:eu-central-1:123456789012:userpool/eu-central-1_Example01"},
        "user_pool_id",
    ),
    "no pool": ({"user_pool_id": None}, "user_pool_id"),
    "no client": ({"client_ids": []}, "client_ids"),
    "an empty client": ({"client_ids": ["a", ""]}, "client_ids"),
    "no text": ({"client_ids": [1]}, "client_ids"),
    "a base with a slash": ({"base_url": "https://issuer.test/"}, "base_url"),
}


@pytest.mark.parametrize(("settings", "parameter"), WRONG.values(), ids=WRONG)
def test_a_wrong_setting_is_named(settings: dict[str, Any], parameter: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        cognito(**{**GOOD, **settings})
    assert caught.value.parameter == parameter
