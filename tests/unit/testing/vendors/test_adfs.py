"""learn.microsoft.com/windows-server/identity/ad-fs/development/ad-fs-openid-connect-oauth-concepts"""

from typing import Any, Final

import pytest

from bearerguard.testing import LocalIssuer
from support.plain_jwt import ask, get, minted, verified
from support.vendor_tokens import NOW, OPAQUE, Kind, differences, header_of

APPLICATION: Final[dict[str, Any]] = {
    "aud": "api://orders",
    "iss": "http://issuer.test/adfs/services/trust",
    "iat": NOW,
    "exp": NOW + 3600,
    "apptype": "Confidential",
    "appid": "reader",
    "ver": "1.0",
    "role": "Read.All",
}
USER: Final[dict[str, Any]] = {
    "aud": "api://orders",
    "iss": "http://issuer.test/adfs/services/trust",
    "iat": NOW,
    "exp": NOW + 3600,
    "apptype": "Confidential",
    "appid": "reader",
    "ver": "1.0",
    "role": "Read.All",
    "scp": "orders.read",
    "sub": "alice",
    "upn": "alice@contoso.example",
    "unique_name": "CONTOSO\\alice",
    "authmethod": "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
    "auth_time": "2026-01-01T12:00:00.000Z",
}
ID_TOKEN: Final[dict[str, Any]] = {
    "aud": "reader",
    "iss": "https://issuer.test/adfs",
    "iat": NOW,
    "exp": NOW + 3600,
    "apptype": "Confidential",
    "appid": "reader",
    "ver": "1.0",
    "sub": "alice",
    "upn": "alice@contoso.example",
    "unique_name": "CONTOSO\\alice",
    "authmethod": "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
    "auth_time": NOW,
    "nonce": OPAQUE,
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
    assert differences("adfs", kind, documented) == {}


def test_the_headers_are_the_vendors() -> None:
    assert header_of("adfs", "application") == {"typ": "JWT"}
    assert header_of("adfs", "id_token") == {"typ": "JWT"}


def test_several_roles_are_an_array() -> None:
    assert minted(LocalIssuer(shape="adfs"), "writer")["role"] == ["Read.All", "Write.All"]


@pytest.mark.anyio
async def test_the_metadata_names_another_issuer_than_the_tokens() -> None:
    issuer = LocalIssuer(shape="adfs")

    document = (await get(issuer, issuer.metadata_url)).json()

    assert document["issuer"] == "https://issuer.test/adfs"
    assert document["access_token_issuer"] == issuer.issuer == "http://issuer.test/adfs/services/trust"


@pytest.mark.anyio
@pytest.mark.parametrize("asked", [{"resource": "api://billing"}, {"scope": "api://billing/"}])
async def test_resource_or_scope_names_the_api(asked: dict[str, str]) -> None:
    issuer = LocalIssuer(shape="adfs", audience=["api://orders", "api://billing"])

    answer = await ask(issuer, {"grant_type": "client_credentials", **asked}, auth=("reader", "reader-secret"))

    assert verified(issuer, answer.json()["access_token"])["aud"] == "api://billing"
