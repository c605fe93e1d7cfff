"""Keys that change while tokens are in use: the first token after a rotation succeeds."""

from collections.abc import Iterator

import anyio
import pytest

from bearerguard import AccessTokenError, Principal, ResourceServer
from bearerguard.testing import FakeClock, LocalIssuer
from support.outages import AUDIENCE, LONG, REFRESH_DUE, trusted
from support.servers import serve
from support.watch import Watch

pytestmark = [pytest.mark.anyio, pytest.mark.socket]
both = pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])


@pytest.fixture
def issuer() -> Iterator[LocalIssuer]:
    local = LocalIssuer(algorithm="ES256", clock=FakeClock())
    with serve(local) as base_url:
        local.move_to(base_url)
        yield local


async def all_accepted(server: ResourceServer, *tokens: str) -> None:
    """All these at the same time; a refusal fails the test."""
    accepted: list[Principal] = []

    async def request(token: str) -> None:
        accepted.append(await server.authenticate(token))

    async with anyio.create_task_group() as tasks:
        for token in tokens:
            tasks.start_soon(request, token)
    assert len(accepted) == len(tokens)


@both
@pytest.mark.parametrize("keep_old", [True, False], ids=["old-keys-stay", "old-keys-go"])
async def test_20_rotations_in_a_row_refuse_no_valid_token(issuer: LocalIssuer, keep_old: bool) -> None:
    server = ResourceServer(trusted(issuer), AUDIENCE, clock=FakeClock())
    valid = [issuer.mint(lifetime=LONG)]
    await all_accepted(server, *valid)
    issuer.requests.clear()
    for _ in range(20):
        issuer.rotate_keys(keep_old=keep_old)
        new = [issuer.mint(lifetime=LONG) for _ in range(5)]
        valid = [*valid, new[0]] if keep_old else [new[0]]
        await all_accepted(server, *new, *valid)
    assert dict(issuer.requests) == {"jwks": 20}


async def test_rotations_under_way_all_the_time_refuse_no_valid_token(issuer: LocalIssuer) -> None:
    """Tokens of the newest key come while the fetch for the last one is still under way."""
    server = ResourceServer(trusted(issuer), AUDIENCE, clock=FakeClock())
    issuer.slow(0.02, "jwks")
    accepted: list[Principal] = []

    async def request(token: str) -> None:
        accepted.append(await server.authenticate(token))

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            issuer.rotate_keys()
            for _ in range(3):
                tasks.start_soon(request, issuer.mint(lifetime=LONG))
            await anyio.sleep(0.005)  # the rotations must fall into fetches, wherever
    assert len(accepted) == 60


async def test_after_a_rotation_with_a_flood_the_new_key_is_found_within_the_spacing(issuer: LocalIssuer) -> None:
    clock = FakeClock()
    server = ResourceServer(trusted(issuer), AUDIENCE, clock=clock)
    await all_accepted(server, issuer.mint(lifetime=LONG))
    for number in range(50):
        await refused(server, issuer.mint(lifetime=LONG, header={"kid": f"x{number}"}))
        clock.advance(1.0)
    issuer.rotate_keys()
    clock.advance(30.0)
    await all_accepted(server, issuer.mint(lifetime=LONG))


async def refused(server: ResourceServer, token: str) -> None:
    with pytest.raises(AccessTokenError) as caught:
        await server.authenticate(token)
    assert caught.value.code == "unknown_key"


@both
async def test_a_withdrawn_key_stops_verifying_at_the_refresh_that_shows_it(issuer: LocalIssuer) -> None:
    """Tokens that were verified under it before are no exception."""
    watch, clock = Watch(), FakeClock()
    server = ResourceServer(trusted(issuer), AUDIENCE, clock=clock, on_event=watch)
    withdrawn = issuer.signing_key.kid
    old = issuer.mint(lifetime=LONG)
    await all_accepted(server, old)
    issuer.rotate_keys()
    issuer.withdraw(withdrawn)
    assert server.recall(old.encode()) is not None
    clock.advance(REFRESH_DUE)
    assert server.recall(old.encode()) is not None  # the refresh begins here
    await watch.until("keys_fetched", 2)
    assert server.recall(old.encode()) is None
    await refused(server, old)
    await all_accepted(server, issuer.mint(lifetime=LONG))


async def test_a_withdrawn_key_is_gone_after_idle_hours_although_a_fetch_had_failed(issuer: LocalIssuer) -> None:
    """An idle server fetches nothing: a failure of hours ago is no reason to trust a set that old."""
    watch, clock = Watch(), FakeClock()
    server = ResourceServer(trusted(issuer), AUDIENCE, clock=clock, on_event=watch)
    old, withdrawn = issuer.mint(lifetime=LONG), issuer.signing_key.kid
    await all_accepted(server, old)
    issuer.go_down("jwks")
    clock.advance(REFRESH_DUE)
    await all_accepted(server, old)
    await watch.until("keys_failed", 1)
    issuer.come_back()
    issuer.rotate_keys()
    issuer.withdraw(withdrawn)
    clock.advance(4 * 3600.0)
    await refused(server, old)


async def test_a_key_of_one_issuer_never_serves_another(issuer: LocalIssuer) -> None:
    """Not even under the same kid, and whichever was fetched first."""
    other = LocalIssuer(algorithm="ES256", clock=FakeClock())
    with serve(other) as base_url:
        other.move_to(base_url)
        server = ResourceServer([trusted(issuer), trusted(other)], AUDIENCE, clock=FakeClock())
        await all_accepted(server, issuer.mint(lifetime=LONG), other.mint(lifetime=LONG))
        for one, another in ((issuer, other), (other, issuer)):
            await refused(server, one.mint(lifetime=LONG, key=another.signing_key))
