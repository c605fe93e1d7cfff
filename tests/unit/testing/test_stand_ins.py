"""Local issuers in the place of those that production trusts."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from bearerguard import (
    AccessTokenError,
    ClientCredentials,
    ConfigurationError,
    Introspection,
    IssuerUnavailable,
    ResourceServer,
    auth0,
    entra,
    keycloak,
    oidc,
)
from bearerguard.events import Event
from bearerguard.testing import FakeClock, LocalIssuer, StandIns, stand_in
from bearerguard.testing.shapes import SHAPES
from bearerguard.testing.stand_ins import server_of_every_shape

pytestmark = pytest.mark.anyio

TENANT = "808b7ce5-9924-441e-ae53-3e42fd8a6d43"


def _production() -> ResourceServer:
    return ResourceServer(
        [entra(TENANT), auth0("contoso.eu.auth0.com")],
        "api://orders",
        implied_roles={"ReadWrite.All": ["Read.All"]},
        transport=httpx.MockTransport(lambda _: httpx.Response(500)),
    )


async def _code(api: ResourceServer, token: str) -> str:
    try:
        await api.authenticate(token)
    except (AccessTokenError, IssuerUnavailable) as error:
        return error.code
    return "accepted"


@pytest.mark.parametrize("wrong", [None, "api", oidc("https://issuer.test")])
async def test_something_else_than_a_resource_server_is_named(wrong: Any) -> None:
    with pytest.raises(ConfigurationError) as caught, stand_in(wrong):
        pass
    assert caught.value.parameter == "bearerguard_server"

    with pytest.raises(ConfigurationError):
        StandIns(wrong, LocalIssuer())


async def test_tokens_count_inside_of_the_block_and_not_after_it() -> None:
    api = _production()
    with stand_in(api) as issuers:
        token = issuers.main.mint()
        assert await _code(api, token) == "accepted"

    assert await _code(api, token) == "issuer_unavailable"


async def test_an_error_inside_of_the_block_ends_it_too() -> None:
    api = _production()
    with pytest.raises(ZeroDivisionError), stand_in(api) as issuers:
        raise ZeroDivisionError

    assert await _code(api, issuers.main.mint()) == "issuer_unavailable"


async def test_what_was_verified_in_an_earlier_block_is_forgotten() -> None:
    api = _production()
    with stand_in(api) as issuers:
        token = issuers.main.mint()
        await api.authenticate(token)

    with stand_in(api) as issuers:
        assert api.recall(token.encode()) is None
        assert await _code(api, token) == "unknown_key"
        assert issuers.main.requests["jwks"] == 1


async def test_the_settings_of_production_stay() -> None:
    api = _production()

    with stand_in(api) as issuers:
        assert (await api.authenticate(issuers.main.mint(roles=["ReadWrite.All"]))).roles == {"ReadWrite.All", "Read.All"}
        assert await _code(api, issuers.main.mint(audience="api://billing")) == "wrong_audience"


async def test_events_still_reach_the_hook() -> None:
    events: list[Event] = []
    api = ResourceServer(entra(TENANT), "api://orders", on_event=events.append)

    with stand_in(api) as issuers:
        await api.authenticate(issuers.main.mint())

    assert [event.name for event in events] == ["keys_fetched", "token_accepted"]


async def test_a_clock_of_the_test_is_that_of_server_and_issuers() -> None:
    api, clock = _production(), FakeClock()

    with stand_in(api, clock=clock) as issuers:
        token = issuers.main.mint(lifetime=60)
        clock.advance(121)
        assert await _code(api, token) == "token_expired"


async def test_of_the_two_kinds_of_entra_v2_is_the_main_one() -> None:
    with stand_in(_production()) as issuers:
        assert (issuers.main.shape, issuers.issuer()) == ("entra_v2", issuers.main)


@pytest.mark.parametrize("shape", ["entra_v1", "entra_v2", "auth0"])
async def test_every_issuer_that_is_trusted_has_its_stand_in(shape: str) -> None:
    api = _production()

    with stand_in(api) as issuers:
        assert await _code(api, issuers.issuer(shape).mint()) == "accepted"


async def test_a_shape_that_is_not_trusted_is_named() -> None:
    with stand_in(_production()) as issuers, pytest.raises(ValueError, match="'okta'"):
        issuers.issuer("okta")


async def test_faults_of_the_main_issuer_are_those_of_all() -> None:
    api = _production()

    with stand_in(api, clock=FakeClock()) as issuers:
        issuers.main.go_down()
        assert await _code(api, issuers.issuer("auth0").mint()) == "issuer_unavailable"
        assert issuers.main.requests["metadata"] == 1


async def test_keys_of_the_main_issuer_are_those_of_all() -> None:
    api = _production()

    with stand_in(api) as issuers:
        kid = issuers.main.rotate_keys(keep_old=False)
        await api.authenticate(issuers.issuer("auth0").mint())

    assert issuers.issuer("auth0").signing_key.kid == kid


async def test_a_client_of_production_obtains_its_tokens_there() -> None:
    """The token endpoint is where the vendor's is."""
    api = _production()

    with stand_in(api) as issuers:
        client = ClientCredentials.entra(
            tenant_id=TENANT,
            client_id="writer",
            client_secret="writer-secret",
            resource="api://orders",
            transport=issuers.transport,
        )
        assert (await api.authenticate(await client.token())).roles == {"Read.All", "Write.All"}


async def test_a_tenant_that_does_not_exist_is_refused_as_the_vendor_does() -> None:
    with stand_in(_production()) as issuers:
        async with httpx.AsyncClient(transport=issuers.transport) as http:
            answer = await http.post("https://login.microsoftonline.com/nowhere/oauth2/v2.0/token")

    assert answer.json()["error_codes"] == [90002]


async def test_nobody_else_is_on_the_network() -> None:
    with stand_in(_production()) as issuers:
        async with httpx.AsyncClient(transport=issuers.transport) as http:
            with pytest.raises(httpx.ConnectError):
                await http.get("https://graph.microsoft.com/")


async def test_an_issuer_of_ones_own_takes_the_place_of_the_one_with_its_name() -> None:
    api = ResourceServer([oidc("https://issuer.contoso.example")], "api://orders")
    own = LocalIssuer("https://issuer.contoso.example", lifetime=7)

    with StandIns(api, own).in_place() as issuers:
        assert issuers.issuer("generic") is own
        assert await _code(api, own.mint()) == "accepted"


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_server_of_every_shape_takes_tokens_of_every_shape(shape: str) -> None:
    main = LocalIssuer(shape=shape, clock=FakeClock())
    server = server_of_every_shape(main)

    with StandIns(server, main).in_place() as issuers:
        codes = {other: await _code(server, issuers.issuer(other).mint()) for other in SHAPES}

    assert codes == dict.fromkeys(SHAPES, "accepted")


async def test_an_issuer_without_clients_has_a_server_of_every_shape_too() -> None:
    main = LocalIssuer(clients=())

    assert len(server_of_every_shape(main).issuers) > len(SHAPES)


async def test_an_issuer_of_a_shape_of_ones_own_is_trusted_as_any_other() -> None:
    own = replace(SHAPES["generic"], name="own")

    assert LocalIssuer(shape=own).trusted()[0].profile.name == "oidc"


# --- a server that asks about tokens


def _asking(issuers: Any = (), **settings: Any) -> ResourceServer:
    asked = Introspection(**{"client_id": "orders-api", "client_secret": "of production", **settings})
    nowhere = httpx.MockTransport(lambda _: httpx.Response(500))
    return ResourceServer(issuers, "api://orders", introspection=asked, transport=nowhere)


KEYCLOAK = keycloak("https://sso.example.com", realm="acme", client_id="orders-api")


@pytest.mark.parametrize(
    "api",
    [
        pytest.param(_asking(endpoint="https://issuer.example/introspect"), id="an endpoint alone"),
        pytest.param(_asking(endpoint="https://issuer.example/introspect", issuer="https://issuer.example"), id="and its issuer"),
        pytest.param(_asking(endpoint="https://issuer.example/introspect", issuer="acme"), id="an issuer that is no address"),
        pytest.param(_asking(issuer=KEYCLOAK), id="found in the metadata"),
        pytest.param(_asking([KEYCLOAK], issuer=KEYCLOAK), id="beside JWTs of the same issuer"),
        pytest.param(_asking([oidc("https://a.example")], issuer=KEYCLOAK), id="beside JWTs of another one"),
        pytest.param(_asking(issuer=KEYCLOAK, audience="api://own"), id="an audience of its own"),
        pytest.param(_asking([KEYCLOAK], issuer=KEYCLOAK, also_jwt=True), id="about JWTs, too"),
    ],
)
@pytest.mark.parametrize("opaque", [True, False])
async def test_a_local_issuer_is_asked_in_place_of_the_real_one(api: ResourceServer, opaque: bool) -> None:
    asked = api.connection.introspection
    assert asked is not None
    with stand_in(api) as issuers:
        audience = "api://own" if asked.audience else None
        is_asked = opaque or not api.issuers or asked.also_jwt
        issuer = issuers.issuer("keycloak") if is_asked and asked.named_issuer == KEYCLOAK.issuer else issuers.main
        token = issuer.mint(opaque=opaque, roles=["Read.All"], audience=audience)
        principal = await api.authenticate(token)
        assert principal.roles >= {"Read.All"}
        issuer.revoke(token)
        assert issuer.requests["introspection"] == int(is_asked)

    assert api.connection.introspection is asked
    assert await _code(api, token) != "accepted"


async def test_a_vendor_without_introspection_is_told() -> None:
    api = _asking(endpoint="https://issuer.example/introspect", issuer=entra(TENANT)[1])

    with pytest.raises(ConfigurationError) as caught, stand_in(api):
        pass

    assert caught.value.parameter == "introspection"


def test_listeners_measure_by_the_clock_that_counts() -> None:
    """By that of the stand-in within the block alone."""
    own, clock = FakeClock(), FakeClock()
    api = ResourceServer(entra(TENANT), "api://orders", clock=own)
    with stand_in(api, clock=clock):
        assert api.listeners.monotonic == clock.monotonic
    assert api.listeners.monotonic == own.monotonic
