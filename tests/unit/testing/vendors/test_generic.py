"""RFC 9068 §2.2 (access tokens), OpenID Connect Core 1.0 §2 (ID tokens)"""

from typing import Any, Final

import pytest

from support.vendor_tokens import NOW, OPAQUE, Kind, differences, header_of

APPLICATION: Final[dict[str, Any]] = {
    "iss": "https://issuer.test",
    "exp": NOW + 3600,
    "aud": "api://orders",
    "sub": "reader",
    "client_id": "reader",
    "iat": NOW,
    "jti": OPAQUE,
    "scope": "orders.read",
    "roles": ["Read.All"],
}
USER: Final[dict[str, Any]] = {
    "iss": "https://issuer.test",
    "exp": NOW + 3600,
    "aud": "api://orders",
    "sub": "alice",
    "client_id": "reader",
    "iat": NOW,
    "jti": OPAQUE,
    "scope": "orders.read",
    "roles": ["Read.All"],
    "auth_time": NOW,
    "acr": "1",
    "amr": ["pwd"],
}
ID_TOKEN: Final[dict[str, Any]] = {
    "iss": "https://issuer.test",
    "sub": "alice",
    "aud": "reader",
    "exp": NOW + 3600,
    "iat": NOW,
    "auth_time": NOW,
    "nonce": OPAQUE,
    "at_hash": OPAQUE,
    "sid": OPAQUE,
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
    assert differences("generic", kind, documented) == {}


def test_the_headers_are_the_vendors() -> None:
    assert header_of("generic", "application") == {"typ": "at+jwt"}
    assert header_of("generic", "id_token") == {"typ": "JWT"}
