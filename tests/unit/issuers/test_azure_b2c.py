"""Azure AD B2C: both issuer forms, one policy's metadata, wrong settings."""

from typing import Any

import pytest

from bearerguard.errors import ConfigurationError
from bearerguard.issuers.azure_b2c import azure_b2c

TENANT = "ed815121-cdfa-4097-b524-e2b23cd36eb6"
HOST = "https://contoso.b2clogin.com"


def test_both_issuer_forms_share_the_metadata_of_the_policy() -> None:
    """https://learn.microsoft.com/en-us/azure/active-directory-b2c/tokens-overview#compatibility"""
    issuers = azure_b2c("contoso", TENANT, "b2c_1_signin")
    assert [one.issuer for one in issuers] == [f"{HOST}/{TENANT}/v2.0/", f"{HOST}/tfp/{TENANT}/b2c_1_signin/v2.0/"]
    metadata_url = f"{HOST}/contoso.onmicrosoft.com/b2c_1_signin/v2.0/.well-known/openid-configuration"
    assert {one.metadata_url for one in issuers} == {metadata_url}


def test_a_policy_with_capitals_may_stand_in_iss_in_lower_case() -> None:
    issuers = azure_b2c("contoso", TENANT, "B2C_1_SignIn")
    assert [one.issuer for one in issuers] == [
        f"{HOST}/{TENANT}/v2.0/",
        f"{HOST}/tfp/{TENANT}/B2C_1_SignIn/v2.0/",
        f"{HOST}/tfp/{TENANT}/b2c_1_signin/v2.0/",
    ]


def test_the_metadata_may_show_whichever_form_the_tenant_has_chosen() -> None:
    """The document shows the form that the tenant has chosen."""
    issuers = azure_b2c("contoso", TENANT, "B2C_1_SignIn")
    assert {one.metadata_issuers for one in issuers} == {tuple(one.issuer for one in issuers)}


def test_a_custom_domain_takes_the_place_of_the_vendors() -> None:
    """https://learn.microsoft.com/en-us/azure/active-directory-b2c/custom-domain"""
    default, named = azure_b2c("contoso", TENANT, "b2c_1a_signin", authority="https://login.contoso.com")
    assert default.issuer == f"https://login.contoso.com/{TENANT}/v2.0/"
    assert named.issuer == f"https://login.contoso.com/tfp/{TENANT}/b2c_1a_signin/v2.0/"
    assert default.metadata_url == (
        "https://login.contoso.com/contoso.onmicrosoft.com/b2c_1a_signin/v2.0/.well-known/openid-configuration"
    )


GOOD: dict[str, Any] = {"tenant_name": "contoso", "tenant_id": TENANT, "policy": "B2C_1_signin"}
WRONG = {
    "a domain as name": ({"tenant_name": "contoso.onmicrosoft.com"}, "tenant_name"),
    "capitals in the name": ({"tenant_name": "Contoso"}, "tenant_name"),
    "an address as name": ({"tenant_name": "https://contoso"}, "tenant_name"),
    "an empty name": ({"tenant_name": ""}, "tenant_name"),
    "a tenant that is no GUID": ({"tenant_id": "contoso"}, "tenant_id"),
    "no policy": ({"policy": ""}, "policy"),
    "a policy without its prefix": ({"policy": "signin"}, "policy"),
    "a policy with a slash": ({"policy": "B2C_1_signin/v2.0"}, "policy"),
    "two policies": ({"policy": ["B2C_1_signin", "B2C_1_signup"]}, "policy"),
    "a domain with a slash": ({"authority": "https://login.contoso.com/"}, "authority"),
    "a domain without scheme": ({"authority": "login.contoso.com"}, "authority"),
}


@pytest.mark.parametrize(("settings", "parameter"), WRONG.values(), ids=WRONG)
def test_a_wrong_setting_is_named(settings: dict[str, Any], parameter: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        azure_b2c(**{**GOOD, **settings})
    assert caught.value.parameter == parameter
