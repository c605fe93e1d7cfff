"""A token that its issuer was asked about is no exception: the hook ``revoked=`` has the last word."""

import httpx
import pytest

from bearerguard import InvalidToken, ResourceServer
from bearerguard.revocation import Denylist
from bearerguard.testing import LocalIssuer
from support.introspected import AUDIENCE, settings


@pytest.mark.anyio
@pytest.mark.parametrize(("opaque", "also_jwt"), [(True, False), (False, False), (False, True)])
async def test_the_hook_is_asked_about_tokens_that_the_issuer_calls_active(opaque: bool, also_jwt: bool) -> None:
    issuer, denylist = LocalIssuer(), Denylist()
    introspection = settings(endpoint=issuer.introspection_endpoint, also_jwt=also_jwt)
    transport = httpx.ASGITransport(issuer)
    api = ResourceServer(issuer.trusted(), AUDIENCE, transport=transport, introspection=introspection, revoked=denylist)
    token = issuer.mint("writer", opaque=opaque)
    for _ in range(2):
        assert (await api.authenticate(token)).client_id == "writer"

    denylist.revoke(client_id="writer")

    with pytest.raises(InvalidToken) as raised:
        await api.authenticate(token)
    assert raised.value.code == "token_revoked"
