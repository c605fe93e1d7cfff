"""AD FS: two issuers, and roles as text or array."""

import pytest

from bearerguard.testing import LocalIssuer
from support.plain_jwt import ask, get, minted, verified


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
