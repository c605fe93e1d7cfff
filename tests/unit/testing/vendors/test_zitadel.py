"""https://zitadel.com/docs/apis/openidoauth/claims"""

from typing import Any, Final

import pytest

from bearerguard.testing import LocalIssuer
from support.plain_jwt import ask
from support.vendor_tokens import NOW, OPAQUE, Kind, differences, header_of

APPLICATION: Final[dict[str, Any]] = {
    "iss": "https://issuer.test",
    "sub": OPAQUE,
    "aud": ["api://orders", "reader", "318838604669387014"],
    "exp": NOW + 43_200,
    "iat": NOW,
    "nbf": NOW,
    "client_id": "reader",
    "jti": OPAQUE,
    "urn:zitadel:iam:user:resourceowner:id": "318838541626507270",
    "urn:zitadel:iam:org:project:roles": {"Read.All": {"318838541626507270": "contoso.zitadel.cloud"}},
    "urn:zitadel:iam:org:project:318838604669387014:roles": {"Read.All": {"318838541626507270": "contoso.zitadel.cloud"}},
}
USER: Final[dict[str, Any]] = {
    "iss": "https://issuer.test",
    "sub": "alice",
    "aud": ["api://orders", "reader", "318838604669387014"],
    "exp": NOW + 43_200,
    "iat": NOW,
    "nbf": NOW,
    "client_id": "reader",
    "jti": OPAQUE,
    "urn:zitadel:iam:user:resourceowner:id": "318838541626507270",
    "urn:zitadel:iam:org:project:roles": {"Read.All": {"318838541626507270": "contoso.zitadel.cloud"}},
    "urn:zitadel:iam:org:project:318838604669387014:roles": {"Read.All": {"318838541626507270": "contoso.zitadel.cloud"}},
}
ID_TOKEN: Final[dict[str, Any]] = {
    "iss": "https://issuer.test",
    "sub": "alice",
    "aud": ["reader", "318838604669387014"],
    "exp": NOW + 43_200,
    "iat": NOW,
    "auth_time": NOW,
    "nonce": OPAQUE,
    "at_hash": OPAQUE,
    "sid": OPAQUE,
    "amr": ["pwd"],
    "azp": "reader",
    "client_id": "reader",
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
    assert differences("zitadel", kind, documented) == {}


def test_the_headers_are_the_vendors() -> None:
    assert header_of("zitadel", "application") == {"typ": "JWT"}
    assert header_of("zitadel", "id_token") == {"typ": "JWT"}


@pytest.mark.anyio
async def test_a_request_without_the_scope_openid_is_refused() -> None:
    """https://zitadel.com/docs/guides/integrate/service-users/client-credentials"""
    issuer = LocalIssuer(shape="zitadel")

    answer = await ask(issuer, {"grant_type": "client_credentials"}, auth=("reader", "reader-secret"))

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
