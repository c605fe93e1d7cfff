"""https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference"""

from typing import Any, Final

import pytest

from bearerguard.testing import LocalIssuer
from support.vendor_tokens import NOW, OPAQUE, TENANT, Kind, differences, header_of

APPLICATION: Final[dict[str, Any]] = {
    "aud": "api://orders",
    "iss": f"https://{TENANT}.ciamlogin.com/{TENANT}/v2.0",
    "iat": NOW,
    "nbf": NOW,
    "exp": NOW + 3600,
    "aio": OPAQUE,
    "oid": OPAQUE,
    "rh": OPAQUE,
    "sub": OPAQUE,
    "tid": TENANT,
    "uti": OPAQUE,
    "xms_ftd": OPAQUE,
    "roles": ["Read.All"],
    "azp": "reader",
    "azpacr": "1",
    "ver": "2.0",
}
USER: Final[dict[str, Any]] = {
    "aud": "api://orders",
    "iss": f"https://{TENANT}.ciamlogin.com/{TENANT}/v2.0",
    "iat": NOW,
    "nbf": NOW,
    "exp": NOW + 3600,
    "aio": OPAQUE,
    "oid": "alice",
    "rh": OPAQUE,
    "sub": "alice",
    "tid": TENANT,
    "uti": OPAQUE,
    "xms_ftd": OPAQUE,
    "roles": ["Read.All"],
    "scp": "orders.read",
    "azp": "reader",
    "azpacr": "1",
    "ver": "2.0",
    "name": "alice",
    "sid": OPAQUE,
    "preferred_username": "alice@contoso.example",
}
ID_TOKEN: Final[dict[str, Any]] = {
    "iss": f"https://{TENANT}.ciamlogin.com/{TENANT}/v2.0",
    "iat": NOW,
    "nbf": NOW,
    "exp": NOW + 3600,
    "aio": OPAQUE,
    "rh": OPAQUE,
    "tid": TENANT,
    "uti": OPAQUE,
    "sub": "alice",
    "oid": "alice",
    "name": "alice",
    "sid": OPAQUE,
    "aud": "reader",
    "nonce": OPAQUE,
    "preferred_username": "alice@contoso.example",
    "ver": "2.0",
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
    assert differences("entra_external", kind, documented) == {}


def test_the_headers_are_the_vendors() -> None:
    assert header_of("entra_external", "application") == {"typ": "JWT"}
    assert header_of("entra_external", "id_token") == {"typ": "JWT"}


def test_keys_name_the_issuer_of_the_tenants_id() -> None:
    issuer = LocalIssuer("https://contoso.ciamlogin.com", shape="entra_external")

    assert issuer.jwks()["keys"][0]["issuer"] == f"https://{TENANT}.ciamlogin.com/{TENANT}/v2.0"
    assert issuer.jwks_uri == f"https://contoso.ciamlogin.com/{TENANT}/discovery/v2.0/keys"
