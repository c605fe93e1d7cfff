"""The metadata document: identical issuer, usable ``jwks_uri``, or it is not used (RFC 8414 §3.3)."""

import json
from typing import Any

import pytest

from bearerguard import Issuer
from bearerguard.keys.discovery import Endpoints, read_endpoints, read_jwks_uri, told_with_the_place
from bearerguard.keys.fetch import FetchFailed

ISSUER = "https://issuer.test/tenant"
JWKS_URI = "https://keys.elsewhere.test/jwks?p=1"
CONFIGURED = Issuer(ISSUER)


def document(**members: Any) -> bytes:
    whole = {"issuer": ISSUER, "jwks_uri": JWKS_URI, "token_endpoint": "https://issuer.test/token", **members}
    return json.dumps({name: value for name, value in whole.items() if value is not ...}).encode()


def refused(issuer: Issuer, body: bytes) -> FetchFailed:
    with pytest.raises(FetchFailed) as caught:
        read_jwks_uri(issuer, body)
    return caught.value


def test_the_keys_are_where_the_issuers_own_document_says() -> None:
    assert read_jwks_uri(CONFIGURED, document()) == JWKS_URI


@pytest.mark.parametrize(
    "named",
    [
        pytest.param("https://issuer.test/tenant/", id="trailing-slash"),
        pytest.param("https://ISSUER.test/tenant", id="case-of-the-host"),
        pytest.param("https://issuer.test:443/tenant", id="default-port"),
        pytest.param("https://issuer.test/%74enant", id="percent-encoding"),
        pytest.param("http://issuer.test/tenant", id="scheme"),
        pytest.param("https://issuer.test/other", id="another-tenant"),
        pytest.param("https://evil.test/tenant", id="another-host"),
        pytest.param(" https://issuer.test/tenant", id="space"),
        pytest.param("", id="empty"),
        pytest.param(None, id="null"),
        pytest.param(..., id="missing"),
        pytest.param([ISSUER], id="list"),
        pytest.param({"issuer": ISSUER}, id="object"),
        pytest.param(1, id="number"),
    ],
)
def test_a_document_of_another_issuer_is_not_used(named: object) -> None:
    """RFC 8414 §3.3, §4: identical, without any normalisation."""
    assert refused(CONFIGURED, document(issuer=named)).code == "invalid"


def test_a_vendor_may_name_another_issuer_in_its_document_than_in_its_tokens() -> None:
    """Entra's v1 tokens, its templates, and Azure AD B2C."""
    entra = Issuer("https://sts.windows.net/t/", metadata_url="https://login.test/t/keys", metadata_issuers=("https://a.test",))
    assert read_jwks_uri(entra, document(issuer="https://a.test")) == JWKS_URI
    assert refused(entra, document(issuer="https://sts.windows.net/t/")).code == "invalid"


@pytest.mark.parametrize(
    "jwks_uri",
    [
        pytest.param(..., id="missing"),
        pytest.param(None, id="null"),
        pytest.param("", id="empty"),
        pytest.param(7, id="number"),
        pytest.param([JWKS_URI], id="list"),
        pytest.param("/jwks", id="relative"),
        pytest.param("//keys.test/jwks", id="without-scheme"),
        pytest.param("http://keys.test/jwks", id="http"),
        pytest.param("http://127.0.0.1/jwks", id="http-on-loopback"),
        pytest.param("file:///etc/passwd", id="file"),
        pytest.param("data:application/json,{}", id="data"),
        pytest.param("ftp://keys.test/jwks", id="ftp"),
        pytest.param("https://", id="no-host"),
        pytest.param("https://user:secret@keys.test/jwks", id="credentials"),
        pytest.param("https://keys.test/a b", id="space"),
        pytest.param("https://keys.test/\r\nHost: evil", id="line-break"),
        pytest.param("https://keys.test\x00/jwks", id="nul"),
        pytest.param("https://k\u0435ys.test/jwks", id="not-ascii"),
        pytest.param("https://keys.test:99999/jwks", id="port"),
        pytest.param("https://[::1/jwks", id="broken-address"),
    ],
)
def test_a_jwks_uri_that_is_no_https_url_is_not_used(jwks_uri: object) -> None:
    assert refused(CONFIGURED, document(jwks_uri=jwks_uri)).code == "invalid"


@pytest.mark.parametrize(
    ("jwks_uri", "accepted"),
    [
        ("http://127.0.0.1:9000/jwks", True),
        ("http://localhost/jwks", True),
        ("http://[::1]:9000/jwks", True),
        ("http://127.0.0.1.evil.test/jwks", False),
        ("http://issuer.test/jwks", False),
        ("http://10.0.0.1/jwks", False),
    ],
)
def test_http_is_for_loopback_and_only_where_it_was_allowed(jwks_uri: str, accepted: bool) -> None:
    local = Issuer("http://127.0.0.1:9000", insecure_allow_http=True)
    body = document(issuer="http://127.0.0.1:9000", jwks_uri=jwks_uri)
    if accepted:
        assert read_jwks_uri(local, body) == jwks_uri
    else:
        assert refused(local, body).code == "invalid"


def test_a_host_that_is_named_may_serve_the_keys_over_plain_http() -> None:
    cluster = Issuer("http://keycloak:8080/realms/shop", insecure_http_hosts=["keycloak"])
    body = document(issuer=cluster.issuer, jwks_uri="http://keycloak:8080/certs", token_endpoint="http://keycloak:8080/token")
    assert read_jwks_uri(cluster, body) == "http://keycloak:8080/certs"
    assert read_endpoints(cluster, body) == Endpoints("http://keycloak:8080/token")
    for elsewhere in ("http://keycloak.evil.test/certs", "http://evil.test/keycloak", "http://127.0.0.1/certs"):
        assert refused(cluster, document(issuer=cluster.issuer, jwks_uri=elsewhere)).code == "invalid"


def test_a_document_of_another_issuer_is_told_with_the_option_that_accepts_it() -> None:
    """AD FS, https://github.com/MicrosoftDocs/windowsserverdocs/issues/551: its tokens name another issuer than its document."""
    shown = str(refused(CONFIGURED, document(issuer="https://fs.example.com/adfs")))
    assert "metadata_issuers=['https://fs.example.com/adfs']" in shown


def test_a_document_that_names_no_issuer_is_not_told_so() -> None:
    assert "metadata_issuers" not in str(refused(CONFIGURED, document(issuer=None)))


@pytest.mark.parametrize("code", ["status", "redirect"])
def test_a_document_that_is_found_nowhere_is_told_with_the_place_and_the_options(code: str) -> None:
    shown = str(told_with_the_place(CONFIGURED, FetchFailed(code, "status 404")))
    assert f"status 404 from {CONFIGURED.metadata_url}" in shown
    assert "metadata_url=" in shown
    assert "jwks_uri=" in shown


def test_a_realm_that_is_not_found_is_told_with_keycloaks_change_of_paths() -> None:
    """https://www.keycloak.org/docs/latest/upgrading/index.html (17.0.0)"""
    realm = Issuer("https://sso.example.com/auth/realms/shop")
    assert "'/auth'" in str(told_with_the_place(realm, FetchFailed("status", "status 404")))
    assert "'/auth'" not in str(told_with_the_place(CONFIGURED, FetchFailed("status", "status 404")))


def test_an_issuer_that_is_down_is_told_with_the_place_alone() -> None:
    told = told_with_the_place(CONFIGURED, FetchFailed("timeout", "no complete answer within 5 s"))
    assert told.code == "timeout"
    assert "jwks_uri=" not in str(told)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<html>", id="html"),
        pytest.param(b"[]", id="array"),
        pytest.param(b"null", id="null"),
        pytest.param(document()[:-5], id="truncated"),
        pytest.param(b'{"issuer": "https://issuer.test/tenant", ' + document()[1:], id="a-name-twice"),
        pytest.param(document(deep=[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]), id="too-deep"),
        pytest.param("\ufeff".encode() + document(), id="byte-order-mark"),
    ],
)
def test_what_is_no_strict_json_object_is_not_used(body: bytes) -> None:
    assert refused(CONFIGURED, body).code == "invalid"


def test_the_message_shows_what_was_expected_and_cuts_what_came() -> None:
    message = str(refused(CONFIGURED, document(issuer="https://evil.test/" + "x" * 10_000)))
    assert ISSUER in message
    assert len(message) < 500


@pytest.mark.parametrize(
    ("named", "read"),
    [
        ("https://issuer.test/token", "https://issuer.test/token"),
        ("https://elsewhere.test/token?p=1", "https://elsewhere.test/token?p=1"),
        ("http://issuer.test/token", ""),
        ("token", ""),
        (["https://issuer.test/token"], ""),
        (None, ""),
        (..., ""),
    ],
    ids=["https", "elsewhere", "http", "relative", "list", "null", "absent"],
)
def test_the_endpoints_are_told_where_they_can_be_used(named: Any, read: str) -> None:
    """Nothing here asks them: they are for documents that tell clients and people where to go."""
    body = document(token_endpoint=named, authorization_endpoint=named)

    assert read_endpoints(CONFIGURED, body) == Endpoints(read, read)
