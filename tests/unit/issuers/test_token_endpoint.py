"""Where clients obtain tokens and people sign in: a preset knows it where the vendor documents one place."""

from typing import Any

import pytest

from bearerguard.errors import ConfigurationError
from bearerguard.issuers.issuer import Issuer
from bearerguard.issuers.request_form import RequestForm
from bearerguard.testing.local_issuer import LocalIssuer
from bearerguard.testing.shapes import SHAPES
from support.preset_tokens import PRESETS

TENANT = "11111111-2222-3333-4444-555555555555"
ENTRA = f"/{TENANT}/oauth2/v2.0/token"
HERE = "https://issuer.example"


@pytest.mark.parametrize(
    ("preset", "settings", "endpoint"),
    [
        ("entra", {"tenant_id": TENANT}, f"https://login.microsoftonline.com{ENTRA}"),
        (
            "entra",
            {"tenant_id": TENANT, "authority": "https://login.microsoftonline.us"},
            f"https://login.microsoftonline.us{ENTRA}",
        ),
        ("entra_multitenant", {"tenants": [TENANT]}, f"https://login.microsoftonline.com{ENTRA}"),
        ("entra_multitenant", {"insecure_any_tenant": True}, None),
        (
            "azure_b2c",
            {"tenant_name": "contoso", "tenant_id": TENANT, "policy": "B2C_1_signin"},
            "https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_signin/oauth2/v2.0/token",
        ),
        ("auth0", {"domain": "contoso.eu.auth0.com"}, "https://contoso.eu.auth0.com/oauth/token"),
        (
            "keycloak",
            {"base_url": HERE, "realm": "contoso", "client_id": "orders"},
            f"{HERE}/realms/contoso/protocol/openid-connect/token",
        ),
        ("okta", {"issuer": f"{HERE}/oauth2/default"}, f"{HERE}/oauth2/default/v1/token"),
        ("cognito", {"region": "eu-central-1", "user_pool_id": "eu-central-1_Example01", "client_ids": "reader"}, None),
        ("oidc", {"issuer": HERE}, None),
    ],
)
def test_each_preset_names_the_one_that_its_vendor_documents(preset: str, settings: dict[str, Any], endpoint: str | None) -> None:
    """Entra's v2 endpoint gives v1 tokens, too, and ``common`` gives an application none. Cognito's has a domain of its own.

    Sources: https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow,
    https://learn.microsoft.com/en-us/azure/active-directory-b2c/client-credentials-grant-flow,
    https://auth0.com/docs/get-started/authentication-and-authorization-flow/client-credentials-flow,
    https://www.keycloak.org/securing-apps/oidc-layers, https://developer.okta.com/docs/guides/implement-client-creds/.
    """
    built = PRESETS[preset](**settings)

    assert {one.token_endpoint for one in (built if isinstance(built, tuple) else (built,))} == {endpoint}


@pytest.mark.parametrize("shape", SHAPES)
def test_that_of_a_local_issuer_is_its_own(shape: str) -> None:
    """Entra's v1 apart, which is a second door of the same house."""
    issuer = LocalIssuer(shape=shape)
    known = {one.token_endpoint for one in issuer.trusted()} - {None}

    assert known <= {document.token_endpoint for document in issuer.documents}
    places = {one.authorization_endpoint for one in issuer.trusted()} - {None}
    assert places <= {document.authorization_endpoint for document in issuer.documents}


@pytest.mark.parametrize("name", ["token_endpoint", "authorization_endpoint"])
def test_it_is_checked_as_all_addresses_are(name: str) -> None:
    good: dict[str, Any] = {name: f"{HERE}/place"}
    assert getattr(Issuer(HERE, **good), name) == f"{HERE}/place"
    plain: dict[str, Any] = {name: "http://issuer.example/place"}
    with pytest.raises(ConfigurationError) as caught:
        Issuer(HERE, **plain)
    assert caught.value.parameter == name


@pytest.mark.parametrize(
    ("preset", "settings", "place"),
    [
        ("entra", {"tenant_id": TENANT}, f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/authorize"),
        ("entra_multitenant", {"insecure_any_tenant": True}, "https://login.microsoftonline.com/common/oauth2/v2.0/authorize"),
        (
            "entra_external",
            {"tenant_id": TENANT, "tenant_name": "contoso"},
            f"https://contoso.ciamlogin.com/{TENANT}/oauth2/v2.0/authorize",
        ),
        (
            "azure_b2c",
            {"tenant_name": "contoso", "tenant_id": TENANT, "policy": "B2C_1_signin"},
            "https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_signin/oauth2/v2.0/authorize",
        ),
        ("auth0", {"domain": "contoso.eu.auth0.com"}, "https://contoso.eu.auth0.com/authorize"),
        (
            "keycloak",
            {"base_url": HERE, "realm": "contoso", "client_id": "orders"},
            f"{HERE}/realms/contoso/protocol/openid-connect/auth",
        ),
        ("okta", {"issuer": f"{HERE}/oauth2/default"}, f"{HERE}/oauth2/default/v1/authorize"),
        ("cognito", {"region": "eu-central-1", "user_pool_id": "eu-central-1_Example01", "client_ids": "reader"}, None),
        ("oidc", {"issuer": HERE}, None),
    ],
)
def test_each_preset_names_the_place_where_people_sign_in(preset: str, settings: dict[str, Any], place: str | None) -> None:
    """Sources: https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow,
    https://learn.microsoft.com/en-us/azure/active-directory-b2c/authorization-code-flow,
    https://auth0.com/docs/api/authentication/authorization-code-flow-with-pkce/authorize-with-pkce,
    https://www.keycloak.org/securing-apps/oidc-layers, https://developer.okta.com/docs/api/openapi/okta-oauth/oauth/tag/CustomAS/.
    """
    built = PRESETS[preset](**settings)

    assert {one.authorization_endpoint for one in (built if isinstance(built, tuple) else (built,))} == {place}


@pytest.mark.parametrize(
    ("shape", "form"),
    [
        ("entra_v2", RequestForm(prefixes_scopes=True)),
        ("azure_b2c", RequestForm(prefixes_scopes=True)),
        ("entra_external", RequestForm(prefixes_scopes=True)),
        ("auth0", RequestForm(api_parameter="audience")),
        ("keycloak", RequestForm()),
        ("okta", RequestForm()),
        ("cognito", RequestForm()),
        ("generic", RequestForm()),
    ],
)
def test_each_preset_knows_how_scopes_are_asked_for(shape: str, form: RequestForm) -> None:
    assert {one.request_form for one in LocalIssuer(shape=shape).trusted()} == {form}


def test_a_request_form_is_no_text() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Issuer(HERE, request_form="audience")  # type: ignore[arg-type]
    assert caught.value.parameter == "request_form"
