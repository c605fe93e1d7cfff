"""https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles"""

from typing import Any, Final

import pytest

from support.vendor_tokens import NOW, OPAQUE, Kind, differences, header_of

APPLICATION: Final[dict[str, Any]] = {
    "iss": "https://issuer.test/",
    "sub": "reader@clients",
    "aud": "api://orders",
    "iat": NOW,
    "exp": NOW + 86_400,
    "gty": "client-credentials",
    "azp": "reader",
    "permissions": ["Read.All"],
    "scope": "Read.All orders.read",
}
USER: Final[dict[str, Any]] = {
    "iss": "https://issuer.test/",
    "sub": "alice",
    "aud": ["api://orders", "https://issuer.test/userinfo"],
    "iat": NOW,
    "exp": NOW + 86_400,
    "azp": "reader",
    "permissions": ["Read.All"],
    "scope": "openid profile email orders.read",
}
ID_TOKEN: Final[dict[str, Any]] = {
    "nickname": "alice",
    "name": "alice",
    "picture": OPAQUE,
    "updated_at": "2026-01-01T12:00:00.000Z",
    "email": "alice@contoso.example",
    "email_verified": True,
    "iss": "https://issuer.test/",
    "aud": "reader",
    "sub": "alice",
    "iat": NOW,
    "exp": NOW + 86_400,
    "sid": OPAQUE,
    "nonce": OPAQUE,
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
    assert differences("auth0", kind, documented) == {}


def test_the_headers_are_the_vendors() -> None:
    assert header_of("auth0", "application") == {"typ": "JWT"}
    assert header_of("auth0", "id_token") == {"typ": "JWT"}
