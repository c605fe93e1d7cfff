"""https://learn.microsoft.com/azure/active-directory-b2c/client-credentials-grant-flow"""

from typing import Any, Final

import pytest

from bearerguard.testing import LocalIssuer
from support.plain_jwt import minted
from support.vendor_tokens import NOW, OPAQUE, TENANT, Kind, differences, header_of

APPLICATION: Final[dict[str, Any]] = {
    "iss": f"https://issuer.test/{TENANT}/v2.0/",
    "exp": NOW + 3600,
    "nbf": NOW,
    "aud": "api://orders",
    "azp": "reader",
    "ver": "1.0",
    "iat": NOW,
    "sub": OPAQUE,
    "scp": "Read.All",
}
USER: Final[dict[str, Any]] = {
    "iss": f"https://issuer.test/{TENANT}/v2.0/",
    "exp": NOW + 3600,
    "nbf": NOW,
    "aud": "api://orders",
    "azp": "reader",
    "ver": "1.0",
    "iat": NOW,
    "sub": "alice",
    "oid": "alice",
    "name": "alice",
    "emails": ["alice@contoso.example"],
    "tfp": "B2C_1_signin",
    "nonce": OPAQUE,
    "auth_time": NOW,
    "roles": ["Read.All"],
    "scp": "orders.read",
}
ID_TOKEN: Final[dict[str, Any]] = {
    "iss": f"https://issuer.test/{TENANT}/v2.0/",
    "exp": NOW + 3600,
    "nbf": NOW,
    "aud": "reader",
    "ver": "1.0",
    "iat": NOW,
    "sub": "alice",
    "oid": "alice",
    "name": "alice",
    "emails": ["alice@contoso.example"],
    "tfp": "B2C_1_signin",
    "nonce": OPAQUE,
    "auth_time": NOW,
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
    assert differences("azure_b2c", kind, documented) == {}


def test_the_headers_are_the_vendors() -> None:
    assert header_of("azure_b2c", "application") == {"typ": "JWT"}
    assert header_of("azure_b2c", "id_token") == {"typ": "JWT"}


def test_app_roles_of_an_application_are_in_scp() -> None:
    assert minted(LocalIssuer(shape="azure_b2c"), "writer")["scp"] == "Read.All Write.All"


def test_a_published_key_has_no_algorithm() -> None:
    assert "alg" not in LocalIssuer(shape="azure_b2c").jwks()["keys"][0]
