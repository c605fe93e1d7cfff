"""A thousand issuers: each with its own state, and idle ones fetch nothing."""

from collections import Counter

import httpx
import pytest

from bearerguard import AccessTokenError, Issuer, IssuerUnavailable, ResourceServer
from bearerguard.testing import FakeClock, LocalIssuer
from support.outages import AUDIENCE, LONG, REFRESH_DUE
from support.watch import Watch

pytestmark = pytest.mark.anyio

COUNT = 1_000
NAMES = [f"https://issuer-{number}.test" for number in range(COUNT)]


class Sites:
    """All their key sets behind one transport."""

    def __init__(self) -> None:
        self.signer = LocalIssuer(algorithm="EdDSA", clock=FakeClock())
        self.asked: Counter[str] = Counter()
        self.down: set[str] = set()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        site = f"https://{request.url.host}"
        self.asked[site] += 1
        return httpx.Response(500) if site in self.down else httpx.Response(200, json=self.signer.jwks())

    def token(self, name: str, **header: str) -> str:
        return self.signer.mint(lifetime=LONG, claims={"iss": name}, header=header)


@pytest.fixture
def sites() -> Sites:
    return Sites()


def serving(sites: Sites, clock: FakeClock, watch: Watch | None = None) -> ResourceServer:
    issuers = [Issuer(name, jwks_uri=f"{name}/jwks") for name in NAMES]
    return ResourceServer(issuers, AUDIENCE, transport=httpx.MockTransport(sites), clock=clock, on_event=watch)


async def test_only_the_issuers_of_the_tokens_that_come_are_asked(sites: Sites) -> None:
    clock = FakeClock()
    server = serving(sites, clock)
    for _ in range(3):
        await server.authenticate(sites.token(NAMES[7]))
        await server.authenticate(sites.token(NAMES[999]))
    clock.advance(6 * 3600.0)
    await server.authenticate(sites.token(NAMES[7]))
    assert sites.asked == {NAMES[7]: 2, NAMES[999]: 1}


async def test_an_issuer_that_is_down_and_one_that_is_flooded_leave_the_others_alone(sites: Sites) -> None:
    clock, watch = FakeClock(), Watch()
    server = serving(sites, clock, watch)
    for name in NAMES[:4]:
        await server.authenticate(sites.token(name))
    sites.down = {NAMES[0], NAMES[5]}
    with pytest.raises(IssuerUnavailable):
        await server.authenticate(sites.token(NAMES[5]))
    for number in range(20):
        with pytest.raises(AccessTokenError):
            await server.authenticate(sites.token(NAMES[1], kid=f"x{number}"))
    assert sites.asked[NAMES[1]] == 2
    sites.signer.rotate_keys()
    await server.authenticate(sites.token(NAMES[2]))  # at once: the spacing is the flooded issuer's own
    clock.advance(REFRESH_DUE)
    await server.authenticate(sites.token(NAMES[3]))
    states = server.status()
    assert [state.ready for state in states[:7]] == [True, True, True, True, False, False, False]
    assert [bool(state.last_error) for state in states[:7]] == [False, False, False, False, False, True, False]


async def test_warming_up_asks_each_once(sites: Sites) -> None:
    server = serving(sites, FakeClock())
    await server.warm_up()
    await server.warm_up()
    assert sites.asked == dict.fromkeys(NAMES, 1)
    assert all(state.ready for state in server.status())
