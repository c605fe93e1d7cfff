"""https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/#access-token"""

from typing import Any, Final

import pytest

from support.vendor_tokens import NOW, OPAQUE, Kind, differences, header_of

APPLICATION: Final[dict[str, Any]] = {
    "ver": 1,
    "jti": OPAQUE,
    "iss": "https://issuer.test/oauth2/default",
    "aud": "api://orders",
    "iat": NOW,
    "exp": NOW + 3600,
    "cid": "reader",
    "scp": ["orders.read"],
    "sub": "reader",
    "groups": ["Read.All"],
}
USER: Final[dict[str, Any]] = {
    "ver": 1,
    "jti": OPAQUE,
    "iss": "https://issuer.test/oauth2/default",
    "aud": "api://orders",
    "iat": NOW,
    "exp": NOW + 3600,
    "cid": "reader",
    "scp": ["openid", "profile", "orders.read"],
    "sub": "alice",
    "groups": ["Read.All"],
    "uid": OPAQUE,
    "auth_time": NOW,
}
ID_TOKEN: Final[dict[str, Any]] = {
    "sub": OPAQUE,
    "name": "alice",
    "email": "alice@contoso.example",
    "ver": 1,
    "iss": "https://issuer.test/oauth2/default",
    "aud": "reader",
    "iat": NOW,
    "exp": NOW + 3600,
    "jti": OPAQUE,
    "amr": ["pwd"],
    "idp": OPAQUE,
    "nonce": OPAQUE,
    "preferred_username": "alice@contoso.example",
    "auth_time": NOW,
    "at_hash": OPAQUE,
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
    assert differences("okta", kind, documented) == {}


def test_the_headers_are_the_vendors() -> None:
    assert header_of("okta", "application") == {}
    assert header_of("okta", "id_token") == {}
