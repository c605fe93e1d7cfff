"""What a readiness probe sees."""

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Mount, Route

from bearerguard import AccessTokenMiddleware, ConfigurationError, Issuer, ResourceServer
from bearerguard.testing import FakeClock, LocalIssuer
from bearerguard.web.readiness import readiness

pytestmark = pytest.mark.anyio
both = pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])

JWKS_URI = "https://issuer.test/jwks"
DAY = 86_400.0


class Site:
    """Two issuers and the API that trusts them."""

    def __init__(self) -> None:
        self.issuer = LocalIssuer(algorithm="EdDSA", clock=FakeClock())
        self.clock = FakeClock()
        self.down: set[str] = set()
        self.asked: list[str] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.host)
        return httpx.Response(500) if request.url.host in self.down else httpx.Response(200, json=self.issuer.jwks())

    def server(self, *names: str) -> ResourceServer:
        issuers = [Issuer(f"https://{name}.test", jwks_uri=f"https://{name}.test/jwks") for name in names]
        return ResourceServer(issuers, "api://orders", transport=httpx.MockTransport(self.answer), clock=self.clock)


@pytest.fixture
def site() -> Site:
    return Site()


async def asked(endpoint: Callable[..., Awaitable[Response]], server: ResourceServer, path: str = "/ready") -> httpx.Response:
    """One probe, without a token, of an application that refuses everything undeclared; then the background has its turn."""
    guard = Middleware(AccessTokenMiddleware, resource_server=server)
    app = Starlette(routes=[Route("/ready", endpoint), Mount("/in", routes=[Route("/ready", endpoint)])], middleware=[guard])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api.test") as client:
        answer = await client.get(path)
    for _ in range(50):
        await anyio.lowlevel.checkpoint()
    return answer


@both
async def test_an_instance_becomes_ready_by_being_asked(site: Site) -> None:
    server = site.server("a")
    probe = readiness(server)
    first = await asked(probe, server)
    assert (first.status_code, first.headers["retry-after"]) == (503, "1")
    assert (await asked(probe, server)).status_code == 200
    assert (await asked(probe, server, "/in/ready")).status_code == 200
    assert site.asked == ["a.test"]


async def test_the_body_is_the_status_of_each_issuer(site: Site) -> None:
    server = site.server("a", "b")
    await server.warm_up()
    site.clock.advance(12.34567)
    answer = await asked(readiness(server), server)
    body: dict[str, Any] = answer.json()
    assert body["ready"] is True
    assert [state["next_fetch_in"] > 400 for state in body["issuers"]] == [True, True]
    kid = site.issuer.signing_key.kid
    expected = {"ready": True, "keys": [kid], "age": 12.346, "last_error": ""}
    for name, state in zip("ab", body["issuers"], strict=True):
        assert {**state, **expected} == state
        assert state["issuer"] == f"https://{name}.test"
    assert answer.headers["cache-control"] == "no-store"


async def test_an_instance_without_keys_tells_why_and_when_to_ask_again(site: Site) -> None:
    site.down = {"a.test"}
    server = site.server("a")
    await server.warm_up()
    answer = await asked(readiness(server), server)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] in {"1", "2"}
    (state,) = answer.json()["issuers"]
    assert (state["ready"], state["keys"], state["age"], state["last_error"]) == (False, [], None, "status 500")


@both
async def test_probes_ask_the_issuer_no_more_often_than_the_back_off_allows_and_then_it_heals(site: Site) -> None:
    site.down = {"a.test"}
    server = site.server("a")
    probe = readiness(server)
    for _ in range(10):
        assert (await asked(probe, server)).status_code == 503
    assert len(site.asked) == 1
    site.down.clear()
    site.clock.advance(1.2)
    await asked(probe, server)
    assert (await asked(probe, server)).status_code == 200


@both
async def test_a_probe_does_not_wait_for_the_issuer(site: Site) -> None:
    begun = 0

    async def hang(_request: httpx.Request) -> httpx.Response:
        nonlocal begun
        begun += 1
        await anyio.sleep_forever()
        raise AssertionError

    issuer = Issuer("https://issuer.test", jwks_uri=JWKS_URI)
    server = ResourceServer(issuer, "api://orders", transport=httpx.MockTransport(hang))
    probe = readiness(server)
    with anyio.fail_after(4.5):  # a fetch may take 5 s
        for _ in range(5):
            assert (await asked(probe, server)).status_code == 503
    assert begun == 1
    await server.aclose()


@pytest.mark.parametrize(("every_issuer", "status"), [(True, 503), (False, 200)])
async def test_one_issuer_of_several_may_be_enough(site: Site, every_issuer: bool, status: int) -> None:
    site.down = {"b.test"}
    server = site.server("a", "b")
    await server.warm_up()
    answer = await asked(readiness(server, every_issuer=every_issuer), server)
    assert (answer.status_code, answer.json()["ready"]) == (status, status == 200)


async def test_no_issuer_is_not_enough(site: Site) -> None:
    site.down = {"a.test", "b.test"}
    server = site.server("a", "b")
    assert (await asked(readiness(server, every_issuer=False), server)).status_code == 503


async def test_kept_keys_are_ready_for_24_hours_and_idle_days_end_no_readiness(site: Site) -> None:
    server = site.server("a")
    await server.warm_up()
    probe = readiness(server)
    for _ in range(5 * 24):
        site.clock.advance(3600.0)
        assert (await asked(probe, server)).status_code == 200
    assert len(site.asked) == 1 + 10  # each half day of nothing but probes
    site.down = {"a.test"}
    site.clock.advance(DAY)
    assert (await asked(probe, server)).status_code == 503


async def test_details_can_be_left_out(site: Site) -> None:
    server = site.server("a")
    await server.warm_up()
    assert (await asked(readiness(server, details=False), server)).json() == {"ready": True}


async def test_static_keys_are_ready_at_once(site: Site) -> None:
    server = ResourceServer(Issuer("https://issuer.test", jwks=site.issuer.jwks()), "api://orders")
    answer = await asked(readiness(server), server)
    assert answer.status_code == 200
    assert answer.json()["issuers"][0]["next_fetch_in"] is None


def test_something_else_than_a_resource_server_is_named() -> None:
    with pytest.raises(ConfigurationError) as caught:
        readiness(Issuer("https://issuer.test"))  # type: ignore[arg-type]
    assert caught.value.parameter == "resource_server"


@both
async def test_issuers_that_are_trusted_from_now_on_are_waited_for(site: Site, anyio_backend: str) -> None:
    server = site.server("one")
    endpoint = readiness(server)
    await server.warm_up()
    assert (await asked(endpoint, server)).status_code == 200

    server.reconfigure(issuers=[Issuer(f"https://{name}.test", jwks_uri=f"https://{name}.test/jwks") for name in ("one", "two")])
    answer = await asked(endpoint, server)

    assert [state["issuer"] for state in answer.json()["issuers"]] == ["https://one.test", "https://two.test"]
    assert answer.status_code == 503
    assert (await asked(endpoint, server)).status_code == 200, "the probe had the keys fetched"
