"""Settings are checked when they are given, and no message shows a secret."""

from typing import Any

import pytest

from bearerguard.client.token_settings import TokenSettings, checked_settings
from bearerguard.client_authentication.method import Basic
from bearerguard.errors import ConfigurationError
from support.credentials import sealed

GOOD: dict[str, Any] = {"token_endpoint": "https://issuer.example/token", "client_id": "billing", "client_secret": "hunter2"}


def checked(**changes: Any) -> TokenSettings:
    return checked_settings(**sealed({**GOOD, **changes}))


def test_the_least_settings_are_endpoint_client_and_secret() -> None:
    settings = checked()
    assert (settings.scope, settings.audience, settings.resources) == ("", "", ())
    assert isinstance(settings.authentication, Basic)


def test_several_scopes_become_one_parameter() -> None:
    """RFC 6749 §3.3: delimited by spaces."""
    assert checked(scope=["orders.read", "orders.write"]).scope == "orders.read orders.write"


def test_several_resources_stay_apart() -> None:
    """RFC 8707 §2."""
    assert checked(resource=["api://orders", "api://stock"]).resources == ("api://orders", "api://stock")


def test_a_query_belongs_to_the_endpoint() -> None:
    """RFC 6749 §3.2."""
    url = "https://contoso.b2clogin.example/oauth2/token?p=b2c_1_signin"
    assert checked(token_endpoint=url).token_endpoint == url


def test_plain_http_is_for_loopback_and_only_when_allowed() -> None:
    url = "http://127.0.0.1:9101/token"
    assert checked(token_endpoint=url, allow_http=True).token_endpoint == url
    with pytest.raises(ConfigurationError):
        checked(token_endpoint=url)


def test_a_repr_shows_no_secret() -> None:
    assert "hunter2" not in repr(checked())


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
        checked(**wrong)
    assert raised.value.parameter == parameter
    assert "hunter2" not in str(raised.value)
