"""https://docs.duendesoftware.com/identityserver/tokens"""

from typing import Any, Final

import pytest

from bearerguard.testing import LocalIssuer
from support.plain_jwt import minted
from support.vendor_tokens import NOW, OPAQUE, Kind, differences, header_of

APPLICATION: Final[dict[str, Any]] = {
    "iss": "https://issuer.test",
    "nbf": NOW,
    "iat": NOW,
    "exp": NOW + 3600,
    "aud": "api://orders",
    "scope": ["orders.read"],
    "client_id": "reader",
    "jti": OPAQUE,
    "client_role": "Read.All",
}
USER: Final[dict[str, Any]] = {
    "iss": "https://issuer.test",
    "nbf": NOW,
    "iat": NOW,
    "exp": NOW + 3600,
    "aud": "api://orders",
    "scope": ["orders.read"],
    "client_id": "reader",
    "jti": OPAQUE,
    "sub": "alice",
    "auth_time": NOW,
    "idp": "local",
    "amr": ["pwd"],
    "sid": OPAQUE,
    "role": "Read.All",
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
    "idp": "local",
    "amr": ["pwd"],
    "nbf": NOW,
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
    assert differences("duende", kind, documented) == {}


def test_the_headers_are_the_vendors() -> None:
    assert header_of("duende", "application") == {"typ": "at+jwt"}
    assert header_of("duende", "id_token") == {"typ": "JWT"}


def test_several_roles_are_an_array() -> None:
    assert minted(LocalIssuer(shape="duende"), "writer")["client_role"] == ["Read.All", "Write.All"]
