"""``other_servers.py``: each server's tokens are accepted, and its ID tokens are not."""

import httpx
import pytest

from bearerguard import AccessTokenError, Issuer, ResourceServer
from bearerguard.testing import FakeClock, LocalClient, LocalIssuer
from support.sample_files import sample

pytestmark = pytest.mark.anyio

SERVERS = {
    "zitadel": "https://contoso.zitadel.cloud",
    "hydra": "https://hydra.example",
    "duende": "https://identity.example",
    "adfs": "https://adfs.example",
    "authentik": "https://authentik.example",
}


def _issuer(shape: str, clock: FakeClock) -> LocalIssuer:
    return LocalIssuer(SERVERS[shape], shape=shape, clock=clock, clients=[LocalClient("reader", "s3cret", roles=["Read.All"])])


def _api(shape: str, issuer: LocalIssuer, clock: FakeClock) -> ResourceServer:
    record: Issuer = getattr(sample("other_servers"), shape)
    return ResourceServer(record, "api://orders", transport=httpx.ASGITransport(issuer), clock=clock)


def test_every_server_of_the_sample_is_tested() -> None:
    records = {name for name, value in vars(sample("other_servers")).items() if type(value) is Issuer}

    assert records == set(SERVERS)


@pytest.mark.parametrize("shape", SERVERS)
async def test_its_access_tokens_are_accepted_with_their_roles(shape: str) -> None:
    issuer = _issuer(shape, clock := FakeClock())

    principal = await _api(shape, issuer, clock).authenticate(issuer.mint("reader"))

    assert principal.client_id == "reader"
    assert principal.roles == {"Read.All"}


@pytest.mark.parametrize("shape", SERVERS)
async def test_its_id_tokens_are_refused(shape: str) -> None:
    issuer = _issuer(shape, clock := FakeClock())

    token = issuer.mint_id_token("reader", user="alice", claims={"aud": ["api://orders", "reader"]})
    with pytest.raises(AccessTokenError) as refusal:
        await _api(shape, issuer, clock).authenticate(token)

    assert refusal.value.code in ("not_an_access_token", "missing_claim", "unknown_issuer")
