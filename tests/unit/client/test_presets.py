"""The request forms of known servers, and settings from the environment."""

from pathlib import Path
from typing import Any

import pytest

from bearerguard.client import presets
from bearerguard.client.environment import environment as of_environment
from bearerguard.environment.variables import Variables
from bearerguard.errors import ConfigurationError
from support.credentials import opened, sealed

TENANT = "8f3c0000-1111-2222-3333-444455556666"
ENTRA: dict[str, Any] = {"tenant_id": TENANT, "client_id": "billing", "client_secret": "hunter2", "resource": "api://orders"}
AUTH0: dict[str, Any] = {
    "domain": "dev-orders.us.auth0.com",
    "client_id": "billing",
    "client_secret": "hunter2",
    "audience": "https://orders.example/",
}
AZURE = {"AZ_TENANT": TENANT, "AZ_CLIENT_ID": "billing", "AZ_CLIENT_SECRET": "hunter2", "AZ_RESOURCE": "api://orders"}
GENERIC = {
    "BEARERGUARD_TOKEN_ENDPOINT": "https://issuer.example/token",
    "BEARERGUARD_CLIENT_ID": "billing",
    "BEARERGUARD_CLIENT_SECRET": "hunter2",
}


def entra(**settings: Any) -> dict[str, Any]:
    return opened(presets.entra(**sealed(settings)))


def environment(variables: dict[str, str], resource: str | None = None) -> dict[str, Any]:
    return opened(of_environment(Variables(variables), resource))


def test_entra_asks_the_tenants_v2_endpoint_for_the_default_scope_with_the_secret_in_the_body() -> None:
    """learn.microsoft.com, client credentials flow: scope is the App ID URI and /.default."""
    assert entra(**ENTRA) == {
        "token_endpoint": f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token",
        "client_id": "billing",
        "client_secret": "hunter2",
        "client_auth": "post",
        "scope": "api://orders/.default",
    }


def test_entra_with_a_certificate_signs() -> None:
    key = {"private_key": "KEY", "private_key_password": "sesame", "certificate": "CERT"}
    options = entra(tenant_id=TENANT, client_id="billing", resource="api://orders", **key)
    assert options["client_auth"] == "private_key_jwt"
    assert {name: options[name] for name in key} == key


@pytest.mark.parametrize(
    ("resource", "scope"),
    [
        ("api://orders", "api://orders/.default"),
        ("api://orders/.default", "api://orders/.default"),
        ("https://graph.microsoft.com", "https://graph.microsoft.com/.default"),
        ("https://vault.azure.net/", "https://vault.azure.net//.default"),
    ],
)
def test_entras_scope_is_the_resource_as_it_stands_and_default(resource: str, scope: str) -> None:
    """A resource with a trailing slash keeps it: the token's aud has it too."""
    assert entra(**{**ENTRA, "resource": resource})["scope"] == scope


def test_a_sovereign_cloud_has_its_own_authority() -> None:
    options = entra(**ENTRA, authority="https://login.microsoftonline.us/")
    assert options["token_endpoint"] == f"https://login.microsoftonline.us/{TENANT}/oauth2/v2.0/token"


@pytest.mark.parametrize(
    ("wrong", "parameter"),
    [
        ({"tenant_id": "common"}, "tenant_id"),
        ({"tenant_id": "Organizations"}, "tenant_id"),
        ({"tenant_id": ""}, "tenant_id"),
        ({"tenant_id": "a/../b"}, "tenant_id"),
        ({"tenant_id": ".."}, "tenant_id"),
        ({"tenant_id": None}, "tenant_id"),
        ({"resource": ""}, "resource"),
        ({"resource": "/.default"}, "resource"),
        ({"resource": None}, "resource"),
        ({"client_secret": None, "private_key": "KEY"}, "certificate"),
    ],
    ids=str,
)
def test_a_wrong_setting_for_entra_names_its_parameter(wrong: dict[str, Any], parameter: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        entra(**{**ENTRA, **wrong})
    assert raised.value.parameter == parameter


def test_auth0_asks_for_an_audience_with_the_secret_in_the_body() -> None:
    """auth0.com/docs, client credentials flow."""
    assert opened(presets.auth0(**sealed(AUTH0))) == {
        "token_endpoint": "https://dev-orders.us.auth0.com/oauth/token",
        "client_id": "billing",
        "client_secret": "hunter2",
        "client_auth": "post",
        "audience": "https://orders.example/",
    }


@pytest.mark.parametrize(
    "domain", ["https://dev-orders.us.auth0.com", "dev-orders.us.auth0.com/", "localhost", "", None, "a b.example"], ids=repr
)
def test_auth0s_domain_is_a_host_name(domain: Any) -> None:
    with pytest.raises(ConfigurationError):
        presets.auth0(**sealed({**AUTH0, "domain": domain}))


def test_the_variables_people_use_for_azure_make_an_entra_request() -> None:
    assert environment(AZURE) == entra(**ENTRA)


def test_a_resource_given_in_the_program_stands_in_for_the_variable() -> None:
    without = {name: value for name, value in AZURE.items() if name != "AZ_RESOURCE"}
    assert environment(without, "api://stock")["scope"] == "api://stock/.default"
    assert environment(GENERIC, "api://stock")["resource"] == "api://stock"


def test_azure_may_use_a_certificate_from_files(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(b"KEY")
    (tmp_path / "cert.pem").write_bytes(b"CERT")
    files = {"AZ_PRIVATE_KEY_FILE": str(tmp_path / "key.pem"), "AZ_CERTIFICATE_FILE": str(tmp_path / "cert.pem")}
    options = environment({**AZURE, **files, "AZ_CLIENT_SECRET": "", "AZ_PRIVATE_KEY_PASSWORD": "sesame"})
    assert (options["private_key"], options["certificate"]) == ("KEY", "CERT")
    assert options["private_key_password"] == "sesame"
    assert options["client_auth"] == "private_key_jwt"
    assert "client_secret" not in options


def test_the_least_generic_settings_use_basic() -> None:
    assert environment(GENERIC) == {
        "token_endpoint": "https://issuer.example/token",
        "client_id": "billing",
        "client_secret": "hunter2",
        "client_auth": "basic",
    }


def test_every_generic_variable_has_its_setting(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(b"KEY")
    environ = {
        **GENERIC,
        "BEARERGUARD_PRIVATE_KEY_FILE": str(tmp_path / "key.pem"),
        "BEARERGUARD_CERTIFICATE_FILE": str(tmp_path / "key.pem"),
        "BEARERGUARD_PRIVATE_KEY_PASSWORD": "sesame",
        "BEARERGUARD_KEY_ID": "2026",
        "BEARERGUARD_SIGNING_ALGORITHM": "PS256",
        "BEARERGUARD_ASSERTION_AUDIENCE": "https://issuer.example",
        "BEARERGUARD_SCOPE": "orders.read",
        "BEARERGUARD_AUDIENCE": "https://orders.example",
        "BEARERGUARD_RESOURCE": "api://orders",
    }
    assert environment(environ) == {
        "token_endpoint": "https://issuer.example/token",
        "client_id": "billing",
        "client_auth": "private_key_jwt",
        "private_key": "KEY",
        "private_key_password": "sesame",
        "certificate": "KEY",
        "key_id": "2026",
        "signing_algorithm": "PS256",
        "assertion_audience": "https://issuer.example",
        "scope": "orders.read",
        "audience": "https://orders.example",
        "resource": "api://orders",
    }


def test_the_generic_endpoint_goes_before_azure() -> None:
    assert environment({**AZURE, **GENERIC})["token_endpoint"] == "https://issuer.example/token"


def test_the_client_auth_variable_is_taken_as_it_is_and_checked_later() -> None:
    assert environment({**GENERIC, "BEARERGUARD_CLIENT_AUTH": "post"})["client_auth"] == "post"


@pytest.mark.parametrize(
    ("environ", "names"),
    [
        ({}, "environment"),
        ({"AZ_CLIENT_ID": "billing"}, "environment"),
        ({"AZ_TENANT": TENANT}, "AZ_CLIENT_ID, AZ_RESOURCE, AZ_CLIENT_SECRET"),
        ({**AZURE, "AZ_RESOURCE": ""}, "AZ_RESOURCE"),
        ({**AZURE, "AZ_PRIVATE_KEY_FILE": __file__}, "AZ_CERTIFICATE_FILE"),
        ({**AZURE, "AZ_PRIVATE_KEY_FILE": "/nowhere/key.pem"}, "AZ_PRIVATE_KEY_FILE"),
        ({"BEARERGUARD_TOKEN_ENDPOINT": "https://issuer.example/token"}, "BEARERGUARD_CLIENT_ID, BEARERGUARD_CLIENT_SECRET"),
    ],
    ids=["nothing", "no-tenant", "azure", "no-resource", "no-certificate", "no-file", "generic"],
)
def test_what_is_missing_is_named(environ: dict[str, str], names: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        environment(environ)
    assert raised.value.parameter == names
    assert "hunter2" not in str(raised.value)
