"""Where answers may go: RFC 8252 §7, RFC 9700 §4.1.3."""

from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bearerguard import ConfigurationError
from bearerguard.testing import LocalClient
from bearerguard.testing.redirect_uris import permits, source_of


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1/callback",
        "http://127.0.0.1:51234/callback?a=b",
        "http://[::1]:8000/",
        "http://localhost:3000",
        "https://localhost:3000/docs/oauth2-redirect",
    ],
)
def test_a_client_that_registered_none_may_use_loopback(uri: str) -> None:
    assert permits((), uri)


@pytest.mark.parametrize("uri", ["https://app.example/callback", "com.example.app:/callback", "http://10.0.0.1/"])
def test_a_client_that_registered_none_may_use_nothing_else(uri: str) -> None:
    assert not permits((), uri)


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example/Callback",
        "https://app.example/callback?",
        "https://app.example:443/callback",
        "https://app.example/a/../callback",
        "http://app.example/callback",
        "https://app.example.evil.example/callback",
        "http://127.0.0.1/callback",
    ],
)
def test_registered_addresses_are_compared_as_text(uri: str) -> None:
    assert not permits(["https://app.example/callback"], uri)


@pytest.mark.parametrize(
    ("registered", "uri", "expected"),
    [
        ("http://127.0.0.1/callback", "http://127.0.0.1:51234/callback", True),
        ("http://[::1]:1/callback", "http://[::1]:51234/callback", True),
        ("http://127.0.0.1/callback", "http://127.0.0.1:51234/other", False),
        ("http://127.0.0.1/callback", "http://[::1]:51234/callback", False),
        ("http://localhost:8000/callback", "http://localhost:51234/callback", False),
        ("http://127.0.0.1/callback", "https://127.0.0.1:51234/callback", False),
    ],
)
def test_the_port_of_a_registered_loopback_address_is_free(registered: str, uri: str, *, expected: bool) -> None:
    """RFC 8252 §7.3; for the addresses, not for the name ``localhost`` (§8.3)."""
    assert permits([registered], uri) is expected


@pytest.mark.parametrize(
    "uri",
    [
        "http://app.example/callback",
        "https://app.example/callback#fragment",
        "https://user@app.example/",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://app.example/ x",
        "https://*.example/callback",
        "app:/callback",
        "callback",
    ],
)
def test_what_cannot_be_registered_is_named(uri: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        LocalClient("browser", redirect_uris=[uri])

    assert caught.value.parameter == "redirect_uris"


@pytest.mark.parametrize(
    ("uri", "source"),
    [
        ("http://127.0.0.1:8000/docs?a", "http://127.0.0.1:8000"),
        ("https://app.example/callback", "https://app.example"),
        ("http://[::1]:8000/", "http:"),
        ("com.example.app:/callback", "com.example.app:"),
    ],
)
def test_the_pages_policy_names_the_origin(uri: str, source: str) -> None:
    """https://www.w3.org/TR/CSP3/#grammardef-host-source has no form for an IPv6 address."""
    assert source_of(uri) == source


@given(
    st.one_of(
        st.text(),
        st.builds(
            "".join,
            st.lists(
                st.sampled_from(
                    [
                        "http",
                        "s",
                        ":",
                        "//",
                        "/",
                        "\\",
                        "@",
                        "127.0.0.1",
                        "[::1]",
                        "localhost",
                        ".",
                        "evil.example",
                        "8000",
                        "?",
                        "#",
                        "%2f",
                        " ",
                        "\t",
                    ]
                ),
                max_size=12,
            ),
        ),
    )
)
@example("http://127.0.0.1:80@evil.example/")
@example("http://localhost:8000/a@evil.example")
def test_whatever_is_permitted_without_registration_is_loopback(uri: str) -> None:
    if permits((), uri):
        parts = urlsplit(uri)
        assert parts.hostname in {"127.0.0.1", "::1", "localhost"}
        assert (parts.username, parts.fragment) == (None, "")
        assert not set(uri) & set("\\ \t\r\n#")
