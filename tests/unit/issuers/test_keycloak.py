"""Keycloak: the realm's issuer, whose roles count, and who is a service account."""

from typing import Any

import httpx
import pytest

from bearerguard.errors import ConfigurationError
from bearerguard.issuers.claim_values import NOTHING
from bearerguard.issuers.keycloak import application_by_service_account, keycloak
from bearerguard.resource_server import ResourceServer
from bearerguard.testing import FakeClock
from support.preset_tokens import key_set, signed


@pytest.mark.parametrize("base_url", ["https://sso.contoso.example", "https://sso.contoso.example/auth"])
def test_the_issuer_is_the_realm_without_a_slash(base_url: str) -> None:
    """https://www.keycloak.org/docs/latest/server_admin/#_audience"""
    issuer = keycloak(base_url, "contoso", "orders")
    assert issuer.issuer == f"{base_url}/realms/contoso"
    assert issuer.metadata_url == f"{base_url}/realms/contoso/.well-known/openid-configuration"


def test_only_roles_of_the_realm_and_of_this_apis_client_count() -> None:
    profile = keycloak("https://sso.contoso.example", "contoso", "orders.v1").profile
    claims = {
        "realm_access": {"roles": ["staff"]},
        "resource_access": {"orders.v1": {"roles": ["Read.All"]}, "orders": {"roles": ["v1"]}, "account": {"roles": ["manage"]}},
        "roles": ["Write.All"],
    }
    assert profile.roles_of(claims) == {"staff", "Read.All"}


APPLICATIONS: dict[str, tuple[dict[str, Any], bool]] = {
    "a service account": ({"azp": "reader", "client_id": "reader"}, True),
    "a service account of an older realm": ({"azp": "reader", "clientId": "reader"}, True),
    "a user": ({"azp": "web", "sid": "1"}, False),
    "a user whose client has a hard-coded client_id": ({"azp": "web", "client_id": "web", "sid": "1"}, False),
    "a user by name only": ({"azp": "web", "preferred_username": "service-account-web"}, False),
    "two different clients": ({"azp": "web", "client_id": "reader"}, False),
    "no azp": ({"client_id": "reader"}, False),
    "empty": ({"azp": "", "client_id": ""}, False),
    "nothing known": ({}, False),
}


@pytest.mark.parametrize(("claims", "expected"), APPLICATIONS.values(), ids=APPLICATIONS)
def test_an_application_is_told_by_its_service_account(claims: dict[str, Any], expected: bool) -> None:
    """https://www.keycloak.org/docs/latest/upgrading/index.html, 26.1.0: the client scope ``service_account``."""
    assert application_by_service_account(claims, NOTHING) is expected


GOOD: dict[str, Any] = {"base_url": "https://sso.contoso.example", "realm": "contoso", "client_id": "orders"}
WRONG = {
    "a slash at the end": ({"base_url": "https://sso.contoso.example/"}, "base_url"),
    "no scheme": ({"base_url": "sso.contoso.example"}, "base_url"),
    "credentials": ({"base_url": "https://me@sso.contoso.example"}, "base_url"),
    "a fragment": ({"base_url": "https://sso.contoso.example#a"}, "base_url"),
    "no address": ({"base_url": None}, "base_url"),
    "an empty realm": ({"realm": ""}, "realm"),
    "a realm with a slash": ({"realm": "realms/contoso"}, "realm"),
    "a realm with a space": ({"realm": "contoso north"}, "realm"),
    "an empty client": ({"client_id": ""}, "client_id"),
    "a client with a space at the end": ({"client_id": "orders "}, "client_id"),
    "several clients": ({"client_id": ["orders", "billing"]}, "client_id"),
}


@pytest.mark.parametrize(("settings", "parameter"), WRONG.values(), ids=WRONG)
def test_a_wrong_setting_is_named(settings: dict[str, Any], parameter: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        keycloak(**{**GOOD, **settings})
    assert caught.value.parameter == parameter


def test_the_realm_in_the_base_url_is_told() -> None:
    with pytest.raises(ConfigurationError, match="before /realms/") as caught:
        keycloak("https://sso.example.com/realms/shop", "shop", "orders")
    assert caught.value.parameter == "base_url"


@pytest.mark.anyio
async def test_a_realm_inside_a_cluster_is_fetched_over_plain_http_by_an_explicit_choice() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        realm = "http://keycloak:8080/realms/shop"
        metadata = {"issuer": realm, "jwks_uri": f"{realm}/protocol/openid-connect/certs"}
        return httpx.Response(200, json=metadata if "well-known" in asked[-1] else key_set())

    realm = keycloak("http://keycloak:8080", "shop", "orders", insecure_http_hosts="keycloak")
    api = ResourceServer(realm, "orders", transport=httpx.MockTransport(answer), clock=FakeClock(1_790_000_000))
    claims = {"iss": realm.issuer, "aud": "orders", "azp": "web", "typ": "Bearer", "sub": "u", "exp": 1_790_000_300}

    assert (await api.authenticate(signed(claims, {}))).client_id == "web"
    assert asked == [realm.metadata_url, "http://keycloak:8080/realms/shop/protocol/openid-connect/certs"]
