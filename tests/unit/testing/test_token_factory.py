"""The fixture ``access_token``."""

from collections.abc import Iterator

import pytest

from bearerguard import AccessTokenError, ResourceServer
from bearerguard.testing import AccessTokens, FakeClock, LocalIssuer, StandIns
from bearerguard.testing.shapes import SHAPES
from bearerguard.testing.stand_ins import server_of_every_shape

pytestmark = pytest.mark.anyio


@pytest.fixture
def issuers() -> Iterator[StandIns]:
    main = LocalIssuer(clock=FakeClock())
    with StandIns(server_of_every_shape(main), main).in_place() as stand_ins:
        yield stand_ins


@pytest.fixture
def api(issuers: StandIns) -> ResourceServer:
    return issuers.server


@pytest.fixture
def access_token(issuers: StandIns) -> AccessTokens:
    return AccessTokens(issuers)


async def test_a_token_that_nothing_was_asked_for_permits_nothing(api: ResourceServer, access_token: AccessTokens) -> None:
    principal = await api.authenticate(access_token())

    assert (principal.client_id, principal.roles, principal.scopes) == ("tests", frozenset(), frozenset())


async def test_what_was_asked_for_is_in_it(api: ResourceServer, access_token: AccessTokens) -> None:
    token = access_token(roles=["Read.All"], scopes=["orders.read"], client_id="billing", claims={"region": "eu"})

    principal = await api.authenticate(token)

    assert principal.roles == {"Read.All"}
    assert principal.scopes == {"orders.read"}
    assert (principal.client_id, principal.claims["region"]) == ("billing", "eu")


async def test_a_registered_client_has_its_own_roles(api: ResourceServer, access_token: AccessTokens) -> None:
    assert (await api.authenticate(access_token(client_id="writer"))).roles == {"Read.All", "Write.All"}
    assert (await api.authenticate(access_token(client_id="writer", roles=[]))).roles == frozenset()


async def test_a_users_token_is_no_applications(api: ResourceServer, access_token: AccessTokens) -> None:
    principal = await api.authenticate(access_token(user="alice", scopes=["orders.read"]))

    assert (principal.subject, principal.is_application) == ("alice", False)


@pytest.mark.parametrize("shape", sorted(SHAPES.keys() - {"zitadel", "authentik", "cloudflare_access"}))
async def test_every_shape_with_scopes_carries_roles_and_scopes(
    api: ResourceServer, access_token: AccessTokens, shape: str
) -> None:
    principal = await api.authenticate(access_token(shape=shape, roles=["Read.All"], scopes=["orders.read"]))

    assert "Read.All" in principal.roles
    assert "orders.read" in principal.scopes


async def test_an_unknown_shape_is_an_error(access_token: AccessTokens) -> None:
    with pytest.raises(ValueError, match="casdoor"):
        access_token(shape="casdoor")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        pytest.param({"lifetime": -3600}, "token_expired", id="lifetime"),
        pytest.param({"audience": "api://billing"}, "wrong_audience", id="audience"),
        pytest.param({"claims": {"exp": None}}, "missing_claim", id="claims"),
        pytest.param({"header": {"typ": "JWS"}}, "wrong_token_type", id="header"),
    ],
)
async def test_a_token_may_be_bad_on_purpose(
    api: ResourceServer, access_token: AccessTokens, options: dict[str, object], code: str
) -> None:
    with pytest.raises(AccessTokenError) as refused:
        await api.authenticate(access_token(**options))  # type: ignore[arg-type]
    assert refused.value.code == code


async def test_a_token_may_be_opaque(access_token: AccessTokens) -> None:
    assert "." not in access_token(roles=["Read.All"], opaque=True)
