"""An API trusts a local issuer by the presets that trust the real one."""

from typing import Any

import httpx
import pytest

from bearerguard import AccessTokenError, ResourceServer, application, delegated
from bearerguard.issuers.issuer import Issuer
from bearerguard.testing import Directory, FakeClock, LocalIssuer
from bearerguard.testing.shapes import SHAPES

pytestmark = pytest.mark.anyio
# their tokens do not say whether they are an application's own
UNTOLD = ("adfs", "authentik", "zitadel")
DIRECTORY = Directory(
    tenant_id="8f3c1d52-0b6e-4c49-9d55-2f1f6a0f3b11",
    tenant_name="fabrikam",
    policy="B2C_1A_SignIn",
    realm="shop",
    region="us-east-1",
    user_pool_id="us-east-1_AbCdEf123",
    authorization_server="aus1abcd",
)


def _api(issuer: LocalIssuer, clock: FakeClock, **settings: Any) -> ResourceServer:
    return ResourceServer(issuer.trusted(**settings), "api://orders", transport=httpx.ASGITransport(issuer), clock=clock)


@pytest.mark.parametrize("shape", SHAPES)
async def test_an_applications_token_is_accepted_with_its_roles(shape: str) -> None:
    issuer = LocalIssuer(shape=shape, clock=(clock := FakeClock()))

    principal = await _api(issuer, clock).authenticate(issuer.mint("writer"))

    assert {"Read.All", "Write.All"} <= principal.roles
    assert (principal.client_id, principal.is_application) == ("writer", shape not in UNTOLD)


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_users_token_is_accepted_as_one(shape: str) -> None:
    issuer = LocalIssuer(shape=shape, clock=(clock := FakeClock()))

    principal = await _api(issuer, clock).authenticate(issuer.mint("writer", user="alice"))

    assert (principal.subject, principal.is_application) == ("alice", False)
    assert {"Read.All", "Write.All"} <= principal.roles
    assert {"orders.read", "orders.write"} <= principal.scopes or "user" not in issuer.vendor.scopes_of


@pytest.mark.parametrize("shape", SHAPES)
async def test_application_and_delegated_are_never_both_met(shape: str) -> None:
    issuer = LocalIssuer(shape=shape, clock=(clock := FakeClock()))
    api = _api(issuer, clock)

    machine = await api.authenticate(issuer.mint("writer"))
    user = await api.authenticate(issuer.mint("writer", user="alice"))

    assert (application().permits(machine), delegated().permits(machine)) == (shape not in UNTOLD, False)
    assert (application().permits(user), delegated().permits(user)) == (False, "user" in issuer.vendor.scopes_of)


@pytest.mark.parametrize("shape", SHAPES)
async def test_an_id_token_is_refused_even_by_an_api_that_accepts_the_client_as_its_audience(shape: str) -> None:
    """RFC 8725 §3.12: the same keys sign both kinds."""
    issuer = LocalIssuer(shape=shape, clock=(clock := FakeClock()))
    audience = ["api://orders", *issuer.clients]
    api = ResourceServer(issuer.trusted(), audience, transport=httpx.ASGITransport(issuer), clock=clock)
    assert await api.authenticate(issuer.mint())

    with pytest.raises(AccessTokenError) as caught:
        await api.authenticate(issuer.mint_id_token())

    assert caught.value.code in ("not_an_access_token", "missing_claim", "unknown_issuer")


@pytest.mark.parametrize("shape", SHAPES)
async def test_names_of_another_customer_fit_together(shape: str) -> None:
    issuer = LocalIssuer(shape=shape, directory=DIRECTORY, clock=(clock := FakeClock()))

    assert (await _api(issuer, clock).authenticate(issuer.mint())).client_id == "reader"


@pytest.mark.parametrize("shape", SHAPES)
async def test_one_configuration_takes_v1_and_v2_tokens_and_what_else_a_vendor_sends(shape: str) -> None:
    issuer = LocalIssuer(shape=shape)

    assert issuer.issuer in [trusted.issuer for trusted in issuer.trusted()]


@pytest.mark.parametrize("shape", SHAPES)
async def test_plain_http_is_allowed_on_loopback_and_there_alone(shape: str) -> None:
    on_loopback = LocalIssuer("http://127.0.0.1:9000", shape=shape).trusted()
    elsewhere = LocalIssuer(shape=shape).trusted()

    assert all(trusted.insecure_allow_http for trusted in on_loopback)
    assert not any(trusted.insecure_allow_http for trusted in elsewhere)


async def test_settings_of_the_preset_are_handed_on() -> None:
    trusted: Issuer = LocalIssuer().trusted(require_at_jwt=True, algorithms=["ES256"])[0]

    assert (trusted.require_at_jwt, tuple(trusted.algorithms)) == (True, ("ES256",))


async def test_the_first_token_after_a_rotation_is_accepted() -> None:
    issuer = LocalIssuer(clock=(clock := FakeClock()))
    api = _api(issuer, clock)
    await api.authenticate(issuer.mint())
    clock.advance(60)

    issuer.rotate_keys(keep_old=False)

    assert (await api.authenticate(issuer.mint())).client_id == "reader"
