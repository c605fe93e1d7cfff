"""Amazon Cognito: no ``aud``, so the list of app clients is the audience."""

from typing import Any

import pytest

from bearerguard.errors import ConfigurationError
from bearerguard.issuers.claim_values import NOTHING
from bearerguard.issuers.cognito import application_by_username, cognito
from bearerguard.resource_server import ResourceServer
from bearerguard.testing import FakeClock
from support.preset_tokens import key_set, signed

POOL = "us-east-1_abcd12345"
ORIGINAL = f"https://cognito-idp.us-east-1.amazonaws.com/{POOL}"
UPDATED = f"https://issuer-cognito-idp.us-east-1.amazonaws.com/{POOL}"
REPLICA = f"https://cognito-idp.us-west-2.amazonaws.com/{POOL}"


def test_both_forms_of_the_issuer_are_accepted_with_the_keys_of_the_address_that_every_pool_has() -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_IssuerConfigurationType.html"""
    original, updated = cognito("us-east-1", POOL, "a")
    assert (original.issuer, updated.issuer) == (ORIGINAL, UPDATED)
    assert original.metadata_url == updated.metadata_url == f"{ORIGINAL}/.well-known/openid-configuration"
    assert set(original.metadata_issuers) == set(updated.metadata_issuers) == {ORIGINAL, UPDATED}


def test_a_replica_names_its_own_region_and_the_pools_id() -> None:
    """https://github.com/awslabs/aws-jwt-verify/issues/282"""
    assert [issuer.issuer for issuer in cognito("us-west-2", POOL, "a")] == [REPLICA, UPDATED]
    for replicas in ("us-west-2", ["us-west-2", "us-east-1"]):
        forms = cognito("us-east-1", POOL, "a", replica_regions=replicas)
        assert [issuer.issuer for issuer in forms] == [ORIGINAL, REPLICA, UPDATED]
    assert forms[1].metadata_url == f"{REPLICA}/.well-known/openid-configuration"


@pytest.mark.anyio
@pytest.mark.parametrize("iss", [ORIGINAL, UPDATED, REPLICA])
async def test_a_token_of_each_form_is_accepted(iss: str) -> None:
    issuers = cognito("us-east-1", POOL, "reader", replica_regions="us-west-2", jwks=key_set())
    claims = {"iss": iss, "sub": "reader", "client_id": "reader", "token_use": "access", "exp": 1_790_003_600}
    api = ResourceServer(issuers, "api://orders", clock=FakeClock(now=1_790_000_000))
    assert (await api.authenticate(signed(claims, {}))).is_application


def test_the_app_clients_are_the_audience_and_never_optional() -> None:
    """Access tokens of Cognito have no ``aud`` unless a resource was asked for."""
    for issuer in cognito("us-gov-west-1", "us-gov-west-1_Example01", ["a", "b"]):
        assert issuer.profile.audience_claim == "client_id"
        assert issuer.audience == frozenset({"a", "b"})


def test_another_partition_or_a_local_issuer_replaces_both_forms() -> None:
    base = "https://cognito-idp.cn-north-1.amazonaws.com.cn"
    (issuer,) = cognito("cn-north-1", "cn-north-1_Example01", "a", base_url=base)
    assert issuer.issuer == f"{base}/cn-north-1_Example01"


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
    "a replica in a zone": ({"replica_regions": ["eu-west-1a"]}, "replica_regions"),
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
