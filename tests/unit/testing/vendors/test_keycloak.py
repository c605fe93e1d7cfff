"""https://www.keycloak.org/docs/latest/server_admin/#_service_accounts"""

from typing import Any, Final

import pytest

from support.vendor_tokens import NOW, OPAQUE, Kind, differences, header_of

APPLICATION: Final[dict[str, Any]] = {
    "exp": NOW + 300,
    "iat": NOW,
    "iss": "https://issuer.test/realms/contoso",
    "aud": ["api://orders", "account"],
    "typ": "Bearer",
    "azp": "reader",
    "acr": "1",
    "allowed-origins": ["/*"],
    "realm_access": {"roles": ["default-roles-contoso", "offline_access", "uma_authorization"]},
    "resource_access": {
        "api://orders": {"roles": ["Read.All"]},
        "account": {"roles": ["manage-account", "manage-account-links", "view-profile"]},
    },
    "email_verified": False,
    "jti": OPAQUE,
    "sub": OPAQUE,
    "scope": "profile email orders.read",
    "clientHost": "192.0.2.7",
    "preferred_username": "service-account-reader",
    "clientAddress": "192.0.2.7",
    "client_id": "reader",
}
USER: Final[dict[str, Any]] = {
    "exp": NOW + 300,
    "iat": NOW,
    "iss": "https://issuer.test/realms/contoso",
    "aud": ["api://orders", "account"],
    "typ": "Bearer",
    "azp": "reader",
    "acr": "1",
    "allowed-origins": ["/*"],
    "realm_access": {"roles": ["default-roles-contoso", "offline_access", "uma_authorization"]},
    "resource_access": {
        "api://orders": {"roles": ["Read.All"]},
        "account": {"roles": ["manage-account", "manage-account-links", "view-profile"]},
    },
    "email_verified": False,
    "jti": OPAQUE,
    "auth_time": NOW,
    "sub": "alice",
    "sid": OPAQUE,
    "scope": "openid profile email orders.read",
    "name": "alice",
    "preferred_username": "alice",
    "email": "alice@contoso.example",
}
ID_TOKEN: Final[dict[str, Any]] = {
    "exp": NOW + 300,
    "iat": NOW,
    "auth_time": NOW,
    "jti": OPAQUE,
    "iss": "https://issuer.test/realms/contoso",
    "aud": "reader",
    "sub": "alice",
    "typ": "ID",
    "azp": "reader",
    "nonce": OPAQUE,
    "sid": OPAQUE,
    "at_hash": OPAQUE,
    "acr": "1",
    "email_verified": False,
    "name": "alice",
    "preferred_username": "alice",
    "email": "alice@contoso.example",
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
    assert differences("keycloak", kind, documented) == {}


def test_the_headers_are_the_vendors() -> None:
    assert header_of("keycloak", "application") == {"typ": "JWT"}
    assert header_of("keycloak", "id_token") == {"typ": "JWT"}
