"""Where a token may go."""

import logging
from typing import Any

import pytest

from bearerguard.client.origins import Origins
from bearerguard.errors import ConfigurationError


def origins(*urls: str, allow_http: bool = False, any_origin: bool = False) -> Origins:
    return Origins(urls or None, allow_http=allow_http, any_origin=any_origin)


@pytest.mark.parametrize(
    "request_origin",
    [
        ("https", "orders.example", None),
        ("https", "orders.example", 443),
        ("https", "stock.example", 8443),
        ("https", "::1", 8443),
    ],
    ids=str,
)
def test_a_request_to_a_named_origin_may_carry_the_token(request_origin: tuple[str, str, int | None]) -> None:
    named = origins("https://orders.example/v1?x", "https://STOCK.example:8443", "https://[::1]:8443")
    named.check(*request_origin)
    assert named.allows(*request_origin)


@pytest.mark.parametrize(
    "request_origin",
    [
        ("https", "orders.example", 8443),
        ("https", "orders.example.evil.example", None),
        ("https", "evil.example", None),
        ("http", "orders.example", None),
        ("http", "orders.example", 443),
        ("ftp", "orders.example", None),
        ("https", "orders.example.", None),
        ("https", "", None),
    ],
    ids=str,
)
def test_no_other_origin_gets_it(request_origin: tuple[str, str, int | None]) -> None:
    """RFC 6750 §5.3: a token goes only to the servers it is meant for."""
    named = origins("https://orders.example")
    assert not named.allows(*request_origin)
    with pytest.raises(ConfigurationError) as raised:
        named.check(*request_origin)
    assert raised.value.parameter == "origins"


def test_without_names_the_first_origin_is_the_only_one() -> None:
    first = origins()
    first.check("https", "orders.example", None)
    first.check("https", "orders.example", 443)
    with pytest.raises(ConfigurationError):
        first.check("https", "evil.example", None)


def test_a_first_request_over_http_decides_nothing() -> None:
    first = origins()
    with pytest.raises(ConfigurationError):
        first.check("http", "evil.example", None)
    first.check("https", "orders.example", None)


@pytest.mark.parametrize(
    ("host", "allow_http", "allowed"),
    [
        ("127.0.0.1", True, True),
        ("localhost", True, True),
        ("::1", True, True),
        ("127.0.0.1", False, False),
        ("orders.internal", True, False),
        ("10.0.0.1", True, False),
    ],
    ids=str,
)
def test_plain_http_is_for_loopback_and_only_when_allowed(host: str, allow_http: bool, allowed: bool) -> None:
    assert origins(allow_http=allow_http).allows("http", host, 8000) is allowed


def test_any_origin_is_a_choice_that_is_logged_and_does_not_include_http(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "bearerguard"):
        anywhere = origins(any_origin=True)
    assert len(caplog.records) == 1
    assert anywhere.allows("https", "orders.example", None)
    assert anywhere.allows("https", "stock.example", None)
    assert not anywhere.allows("http", "orders.example", None)


@pytest.mark.parametrize(
    "wrong",
    [
        "https://orders.example",
        [],
        (),
        ["orders.example"],
        ["http://orders.example"],
        ["https://user:pass@orders.example"],
        [7],
        ["https://"],
    ],
    ids=repr,
)
def test_a_wrong_list_is_a_configuration_error(wrong: Any) -> None:
    with pytest.raises(ConfigurationError) as raised:
        Origins(wrong, allow_http=False, any_origin=False)
    assert raised.value.parameter == "origins"


def test_names_and_any_origin_contradict_each_other() -> None:
    with pytest.raises(ConfigurationError):
        origins("https://orders.example", any_origin=True)
