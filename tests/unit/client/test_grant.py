"""Settings are checked when they are given, and no message shows a secret."""

from typing import Any

import pytest

from bearerguard.client.grant import checked_grant
from bearerguard.client.secret import Secret
from bearerguard.errors import ConfigurationError

GOOD: dict[str, Any] = {"token_endpoint": "https://issuer.example/token", "client_id": "billing", "client_secret": "hunter2"}


def test_the_least_settings_are_endpoint_client_and_secret() -> None:
    grant = checked_grant(**GOOD)
    assert (grant.client_auth, grant.scope, grant.audience, grant.resources) == ("basic", "", "", ())
    assert isinstance(grant.credential, Secret)
    assert grant.assertion_audience == grant.token_endpoint


def test_several_scopes_become_one_parameter() -> None:
    """RFC 6749 §3.3: delimited by spaces."""
    assert checked_grant(**GOOD, scope=["orders.read", "orders.write"]).scope == "orders.read orders.write"


def test_several_resources_stay_apart() -> None:
    """RFC 8707 §2."""
    assert checked_grant(**GOOD, resource=["api://orders", "api://stock"]).resources == ("api://orders", "api://stock")


def test_a_query_belongs_to_the_endpoint() -> None:
    """RFC 6749 §3.2."""
    url = "https://contoso.b2clogin.example/oauth2/token?p=b2c_1_signin"
    assert checked_grant(**{**GOOD, "token_endpoint": url}).token_endpoint == url


def test_plain_http_is_for_loopback_and_only_when_allowed() -> None:
    settings = {**GOOD, "token_endpoint": "http://127.0.0.1:9101/token"}
    assert checked_grant(**settings, allow_http=True).token_endpoint == "http://127.0.0.1:9101/token"
    with pytest.raises(ConfigurationError):
        checked_grant(**settings)


def test_a_repr_shows_no_secret() -> None:
    assert "hunter2" not in repr(checked_grant(**GOOD))


@pytest.mark.parametrize(
    ("wrong", "parameter"),
    [
        ({"token_endpoint": "http://issuer.example/token"}, "token_endpoint"),
        ({"token_endpoint": "http://issuer.example/token", "allow_http": True}, "token_endpoint"),
        ({"token_endpoint": "https://issuer.example/token#here"}, "token_endpoint"),
        ({"token_endpoint": "https://billing:hunter2@issuer.example/token"}, "token_endpoint"),
        ({"token_endpoint": "/token"}, "token_endpoint"),
        ({"token_endpoint": None}, "token_endpoint"),
        ({"client_id": ""}, "client_id"),
        ({"client_id": None}, "client_id"),
        ({"client_id": " billing"}, "client_id"),
        ({"client_secret": None}, "client_secret"),
        ({"client_secret": ""}, "client_secret"),
        ({"client_secret": "hunter2\n"}, "client_secret"),
        ({"client_secret": b"hunter2"}, "client_secret"),
        ({"client_auth": "digest"}, "client_auth"),
        ({"client_auth": "private_key_jwt"}, "private_key"),
        ({"client_auth": "private_key_jwt", "private_key": "hunter2"}, "private_key"),
        ({"client_auth": "private_key_jwt", "private_key": "hunter2", "client_secret": None}, "private_key"),
        ({"private_key": "hunter2"}, "client_auth"),
        ({"certificate": "hunter2"}, "client_auth"),
        ({"key_id": "hunter2"}, "client_auth"),
        ({"scope": ""}, "scope"),
        ({"scope": "orders.read  orders.write"}, "scope"),
        ({"scope": 'orders"read'}, "scope"),
        ({"scope": []}, "scope"),
        ({"audience": ""}, "audience"),
        ({"resource": ""}, "resource"),
        ({"resource": ["api://orders", ""]}, "resource"),
    ],
    ids=str,
)
def test_a_wrong_setting_names_its_parameter_and_shows_no_secret(wrong: dict[str, Any], parameter: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        checked_grant(**{**GOOD, **wrong})
    assert raised.value.parameter == parameter
    assert "hunter2" not in str(raised.value)
