"""What is told of an ``iss`` that is nearly configured."""

from collections.abc import Iterable

import pytest

from bearerguard.token.near_issuer import folded, near_issuer

POOL = "us-east-1_abcd12345"


def told(configured: Iterable[str], iss: str) -> str:
    return near_issuer(iss, {folded(each): each for each in configured})


@pytest.mark.parametrize(
    ("configured", "iss", "difference"),
    [
        pytest.param("https://a.test/", "https://a.test", "the trailing slash", id="a slash too few"),
        pytest.param("https://a.test", "https://a.test/", "the trailing slash", id="a slash too many"),
        pytest.param("https://a.test/Shop", "https://a.test/shop", "upper and lower case", id="case"),
        pytest.param("https://a.test", "http://a.test", "http and https", id="scheme"),
        pytest.param(
            "https://sso.test/auth/realms/shop", "https://sso.test/realms/shop", "'/auth' before '/realms/'", id="no /auth"
        ),
        pytest.param("https://sso.test/realms/shop", "https://sso.test/auth/realms/shop", "'/auth' before", id="/auth"),
        pytest.param("accounts.example", "accounts.example/", "the trailing slash", id="no scheme"),
        pytest.param("https://a.test", "http://a.test/", "the trailing slash and http and https", id="two differences"),
    ],
)
def test_the_difference_is_told(configured: str, iss: str, difference: str) -> None:
    hint = told([configured], iss)

    assert repr(configured) in hint
    assert difference in hint


def test_a_token_of_an_external_tenant_is_told_with_its_preset() -> None:
    """https://github.com/MicrosoftDocs/entra-docs/issues/408"""
    iss = "https://11111111-2222-4333-8444-555555555555.ciamlogin.com/11111111-2222-4333-8444-555555555555/v2.0"
    assert "entra_external(" in told(["https://login.microsoftonline.com/11111111-2222-4333-8444-555555555555/v2.0"], iss)


@pytest.mark.parametrize(("length", "is_near"), [(512, True), (513, False)])
def test_an_issuer_of_any_length_is_not_looked_at(length: int, is_near: bool) -> None:
    iss = "https://a.test/".ljust(length, "x")
    assert bool(told([f"{iss}/"], iss)) == is_near


def test_issuers_without_a_scheme_are_not_alike_for_that() -> None:
    assert told(["accounts.example"], "other.example") == ""


def test_a_replica_of_a_pool_is_told_with_its_option() -> None:
    """https://github.com/awslabs/aws-jwt-verify/issues/282"""
    configured = [f"https://cognito-idp.us-east-1.amazonaws.com/{POOL}"]
    for name in ("cognito-idp", "issuer-cognito-idp"):
        assert "replica_regions" in told(configured, f"https://{name}.us-west-2.amazonaws.com/{POOL}")
    assert told(configured, f"https://a.test/cognito-idp./{POOL}") == ""
    assert told(configured, "https://cognito-idp.us-west-2.amazonaws.com/us-west-2_other") == ""
    assert told(["https://a.test"], f"https://cognito-idp.us-west-2.amazonaws.com/{POOL}") == ""


NOT_NEAR = ["https://b.test", "", "https://[::1", "urn:a:b", "https://a.test.evil"]
NOT_OF_A_VENDOR = [
    "https://[::1.ciamlogin.com",
    "https://a.test/x.ciamlogin.com",
    "https://a.test/cognito-idp.",
    ".ciamlogin.com",
]


@pytest.mark.parametrize("iss", NOT_NEAR + NOT_OF_A_VENDOR)
def test_any_other_issuer_is_not_called_near(iss: str) -> None:
    assert told(["https://a.test"], iss) == ""
