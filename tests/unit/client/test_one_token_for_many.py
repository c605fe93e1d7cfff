"""Many requests at once: one token request, no failed request."""

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import anyio
import httpx
import pytest

from bearerguard import ClientCredentials
from bearerguard.testing import FakeClock, LocalIssuer
from support.servers import serve
from support.token_endpoint_stub import API, ENDPOINT, StubApi, StubEndpoint

BOTH = pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])


def credentials(endpoint: StubEndpoint, **settings: Any) -> ClientCredentials:
    return ClientCredentials(
        token_endpoint=ENDPOINT, client_id="billing", client_secret="hunter2", transport=endpoint.transport, **settings
    )


async def statuses(client: httpx.AsyncClient, count: int, **request: Any) -> Counter[int]:
    """Status codes of ``count`` requests sent at once."""
    seen: Counter[int] = Counter()

    async def get() -> None:
        seen[(await client.request("GET", API, **request)).status_code] += 1

    async with anyio.create_task_group() as tasks:
        for _ in range(count):
            tasks.start_soon(get)
    return seen


class ExpiringApi:
    """Judges tokens by the clock, without leeway, and lets ``at_request`` happen in the middle."""

    def __init__(self, clock: FakeClock, endpoint: StubEndpoint, lifetime: float) -> None:
        self.requests = 0
        self.refused = 0
        self.at_request: dict[int, Callable[[], None]] = {}
        self._clock = clock
        self._endpoint = endpoint
        self._lifetime = lifetime
        self._born: dict[str, float] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        self.at_request.get(self.requests, lambda: None)()
        token = request.headers["Authorization"].removeprefix("Bearer ")
        assert token in self._endpoint.issued
        if self._clock.monotonic() >= self._born.setdefault(token, self._clock.monotonic()) + self._lifetime:
            self.refused += 1
            return httpx.Response(401, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
        return httpx.Response(200)


class Meeting(httpx.AsyncBaseTransport):
    """An API that answers the first requests only when all of them have arrived."""

    def __init__(self, api: StubApi, expected: int) -> None:
        self._api = api
        self._expected = expected
        self._arrived = 0
        self._all_here = anyio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._arrived += 1
        if self._arrived == self._expected:
            self._all_here.set()
        await self._all_here.wait()
        return self._api(request)


@pytest.mark.anyio
@BOTH
async def test_200_parallel_requests_ask_for_one_token() -> None:
    api, endpoint = StubApi(), StubEndpoint()
    async with httpx.AsyncClient(transport=api.transport, auth=credentials(endpoint)) as client:
        assert await statuses(client, 200) == {200: 200}
    assert len(endpoint.requests) == 1
    assert set(api.tokens) == {"token-1"}


def test_200_threads_ask_for_one_token() -> None:
    api, endpoint = StubApi(), StubEndpoint()
    endpoint.hold = threading.Event()
    with httpx.Client(transport=api.transport, auth=credentials(endpoint)) as client:
        threads = [threading.Thread(target=client.get, args=[API]) for _ in range(200)]
        for thread in threads:
            thread.start()
        endpoint.hold.set()
        for thread in threads:
            thread.join(10)
    assert len(endpoint.requests) == 1
    assert api.tokens == ["token-1"] * 200


@pytest.mark.anyio
@BOTH
async def test_no_request_of_1000_fails_while_tokens_expire_one_after_the_other() -> None:
    """Time goes on by a second with each request, over three lifetimes and more; the renewals run
    beside them."""
    clock, endpoint = FakeClock(), StubEndpoint(expires_in=300)
    api = ExpiringApi(clock, endpoint, 300)
    async with httpx.AsyncClient(transport=httpx.MockTransport(api), auth=credentials(endpoint, clock=clock)) as client:
        for _ in range(1000):
            assert (await client.get(API)).status_code == 200
            clock.advance(1)
    assert 4 <= len(endpoint.requests) <= 6
    assert api.refused == 0, "a token is not sent in its last seconds"


@pytest.mark.anyio
@BOTH
async def test_no_request_of_1000_fails_when_the_token_expires_under_way() -> None:
    """The clock jumps over the end of the token's life while requests are in the air."""
    clock, endpoint = FakeClock(), StubEndpoint(expires_in=300)
    api = ExpiringApi(clock, endpoint, 300)
    api.at_request[500] = lambda: clock.advance(301)
    async with httpx.AsyncClient(transport=httpx.MockTransport(api), auth=credentials(endpoint, clock=clock)) as client:
        assert await statuses(client, 1000) == {200: 1000}
    assert len(endpoint.requests) == 2
    assert api.requests == 1000 + api.refused


@pytest.mark.anyio
@BOTH
async def test_a_revoked_token_costs_1000_requests_one_repetition_each_and_one_new_token() -> None:
    api, endpoint = StubApi(), StubEndpoint()
    api.revoked.add("token-1")
    async with httpx.AsyncClient(transport=Meeting(api, 1000), auth=credentials(endpoint)) as client:
        assert await statuses(client, 1000) == {200: 1000}
    assert Counter(api.tokens) == {"token-1": 1000, "token-2": 1000}
    assert len(endpoint.requests) == 2


@pytest.mark.anyio
@BOTH
async def test_a_cancelled_request_leaves_the_token_request_to_the_others() -> None:
    """The token request belongs to none of those who wait for it."""
    api, endpoint = StubApi(), StubEndpoint()
    endpoint.hold = threading.Event()
    async with httpx.AsyncClient(transport=api.transport, auth=credentials(endpoint)) as client:
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(client.get, API)
                await anyio.wait_all_tasks_blocked()
                scope.cancel()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(statuses, client, 50)
            await anyio.wait_all_tasks_blocked()
            endpoint.hold.set()
    assert len(endpoint.requests) == 1
    assert api.tokens == ["token-1"] * 50


@pytest.mark.anyio
@BOTH
async def test_an_api_that_refuses_every_token_costs_the_endpoint_a_few_requests_only() -> None:
    """A wrong audience must not become a storm."""
    endpoint = StubEndpoint()
    api = httpx.MockTransport(lambda _: httpx.Response(401, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}))
    async with httpx.AsyncClient(transport=api, auth=credentials(endpoint, clock=FakeClock())) as client:
        for _ in range(100):
            assert (await client.get(API)).status_code == 401
    assert len(endpoint.requests) <= 11


# --- over sockets


@pytest.mark.socket
@pytest.mark.parametrize("kind", [httpx.HTTPTransport, httpx.AsyncHTTPTransport], ids=["sync", "async"])
def test_a_transport_of_the_user_serves_one_token_request_after_the_other(kind: Callable[[], Any]) -> None:
    """Each runs on an event loop of its own; no connection may be left over from the one before."""
    issuer, clock = LocalIssuer(), FakeClock()
    with serve(issuer) as url:
        auth = ClientCredentials(
            token_endpoint=f"{url}/token",
            client_id="reader",
            client_secret="reader-secret",
            insecure_allow_http=True,
            transport=kind(),
            clock=clock,
        )
        for _ in range(3):
            auth.drop(auth.token_sync())
    assert issuer.requests["token"] == 3


@pytest.mark.socket
def test_two_event_loops_and_threads_share_one_token_over_sockets() -> None:
    """Synchronous and asynchronous clients, asyncio and trio, at once."""
    issuer = LocalIssuer()
    api = StubApi()
    with serve(issuer) as url:
        auth = ClientCredentials(
            token_endpoint=f"{url}/token", client_id="reader", client_secret="reader-secret", insecure_allow_http=True
        )
        issuer.slow(0.1, "token")

        async def many() -> None:
            async with httpx.AsyncClient(transport=api.transport, auth=auth) as client:
                assert await statuses(client, 50) == {200: 50}

        def one() -> None:
            with httpx.Client(transport=api.transport, auth=auth) as client:
                assert client.get(API).status_code == 200

        threads = [
            threading.Thread(target=lambda name: anyio.run(many, backend=name), args=[name]) for name in ("asyncio", "trio")
        ]
        threads += [threading.Thread(target=one) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert issuer.requests["token"] == 1
    assert len(api.tokens) == 120
    assert len(set(api.tokens)) == 1
