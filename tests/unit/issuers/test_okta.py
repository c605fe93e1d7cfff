"""Okta: custom authorization servers only."""

from typing import Any

import pytest

from bearerguard.errors import ConfigurationError
from bearerguard.issuers.claim_values import NOTHING
from bearerguard.issuers.okta import application_by_user_id, okta


def test_the_issuer_is_the_authorization_server_as_given() -> None:
    issuer = okta("https://dev-123456.okta.com/oauth2/aus1example")
    assert issuer.issuer == "https://dev-123456.okta.com/oauth2/aus1example"
    assert issuer.metadata_url == f"{issuer.issuer}/.well-known/openid-configuration"


APPLICATIONS: dict[str, tuple[dict[str, Any], bool]] = {
    "the client itself": ({"sub": "0oa1", "cid": "0oa1"}, True),
    "a user": ({"sub": "reader@contoso.example", "cid": "0oa1", "uid": "00u1"}, False),
    "a user with the name of the client": ({"sub": "0oa1", "cid": "0oa1", "uid": "00u1"}, False),
    "empty": ({"sub": "", "cid": ""}, False),
    "nothing known": ({}, False),
}


@pytest.mark.parametrize(("claims", "expected"), APPLICATIONS.values(), ids=APPLICATIONS)
def test_an_application_has_no_user_id(claims: dict[str, Any], expected: bool) -> None:
    assert application_by_user_id(claims, NOTHING) is expected


WRONG = {
    "the org authorization server": "https://dev-123456.okta.com",
    "a slash at the end": "https://dev-123456.okta.com/oauth2/default/",
    "no id": "https://dev-123456.okta.com/oauth2",
    "an endpoint": "https://dev-123456.okta.com/oauth2/default/v1/token",
    "no scheme": "dev-123456.okta.com/oauth2/default",
    "plain http": "http://dev-123456.okta.com/oauth2/default",
    "a query": "https://dev-123456.okta.com/oauth2/default?a",
    "an empty text": "",
}


@pytest.mark.parametrize("issuer", WRONG.values(), ids=WRONG)
def test_another_issuer_is_refused(issuer: str) -> None:
    """Nobody but Okta can verify tokens of the org authorization server."""
    with pytest.raises(ConfigurationError) as caught:
        okta(issuer)
    assert caught.value.parameter == "issuer"
