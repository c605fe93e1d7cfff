"""Auth0: the slash, the roles, and who is an application."""

from typing import Any

import pytest

from bearerguard.errors import ConfigurationError
from bearerguard.issuers.auth0 import application_by_grant, auth0
from bearerguard.issuers.claim_values import NOTHING


def test_the_issuer_ends_in_a_slash_and_its_metadata_has_only_one() -> None:
    """https://auth0.com/docs/customize/custom-domains"""
    issuer = auth0("dev-1x2y3z.us.auth0.com")
    assert issuer.issuer == "https://dev-1x2y3z.us.auth0.com/"
    assert issuer.metadata_url == "https://dev-1x2y3z.us.auth0.com/.well-known/openid-configuration"
    assert issuer.metadata_issuers == ("https://dev-1x2y3z.us.auth0.com/",)


def test_another_origin_may_stand_in_for_the_domain() -> None:
    issuer = auth0("dev-1x2y3z.us.auth0.com", base_url="https://issuer.test")
    assert issuer.issuer == "https://issuer.test/"
    assert issuer.metadata_url == "https://issuer.test/.well-known/openid-configuration"


APPLICATIONS: dict[str, tuple[dict[str, Any], bool]] = {
    "client credentials": ({"gty": "client-credentials", "sub": "a@clients", "azp": "a"}, True),
    "another grant": ({"gty": "password", "sub": "auth0|1", "azp": "a"}, False),
    "grants of a refreshed token": ({"gty": ["refresh_token", "client-credentials"], "sub": "auth0|1", "azp": "a"}, False),
    "another grant, a subject like a client": ({"gty": "password", "sub": "a@clients", "client_id": "a"}, False),
    "no grant and the client as subject, RFC 9068 profile": ({"sub": "a@clients", "client_id": "a"}, True),
    "no grant and another client as subject": ({"sub": "b@clients", "client_id": "a"}, False),
    "no grant in the default profile: a user": ({"sub": "auth0|1", "azp": "a"}, False),
    "an empty client": ({"sub": "@clients", "client_id": ""}, False),
    "nothing known": ({}, False),
}


@pytest.mark.parametrize(("claims", "expected"), APPLICATIONS.values(), ids=APPLICATIONS)
def test_an_application_is_told_by_its_grant(claims: dict[str, Any], expected: bool) -> None:
    """https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles"""
    assert application_by_grant(claims, NOTHING) is expected


WRONG = {
    "a scheme": ({"domain": "https://dev-1x2y3z.us.auth0.com"}, "domain"),
    "a slash": ({"domain": "dev-1x2y3z.us.auth0.com/"}, "domain"),
    "a port": ({"domain": "dev-1x2y3z.us.auth0.com:443"}, "domain"),
    "capitals": ({"domain": "Dev-1x2y3z.us.auth0.com"}, "domain"),
    "one label": ({"domain": "localhost"}, "domain"),
    "an address": ({"domain": "127.0.0.1"}, "domain"),
    "an empty label": ({"domain": "dev..auth0.com"}, "domain"),
    "a line break": ({"domain": "dev.auth0.com\n"}, "domain"),
    "letters beyond ASCII": ({"domain": "dévelopment.auth0.com"}, "domain"),
    "an empty name": ({"domain": ""}, "domain"),
    "no text": ({"domain": None}, "domain"),
    "an empty claim": ({"domain": "dev.auth0.com", "roles_claim": ""}, "roles_claim"),
    "a path of claims": ({"domain": "dev.auth0.com", "roles_claim": ["https://orders.example", "roles"]}, "roles_claim"),
    "a base with a slash": ({"domain": "dev.auth0.com", "base_url": "https://issuer.test/"}, "base_url"),
}


@pytest.mark.parametrize(("settings", "parameter"), WRONG.values(), ids=WRONG)
def test_a_wrong_setting_is_named(settings: dict[str, Any], parameter: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        auth0(**settings)
    assert caught.value.parameter == parameter
