"""``issuers.py`` and ``clients.py``: each line works with the issuer it names, which a local one replaces."""

import runpy
from typing import Any, Final

import pytest

import bearerguard
from bearerguard import ClientCredentials, ResourceServer
from bearerguard.testing import AccessTokens, FakeClock, stand_in
from support.sample_files import SAMPLES, sample

pytestmark = pytest.mark.anyio

APIS: Final[dict[str, ResourceServer]] = {
    name: value for name, value in vars(sample("issuers")).items() if isinstance(value, ResourceServer)
}


@pytest.mark.parametrize("name", APIS)
async def test_each_api_takes_the_tokens_of_its_issuer(name: str) -> None:
    nested: dict[str, Any] = {"realm": {"roles": ["Read.All"]}} if name == "of_any_other" else {}

    with stand_in(APIS[name], clock=FakeClock()) as issuers:
        principal = await APIS[name].authenticate(AccessTokens(issuers)(roles=["Read.All"], claims=nested))

    assert "Read.All" in principal.roles


@pytest.mark.parametrize("vendor", ["entra", "auth0", "keycloak", "okta"])
async def test_each_client_gets_a_token_of_its_issuer(vendor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIENT_ID", "reader")
    monkeypatch.setenv("CLIENT_SECRET", "reader-secret")

    with stand_in(APIS[f"of_{vendor}"]) as issuers:

        class Local(ClientCredentials):
            def __init__(self, **options: Any) -> None:
                super().__init__(**options | {"transport": issuers.transport})

        monkeypatch.setattr(bearerguard, "ClientCredentials", Local)
        client: ClientCredentials = runpy.run_path(str(SAMPLES / "clients.py"))[f"at_{vendor}"]
        principal = await APIS[f"of_{vendor}"].authenticate(await client.token())

    assert principal.client_id == "reader"


def test_every_client_of_the_sample_is_tested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIENT_ID", "reader")
    monkeypatch.setenv("CLIENT_SECRET", "reader-secret")
    clients = {name for name, value in vars(sample("clients")).items() if isinstance(value, ClientCredentials)}

    assert clients == {"at_entra", "at_auth0", "at_keycloak", "at_okta"}
