"""Any other issuer: where its metadata is, and where its claims are, is declared."""

from typing import Any

import pytest

from bearerguard.errors import ConfigurationError
from bearerguard.issuers.oidc import oidc
from support.preset_tokens import key_set

METADATA = {
    "OpenID, no path": ("https://issuer.example", "openid", "https://issuer.example/.well-known/openid-configuration"),
    "OpenID, a slash": ("https://issuer.example/", "openid", "https://issuer.example/.well-known/openid-configuration"),
    "OpenID, a path": ("https://issuer.example/one", "openid", "https://issuer.example/one/.well-known/openid-configuration"),
    "OAuth, no path": ("https://issuer.example", "oauth", "https://issuer.example/.well-known/oauth-authorization-server"),
    "OAuth, a slash": ("https://issuer.example/", "oauth", "https://issuer.example/.well-known/oauth-authorization-server"),
    "OAuth, a path": (
        "https://issuer.example:8443/one/two",
        "oauth",
        "https://issuer.example:8443/.well-known/oauth-authorization-server/one/two",
    ),
    "OAuth, a path with a slash": (
        "https://issuer.example/one/",
        "oauth",
        "https://issuer.example/.well-known/oauth-authorization-server/one",
    ),
}


@pytest.mark.parametrize(("issuer", "discovery", "url"), METADATA.values(), ids=METADATA)
def test_the_metadata_is_where_the_chosen_standard_puts_it(issuer: str, discovery: Any, url: str) -> None:
    """OpenID Connect Discovery 1.0 §4.1 appends, RFC 8414 §3.1 inserts; the issuer itself is never changed."""
    built = oidc(issuer, discovery=discovery)
    assert built.metadata_url == url
    assert built.issuer == issuer


def test_an_issuer_that_is_no_address_works_with_known_keys() -> None:
    assert oidc("urn:example:issuer", jwks=key_set()).issuer == "urn:example:issuer"


def test_paths_may_be_lists_and_may_hold_any_name() -> None:
    """A dot in a name is part of the name."""
    profile = oidc("https://issuer.example", roles_claim=["https://acme.example/v1.0", "app roles"]).profile
    assert profile.roles_of({"https://acme.example/v1.0": {"app roles": ["Read.All"]}}) == {"Read.All"}


@pytest.mark.parametrize("subject", ["reader", "somebody"])
def test_a_declared_client_is_compared_with_the_subject(subject: str) -> None:
    profile = oidc("https://issuer.example", client_claim=["app", "id"]).profile
    claims = {"sub": subject, "app": {"id": "reader"}, "client_id": "somebody", "scope": "orders.read"}
    assert profile.is_application(claims, frozenset()) is (subject == "reader")


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "an empty issuer": ({"issuer": ""}, "issuer"),
    "a query": ({"issuer": "https://issuer.example?tenant=1"}, "issuer"),
    "a fragment": ({"issuer": "https://issuer.example#a"}, "issuer"),
    "a query, OAuth": ({"issuer": "https://issuer.example?tenant=1", "discovery": "oauth"}, "issuer"),
    "a name that is no address": ({"issuer": "urn:example:issuer"}, "issuer"),
    "a name that is no address, OAuth": ({"issuer": "urn:example:issuer", "discovery": "oauth"}, "issuer"),
    "plain http": ({"issuer": "http://issuer.example"}, "issuer"),
    "roles as a text": ({"roles_claim": "roles"}, "roles_claim"),
    "roles as a dotted text": ({"roles_claim": "realm_access.roles"}, "roles_claim"),
    "an empty path": ({"roles_claim": []}, "roles_claim"),
    "an empty name": ({"roles_claim": ["realm_access", ""]}, "roles_claim"),
    "no roles": ({"roles_claim": None}, "roles_claim"),
    "scopes as a text": ({"scopes_claim": "scope"}, "scopes_claim"),
    "a client as a text": ({"client_claim": "azp"}, "client_claim"),
    "a tenant as a text": ({"tenant_claim": "tid"}, "tenant_claim"),
    "an unknown discovery": ({"discovery": "oidc"}, "discovery"),
    "OAuth discovery beside metadata": ({"discovery": "oauth", "metadata_url": "https://i.example/m"}, "discovery"),
    "OAuth discovery beside an address of keys": ({"discovery": "oauth", "jwks_uri": "https://i.example/k"}, "discovery"),
    "OAuth discovery beside keys": ({"discovery": "oauth", "jwks": {"keys": []}}, "discovery"),
}


@pytest.mark.parametrize(("settings", "parameter"), WRONG.values(), ids=WRONG)
def test_a_wrong_setting_is_named(settings: dict[str, Any], parameter: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        oidc(**{"issuer": "https://issuer.example", **settings})
    assert caught.value.parameter == parameter
