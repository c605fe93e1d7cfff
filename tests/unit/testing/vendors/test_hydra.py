"""https://www.ory.sh/docs/oauth2-oidc/jwt-access-token"""

from typing import Any, Final

import pytest

from bearerguard.testing import LocalIssuer
from support.plain_jwt import ask, verified
from support.vendor_tokens import NOW, OPAQUE, Kind, differences, header_of

APPLICATION: Final[dict[str, Any]] = {
    "aud": ["api://orders"],
    "client_id": "reader",
    "exp": NOW + 3600,
    "ext": {"roles": ["Read.All"]},
    "iat": NOW,
    "iss": "https://issuer.test/",
    "jti": OPAQUE,
    "nbf": NOW,
    "scp": ["orders.read"],
    "sub": "reader",
}
USER: Final[dict[str, Any]] = {
    "aud": ["api://orders"],
    "client_id": "reader",
    "exp": NOW + 3600,
    "ext": {"roles": ["Read.All"]},
    "iat": NOW,
    "iss": "https://issuer.test/",
    "jti": OPAQUE,
    "nbf": NOW,
    "scp": ["orders.read"],
    "sub": "alice",
}
ID_TOKEN: Final[dict[str, Any]] = {
    "iss": "https://issuer.test/",
    "sub": "alice",
    "aud": ["reader"],
    "exp": NOW + 3600,
    "iat": NOW,
    "auth_time": NOW,
    "nonce": OPAQUE,
    "at_hash": OPAQUE,
    "sid": OPAQUE,
    "acr": "0",
    "amr": ["password"],
    "jti": OPAQUE,
    "rat": NOW,
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
    assert differences("hydra", kind, documented) == {}


def test_the_headers_are_the_vendors() -> None:
    assert header_of("hydra", "application") == {"typ": "JWT"}
    assert header_of("hydra", "id_token") == {"typ": "JWT"}


@pytest.mark.anyio
async def test_the_parameter_audience_names_the_api() -> None:
    issuer = LocalIssuer(shape="hydra", audience=["api://orders", "api://billing"])
    asked = {"audience": "api://billing", "scope": "orders.read"}

    answer = await ask(issuer, {"grant_type": "client_credentials", **asked}, auth=("reader", "reader-secret"))

    claims = verified(issuer, answer.json()["access_token"])
    assert (claims["aud"], claims["scp"]) == (["api://billing"], ["orders.read"])
