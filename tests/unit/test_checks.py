"""Checks of settings: a wrong value is named, a valid one is shown."""

from collections.abc import Callable
from typing import Any

import pytest

from bearerguard import ConfigurationError
from bearerguard.checks import (
    checked_audience,
    checked_count,
    checked_domain,
    checked_guid,
    checked_issuer_url,
    checked_number,
    checked_tenant,
    checked_tenant_id,
    checked_tenant_name,
    checked_url,
    url_problem,
)

HERE = "https://issuer.example"

ADDRESSES = {
    "https": ("https://issuer.example/jwks", False, True),
    "https with a port": ("https://issuer.example:8443/jwks", False, True),
    "https on loopback": ("https://127.0.0.1:8443/jwks", False, True),
    "http on localhost": ("http://localhost:9000", True, True),
    "http on 127.0.0.0/8": ("http://127.1.2.3:9000", True, True),
    "http on ::1": ("http://[::1]:9000", True, True),
    "http on loopback, not allowed": ("http://localhost:9000", False, False),
    "http on a name that begins like it": ("http://localhost.example", True, False),
    "http on another address": ("http://10.0.0.1", True, False),
    "http on any address": ("http://0.0.0.0:9000", True, False),
    "a port that is no number": ("https://issuer.example:port", False, False),
    "a broken IPv6 address": ("https://[::1", False, False),
    "a user": ("https://me@issuer.example", False, False),
    "a space": ("https://issuer.example/a b", False, False),
    "a control character": ("https://issuer.example/\x00", False, False),
    "letters beyond ASCII": ("https://issüer.example", False, False),
    "another scheme": ("ftp://issuer.example", False, False),
    "no text": (7, True, False),
}


@pytest.mark.parametrize(("url", "allow_http", "good"), ADDRESSES.values(), ids=ADDRESSES)
def test_an_address_is_https_or_loopback_by_permission(url: object, allow_http: bool, good: bool) -> None:
    """The same test for settings and for what a metadata document names."""
    assert (url_problem(url, allow_http=allow_http) == "") is good
    if good:
        checked_url("jwks_uri", url, allow_http=allow_http)
    else:
        with pytest.raises(ConfigurationError):
            checked_url("jwks_uri", url, allow_http=allow_http)


def test_an_issuers_address_may_have_a_path_and_nothing_more() -> None:
    checked_issuer_url("issuer", f"{HERE}/one", allow_http=False)
    with pytest.raises(ConfigurationError):
        checked_issuer_url("issuer", f"{HERE}/one?two", allow_http=False)


def test_an_audience_is_never_split_nor_empty() -> None:
    assert checked_audience("audience", "api://orders api://billing") == {"api://orders api://billing"}
    with pytest.raises(ConfigurationError):
        checked_audience("audience", frozenset())


GUID = "8f3c1d52-0b6e-4c49-9d55-2f1f6a0f3b11"


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("http://keycloak:8080/certs", True),
        ("http://KEYCLOAK:8080/certs", True),
        ("http://keycloak.evil.test/certs", False),
        ("http://localhost/certs", False),
        ("ftp://keycloak/certs", False),
        ("http://me@keycloak/certs", False),
    ],
)
def test_http_is_for_the_hosts_that_are_named(url: str, good: bool) -> None:
    assert (url_problem(url, allow_http=False, http_hosts=["keycloak"]) == "") is good


def test_a_guid_is_written_as_tokens_write_it() -> None:
    """RFC 9562 §4."""
    assert checked_guid("tenant_id", GUID.upper()) == checked_tenant_id("tenant_id", GUID.upper()) == GUID


def test_a_domain_is_in_lower_case_where_tokens_are_compared_with_it() -> None:
    assert checked_domain("domain", "a.example", example="") == "a.example"
    assert checked_domain("domain", "A.example", example="", any_case=True) == "A.example"


REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "a number below": (lambda: checked_number("n", -0.1, 0, 300, example="60"), "60"),
    "a number above": (lambda: checked_number("n", 300.1, 0, 300, example="60"), "60"),
    "not a number": (lambda: checked_number("n", float("nan"), 0, 300, example="60"), "60"),
    "a bool": (lambda: checked_number("n", True, 0, 300, example="60"), "60"),
    "a count below": (lambda: checked_count("n", -1, 5), "10_000"),
    "a count that is no whole number": (lambda: checked_count("n", 1.0, 5), "10_000"),  # type: ignore[arg-type]
    "an address as domain": (lambda: checked_domain("n", "https://a.example", example="a.example"), "a.example"),
    "capitals in a domain": (lambda: checked_domain("n", "A.example", example="a.example"), "a.example"),
    "numbers as domain": (lambda: checked_domain("n", "127.0.0.1", example="a.example"), "a.example"),
    "a GUID in braces": (lambda: checked_guid("n", f"{{{GUID}}}"), GUID),
    "many tenants": (lambda: checked_tenant("n", "Common"), "contoso.onmicrosoft.com"),
    "no tenant": (lambda: checked_tenant("n", ""), "contoso.onmicrosoft.com"),
    "many tenants as id": (lambda: checked_tenant_id("n", "ORGANIZATIONS"), "entra_multitenant"),
    "a domain as id": (lambda: checked_tenant_id("n", "contoso.onmicrosoft.com"), "Tenant ID"),
    "a domain as name": (lambda: checked_tenant_name("n", "contoso.onmicrosoft.com"), '"contoso"'),
}


@pytest.mark.parametrize(("check", "shown"), REFUSED.values(), ids=REFUSED)
def test_a_wrong_value_is_named_and_a_valid_one_shown(check: Callable[[], Any], shown: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check()
    assert caught.value.parameter == "n"
    assert shown in str(caught.value)


def test_the_ends_of_a_range_are_in_it() -> None:
    assert [checked_number("n", value, 0, 300, example="60") for value in (0, 300)] == [0, 300]
    assert [checked_count("n", value, 5) for value in (0, 5)] == [0, 5]
