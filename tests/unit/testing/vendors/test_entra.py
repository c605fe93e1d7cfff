"""https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference"""

from typing import Any, Final

import pytest

from bearerguard.testing import LocalIssuer
from support.plain_jwt import ask, minted, verified
from support.vendor_tokens import NOW, OPAQUE, TENANT, Kind, differences, header_of

CLIENT_ID_OF_API: Final = "2bfddaf4-0673-49a7-a615-2b6bb3acbf31"
V1_APPLICATION: Final[dict[str, Any]] = {
    "aud": "api://orders",
    "iss": f"https://sts.windows.net/{TENANT}/",
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
    "appid": "reader",
    "appidacr": "1",
    "idp": f"https://sts.windows.net/{TENANT}/",
    "ver": "1.0",
}
V1_USER: Final[dict[str, Any]] = {
    "aud": "api://orders",
    "iss": f"https://sts.windows.net/{TENANT}/",
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
    "appid": "reader",
    "appidacr": "1",
    "ver": "1.0",
    "name": "alice",
    "sid": OPAQUE,
    "amr": ["pwd"],
    "ipaddr": "192.0.2.7",
    "unique_name": "alice@contoso.example",
    "upn": "alice@contoso.example",
    "acr": "1",
}
V1_ID_TOKEN: Final[dict[str, Any]] = {
    "iss": f"https://sts.windows.net/{TENANT}/",
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
    "amr": ["pwd"],
    "ipaddr": "192.0.2.7",
    "unique_name": "alice@contoso.example",
    "upn": "alice@contoso.example",
    "ver": "1.0",
}
V2_APPLICATION: Final[dict[str, Any]] = {
    "aud": "api://orders",
    "iss": f"https://issuer.test/{TENANT}/v2.0",
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
V2_USER: Final[dict[str, Any]] = {
    "aud": "api://orders",
    "iss": f"https://issuer.test/{TENANT}/v2.0",
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
V2_ID_TOKEN: Final[dict[str, Any]] = {
    "iss": f"https://issuer.test/{TENANT}/v2.0",
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
    ("shape", "kind", "documented"),
    [
        pytest.param("entra_v1", "application", V1_APPLICATION, id="entra_v1-application"),
        pytest.param("entra_v1", "user", V1_USER, id="entra_v1-user"),
        pytest.param("entra_v1", "id_token", V1_ID_TOKEN, id="entra_v1-id_token"),
        pytest.param("entra_v2", "application", V2_APPLICATION, id="entra_v2-application"),
        pytest.param("entra_v2", "user", V2_USER, id="entra_v2-user"),
        pytest.param("entra_v2", "id_token", V2_ID_TOKEN, id="entra_v2-id_token"),
    ],
)
def test_a_token_holds_what_the_vendor_documents(shape: str, kind: Kind, documented: dict[str, Any]) -> None:
    assert differences(shape, kind, documented) == {}


def test_only_v1_headers_have_x5t() -> None:
    assert header_of("entra_v1", "application").keys() == {"typ", "x5t"}
    assert header_of("entra_v2", "application") == {"typ": "JWT"}


@pytest.mark.parametrize("shape", ["entra_v1", "entra_v2"])
def test_scp_is_in_the_tokens_of_users_alone(shape: str) -> None:
    issuer = LocalIssuer(shape=shape)

    assert "scp" not in minted(issuer, "writer")
    assert minted(issuer, "writer", user="alice")["scp"] == "orders.read orders.write"


@pytest.mark.parametrize("shape", ["entra_v1", "entra_v2"])
def test_a_published_key_has_no_algorithm(shape: str) -> None:
    assert "alg" not in LocalIssuer(shape=shape).jwks()["keys"][0]


def test_only_the_v2_key_set_names_the_issuer() -> None:
    issuer = LocalIssuer(shape="entra_v2")
    v2, v1 = issuer.documents

    assert issuer.jwks(v2)["keys"][0]["issuer"] == f"https://issuer.test/{TENANT}/v2.0"
    assert "issuer" not in issuer.jwks(v1)["keys"][0]


@pytest.mark.anyio
@pytest.mark.parametrize(("shape", "audience"), [("entra_v1", "api://orders"), ("entra_v2", CLIENT_ID_OF_API)])
async def test_a_v2_token_names_the_client_id_of_the_api_whatever_uri_was_asked_for(shape: str, audience: str) -> None:
    """``aud`` of learn.microsoft.com/entra/identity-platform/access-token-claims-reference."""
    issuer = LocalIssuer(shape=shape, audience=["api://orders", CLIENT_ID_OF_API])

    answer = await ask(issuer)

    assert verified(issuer, answer.json()["access_token"])["aud"] == audience
    assert minted(issuer)["aud"] == audience


def test_an_api_whose_client_id_is_not_known_gets_what_was_asked_for() -> None:
    assert minted(LocalIssuer(shape="entra_v2", audience="api://orders"))["aud"] == "api://orders"


def test_an_audience_that_a_test_asks_for_is_kept() -> None:
    issuer = LocalIssuer(shape="entra_v2", audience=["api://orders", CLIENT_ID_OF_API])

    assert minted(issuer, audience="api://orders")["aud"] == "api://orders"
