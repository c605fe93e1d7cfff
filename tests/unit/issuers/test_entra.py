"""Microsoft Entra ID: which issuers, where their metadata is, and which settings are wrong."""

import logging
import re
from typing import Any

import pytest

from bearerguard.errors import ConfigurationError
from bearerguard.issuers.entra import entra, entra_multitenant

TENANT = "8f3c1d52-0b6e-4c49-9d55-2f1f6a0f3b11"
SECOND = "ed815121-cdfa-4097-b524-e2b23cd36eb6"
API = "6e74172b-be56-4843-9ff4-e66a39bb12e3"

CLOUDS = {
    "global": ("https://login.microsoftonline.com", "https://sts.windows.net"),
    "Azure Government": ("https://login.microsoftonline.us", "https://sts.windows.net"),
    "21Vianet": ("https://login.partner.microsoftonline.cn", "https://sts.chinacloudapi.cn"),
}


@pytest.mark.parametrize(("authority", "sts"), CLOUDS.values(), ids=CLOUDS)
def test_each_cloud_has_its_two_issuers_with_their_own_metadata(authority: str, sts: str) -> None:
    """https://learn.microsoft.com/en-us/entra/identity-platform/authentication-national-cloud"""
    v1, v2 = entra(TENANT, authority=authority)
    assert v1.issuer == f"{sts}/{TENANT}/"
    assert v1.metadata_url == f"{authority}/{TENANT}/.well-known/openid-configuration"
    assert v2.issuer == f"{authority}/{TENANT}/v2.0"
    assert v2.metadata_url == f"{authority}/{TENANT}/v2.0/.well-known/openid-configuration"


ALIASES = {
    "https://login.chinacloudapi.cn": "https://login.partner.microsoftonline.cn",
    "https://login.windows.net": "https://login.microsoftonline.com",
    "https://login.microsoft.com": "https://login.microsoftonline.com",
    "https://sts.windows.net": "https://login.microsoftonline.com",
    "https://login.usgovcloudapi.net": "https://login.microsoftonline.us",
}


@pytest.mark.parametrize(("alias", "authority"), ALIASES.items())
def test_an_alias_of_an_authority_means_the_one_that_tokens_name(alias: str, authority: str) -> None:
    """KnownMetadataProvider in https://github.com/AzureAD/microsoft-authentication-library-for-dotnet"""
    assert entra(TENANT, authority=alias) == entra(TENANT, authority=authority)
    assert entra_multitenant([TENANT], authority=alias) == entra(TENANT, authority=authority)


@pytest.mark.parametrize(
    ("authority", "preset"),
    [("https://contoso.ciamlogin.com", "entra_external("), ("https://contoso.b2clogin.com", "azure_b2c(")],
)
def test_an_authority_whose_tokens_have_another_form_of_issuer_is_told_with_its_preset(authority: str, preset: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(preset)) as caught:
        entra(TENANT, authority=authority)
    assert caught.value.parameter == "authority"


@pytest.mark.parametrize(
    ("tenant_id", "told"),
    [
        ("common", "entra_multitenant("),
        ("organizations", "entra_multitenant("),
        ("contoso.onmicrosoft.com", "https://login.microsoftonline.com/contoso.onmicrosoft.com/v2.0/.well-known/"),
    ],
)
def test_what_is_no_tenants_id_is_told_with_the_way_to_it(tenant_id: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(told)):
        entra(tenant_id)
    with pytest.raises(ConfigurationError, match=re.escape(told)):
        entra_multitenant([tenant_id])


def test_the_metadata_must_show_the_issuer_of_its_version() -> None:
    v1, v2 = entra(TENANT)
    assert v1.metadata_issuers == (f"https://sts.windows.net/{TENANT}/",)
    assert v2.metadata_issuers == (f"https://login.microsoftonline.com/{TENANT}/v2.0",)


def test_an_upper_case_tenant_is_the_same_tenant_and_is_written_as_tokens_write_it() -> None:
    """RFC 9562 §4."""
    assert entra(TENANT.upper()) == entra(TENANT)


def test_an_app_with_keys_of_its_own_asks_for_them() -> None:
    """``?appid=`` on the metadata, which then names the key set with it."""
    v1, v2 = entra(TENANT, app_id=API.upper())
    assert v1.metadata_url == f"https://login.microsoftonline.com/{TENANT}/.well-known/openid-configuration?appid={API}"
    assert v2.metadata_url == f"https://login.microsoftonline.com/{TENANT}/v2.0/.well-known/openid-configuration?appid={API}"


def test_every_allowed_tenant_has_its_own_issuers_and_endpoints() -> None:
    """Tenant-specific endpoints, a cache per tenant."""
    assert entra_multitenant([TENANT, SECOND]) == (*entra(TENANT), *entra(SECOND))


def test_a_tenant_named_twice_counts_once() -> None:
    assert entra_multitenant((TENANT, TENANT.upper())) == entra(TENANT)


def test_settings_of_the_multitenant_preset_reach_every_tenant() -> None:
    government = "https://login.microsoftonline.us"
    assert entra_multitenant({TENANT}, authority=government, app_id=API) == entra(TENANT, authority=government, app_id=API)


def test_any_tenant_means_two_templates_and_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    """``common`` shows a template as its issuer."""
    with caplog.at_level(logging.WARNING, logger="bearerguard"):
        v1, v2 = entra_multitenant(insecure_any_tenant=True)
    assert v1.issuer == "https://sts.windows.net/{tenantid}/"
    assert v1.metadata_url == "https://login.microsoftonline.com/common/.well-known/openid-configuration"
    assert v2.issuer == "https://login.microsoftonline.com/{tenantid}/v2.0"
    assert v2.metadata_url == "https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration"
    assert v1.is_template
    assert v2.is_template
    assert len(caplog.records) == 1


def test_an_allow_list_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    entra_multitenant([TENANT])
    assert caplog.records == []


WRONG = {
    "a domain": ({"tenant_id": "contoso.onmicrosoft.com"}, "tenant_id"),
    "common": ({"tenant_id": "common"}, "tenant_id"),
    "organizations": ({"tenant_id": "organizations"}, "tenant_id"),
    "the template": ({"tenant_id": "{tenantid}"}, "tenant_id"),
    "a GUID in braces": ({"tenant_id": f"{{{TENANT}}}"}, "tenant_id"),
    "a GUID without hyphens": ({"tenant_id": TENANT.replace("-", "")}, "tenant_id"),
    "a GUID and a line break": ({"tenant_id": f"{TENANT}\n"}, "tenant_id"),
    "a GUID and a slash": ({"tenant_id": f"{TENANT}/"}, "tenant_id"),
    "no text": ({"tenant_id": None}, "tenant_id"),
    "an authority with a slash": ({"tenant_id": TENANT, "authority": "https://login.microsoftonline.com/"}, "authority"),
    "an authority without scheme": ({"tenant_id": TENANT, "authority": "login.microsoftonline.com"}, "authority"),
    "an authority with a query": ({"tenant_id": TENANT, "authority": "https://login.microsoftonline.com?a"}, "authority"),
    "plain http": ({"tenant_id": TENANT, "authority": "http://login.microsoftonline.com"}, "authority"),
    "an app that is no GUID": ({"tenant_id": TENANT, "app_id": "api://orders"}, "app_id"),
    "an app beside an address of keys": ({"tenant_id": TENANT, "app_id": API, "jwks_uri": "https://k.example/"}, "app_id"),
}


@pytest.mark.parametrize(("settings", "parameter"), WRONG.values(), ids=WRONG)
def test_a_wrong_setting_is_named(settings: dict[str, Any], parameter: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        entra(**settings)
    assert caught.value.parameter == parameter


WRONG_TENANTS: dict[str, Any] = {
    "none given": {},
    "an empty list": {"tenants": []},
    "one text": {"tenants": TENANT},
    "no collection": {"tenants": 1},
    "a domain among them": {"tenants": [TENANT, "contoso.onmicrosoft.com"]},
    "an empty text": {"tenants": [""]},
    "a list and any tenant": {"tenants": [TENANT], "insecure_any_tenant": True},
    "any tenant by a text": {"insecure_any_tenant": "yes"},
}


@pytest.mark.parametrize("settings", WRONG_TENANTS.values(), ids=WRONG_TENANTS)
def test_an_allow_list_is_required(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        entra_multitenant(**settings)
    assert caught.value.parameter == "tenants"
