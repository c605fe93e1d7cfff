"""https://docs.goauthentik.io/add-secure-apps/providers/oauth2/"""

from typing import Any, Final

import pytest

from support.vendor_tokens import NOW, OPAQUE, Kind, differences, header_of

APPLICATION: Final[dict[str, Any]] = {
    "iss": "https://issuer.test/application/o/orders/",
    "sub": OPAQUE,
    "aud": "reader",
    "exp": NOW + 300,
    "iat": NOW,
    "auth_time": NOW,
    "acr": "goauthentik.io/providers/oauth2/default",
    "name": "ak-orders-client_credentials",
    "given_name": "ak-orders-client_credentials",
    "preferred_username": "ak-orders-client_credentials",
    "nickname": "ak-orders-client_credentials",
    "groups": ["Read.All"],
    "azp": "reader",
    "uid": OPAQUE,
}
USER: Final[dict[str, Any]] = {
    "iss": "https://issuer.test/application/o/orders/",
    "sub": "alice",
    "aud": "reader",
    "exp": NOW + 300,
    "iat": NOW,
    "auth_time": NOW,
    "acr": "goauthentik.io/providers/oauth2/default",
    "name": "alice",
    "given_name": "alice",
    "preferred_username": "alice",
    "nickname": "alice",
    "groups": ["Read.All"],
    "amr": ["pwd"],
    "nonce": OPAQUE,
    "sid": OPAQUE,
    "email": "alice@contoso.example",
    "email_verified": True,
    "azp": "reader",
    "uid": OPAQUE,
}
ID_TOKEN: Final[dict[str, Any]] = {
    "iss": "https://issuer.test/application/o/orders/",
    "sub": "alice",
    "aud": "reader",
    "exp": NOW + 300,
    "iat": NOW,
    "auth_time": NOW,
    "acr": "goauthentik.io/providers/oauth2/default",
    "name": "alice",
    "given_name": "alice",
    "preferred_username": "alice",
    "nickname": "alice",
    "groups": ["Read.All"],
    "amr": ["pwd"],
    "nonce": OPAQUE,
    "sid": OPAQUE,
    "email": "alice@contoso.example",
    "email_verified": True,
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
    assert differences("authentik", kind, documented) == {}


def test_the_headers_are_the_vendors() -> None:
    assert header_of("authentik", "application") == {"typ": "JWT"}
    assert header_of("authentik", "id_token") == {"typ": "JWT"}
