"""https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference"""

from typing import Final

import pytest

from bearerguard.testing import LocalIssuer
from support.plain_jwt import ask, minted, verified

TENANT: Final = "11111111-2222-3333-4444-555555555555"
CLIENT_ID_OF_API: Final = "2bfddaf4-0673-49a7-a615-2b6bb3acbf31"


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
