"""developers.cloudflare.com/cloudflare-one/identity/authorization-cookie/application-token"""

from typing import Any, Final

import pytest

from bearerguard.testing import LocalIssuer
from support.vendor_tokens import NOW, OPAQUE, Kind, differences, header_of

APPLICATION: Final[dict[str, Any]] = {
    "type": "app",
    "aud": ["api://orders"],
    "exp": NOW + 86_400,
    "iss": "https://issuer.test",
    "common_name": "reader",
    "iat": NOW,
    "sub": "",
    "custom": {"roles": ["Read.All"]},
}
USER: Final[dict[str, Any]] = {
    "aud": ["api://orders"],
    "email": "alice@contoso.example",
    "exp": NOW + 86_400,
    "iat": NOW,
    "nbf": NOW,
    "iss": "https://issuer.test",
    "type": "app",
    "identity_nonce": OPAQUE,
    "sub": "alice",
    "country": "US",
    "custom": {"roles": ["Read.All"]},
}
ID_TOKEN: Final[dict[str, Any]] = {
    "aud": ["api://orders"],
    "email": "alice@contoso.example",
    "exp": NOW + 86_400,
    "iat": NOW,
    "nbf": NOW,
    "iss": "https://issuer.test",
    "type": "org",
    "identity_nonce": OPAQUE,
    "sub": "alice",
    "country": "US",
    "custom": {"roles": ["Read.All"]},
}


@pytest.mark.parametrize(
    ("kind", "documented"),
    [
        pytest.param("application", APPLICATION, id="application"),
        pytest.param("user", USER, id="user"),
        pytest.param("id_token", ID_TOKEN, id="id_token"),
    ],
)
def test_a_token_holds_what_the_vendor_documents(kind: Kind, documented: dict[str, Any]) -> None:
    assert differences("cloudflare_access", kind, documented) == {}


def test_the_headers_are_the_vendors() -> None:
    assert header_of("cloudflare_access", "application") == {"typ": "JWT"}
    assert header_of("cloudflare_access", "id_token") == {"typ": "JWT"}


def test_there_is_a_key_set_and_no_metadata() -> None:
    issuer = LocalIssuer("https://contoso.cloudflareaccess.com", shape="cloudflare_access")

    assert issuer.metadata_url == ""
    assert issuer.jwks_uri == "https://contoso.cloudflareaccess.com/cdn-cgi/access/certs"
