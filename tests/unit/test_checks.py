"""Checks of settings: a wrong value is named, a valid one is shown."""

import pytest

from bearerguard import ConfigurationError
from bearerguard.checks import checked_audience, checked_issuer_url, checked_url, url_problem

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
