"""Azure AD B2C: both issuer forms, one policy's metadata, wrong settings."""

from typing import Any

import pytest

from bearerguard.errors import ConfigurationError, InvalidToken
from bearerguard.issuers.azure_b2c import application_without_sign_in, azure_b2c
from bearerguard.resource_server import ResourceServer
from bearerguard.testing import FakeClock, SigningKey
from support.preset_tokens import key_set, signed

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


def _token(**claims: Any) -> str:
    common = {"iss": f"{HOST}/{TENANT}/v2.0/", "aud": "api", "ver": "1.0", "azp": "spa", "sub": "s", "exp": 1_790_003_600}
    return signed({**common, **claims}, {"typ": "JWT"})


def _server(*policies: str, **settings: Any) -> ResourceServer:
    issuers = [azure_b2c("contoso", TENANT, policy, jwks=key_set(), **settings) for policy in policies]
    return ResourceServer(issuers, "api", clock=FakeClock(now=1_790_000_000))


@pytest.mark.anyio
@pytest.mark.parametrize("policy", ["B2C_1_signin", "b2c_1_edit"])
@pytest.mark.parametrize("claim", ["tfp", "acr"])
async def test_several_policies_of_a_tenant_share_the_default_issuer(policy: str, claim: str) -> None:
    """https://learn.microsoft.com/en-us/azure/active-directory-b2c/tokens-overview#compatibility"""
    principal = await _server("B2C_1_signin", "B2C_1_edit").authenticate(_token(scp="read", **{claim: policy}))
    assert principal.claims[claim] == policy
    assert not principal.is_application


@pytest.mark.anyio
async def test_a_policy_that_is_not_listed_is_refused_beside_several() -> None:
    with pytest.raises(InvalidToken) as caught:
        await _server("B2C_1_signin", "B2C_1_edit").authenticate(_token(scp="read", tfp="B2C_1_reset"))
    assert caught.value.code == "wrong_policy"


@pytest.mark.anyio
async def test_the_keys_of_one_policy_do_not_verify_the_token_of_another() -> None:
    """Issuer, key set and audience are one record (RFC 8725 §3.8)."""
    other = azure_b2c("contoso", TENANT, "B2C_1_edit", jwks={"keys": [SigningKey("RS256", kid="vendor-key").public_jwk()]})
    api = ResourceServer(
        [azure_b2c("contoso", TENANT, "B2C_1_signin", jwks=key_set()), other], "api", clock=FakeClock(1_790_000_000)
    )
    assert await api.authenticate(_token(scp="read", tfp="B2C_1_signin"))
    with pytest.raises(InvalidToken) as caught:
        await api.authenticate(_token(scp="read", tfp="B2C_1_edit"))
    assert caught.value.code == "invalid_signature"


def test_the_same_policy_twice_is_a_wrong_setting() -> None:
    with pytest.raises(ConfigurationError) as caught:
        _server("B2C_1_signin", "B2C_1_signin")
    assert caught.value.parameter == "issuers"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "permissions", [{"scp": "Read.All Write.All"}, {"roles": ["Read.All", "Write.All"]}], ids=["scp", "roles"]
)
async def test_the_app_roles_of_an_application_may_be_in_scp_or_in_roles(permissions: dict[str, Any]) -> None:
    """https://learn.microsoft.com/en-us/azure/active-directory-b2c/client-credentials-grant-flow"""
    principal = await _server("B2C_1_signin").authenticate(_token(sub="30102cd8-12ee-40f9-bb4c-7b0493fc80bb", **permissions))
    assert principal.is_application
    assert principal.roles == {"Read.All", "Write.All"}


SIGN_INS: dict[str, dict[str, Any]] = {
    "a policy": {"tfp": "B2C_1_signin"},
    "a policy of an older flow": {"acr": "B2C_1_signin"},
    "a time": {"auth_time": 1_790_000_000},
    "a nonce": {"nonce": "n"},
    "idtyp": {"idtyp": "user"},
}


@pytest.mark.anyio
@pytest.mark.parametrize("trace", SIGN_INS.values(), ids=SIGN_INS)
async def test_the_scopes_of_a_user_are_scopes_and_no_roles(trace: dict[str, Any]) -> None:
    principal = await _server("B2C_1_signin").authenticate(_token(scp="Read.All", **trace))
    assert not principal.is_application
    assert principal.roles == frozenset()
    assert principal.scopes == {"Read.All"}


def test_a_token_without_any_permission_is_nobodys() -> None:
    assert application_without_sign_in({"azp": "c"}, frozenset()) is False


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
