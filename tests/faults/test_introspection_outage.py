"""An introspection endpoint on a real socket that hangs, goes away and comes back, and an API with many callers at once."""

import json
import logging
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import anyio
import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bearerguard import AccessTokenMiddleware, Introspection, IssuerUnavailable, ResourceServer, requires, role
from bearerguard.errors import Refusal
from bearerguard.testing import FakeClock, LocalIssuer
from support.introspected import AUDIENCE, GOOD, NOW, OPAQUE
from support.raw_server import Behaviour, RawServer, answering, closing_at_once, hanging, json_answer, raw_server, resetting

pytestmark = [pytest.mark.anyio, pytest.mark.socket]
BOTH: Final = pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
WELL: Final = json_answer(json.dumps(GOOD).encode())
ECHO: Final = answering(b"HTTP/1.1 500 \r\ncontent-length: 22\r\n\r\n" + OPAQUE.encode())
SECRET: Final = "hunter2"
SHORT: Final = 0.3
"""Seconds that a question may take where the endpoint hangs anyway."""
LONG: Final = 30.0
"""Seconds in which it is answered on the busiest machine, or else the drill fails."""
AFTER_THE_BACK_OFF: Final = 2.0


@pytest.fixture
def endpoint() -> Iterator[RawServer]:
    with raw_server(WELL) as running:
        yield running


@contextmanager
def _asking(endpoint: RawServer, clock: FakeClock, timeout: float = LONG) -> Iterator[ResourceServer]:
    url = endpoint.url.replace("/jwks", "/introspect")
    asked = Introspection(url, client_id="reader", client_secret=f"secret-{SECRET}", timeout=timeout, insecure_allow_http=True)
    yield ResourceServer(audience=AUDIENCE, introspection=asked, clock=clock)


async def _outcomes(api: ResourceServer, tokens: list[str]) -> Counter[str]:
    """How many of these requests, all sent at once, came to which end."""
    found: Counter[str] = Counter()

    async def call(token: str) -> None:
        try:
            await api.authenticate(token)
        except Refusal as refusal:
            found[refusal.code] += 1
        else:
            found["served"] += 1

    async with anyio.create_task_group() as tasks:
        for token in tokens:
            tasks.start_soon(call, token)
    return found


@requires(role("Read.All"))
async def _orders(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("served")


async def test_two_hundred_first_requests_of_one_token_ask_once_and_are_all_served(issuer: LocalIssuer) -> None:
    issuer.requests.clear()
    asked = Introspection(
        issuer.introspection_endpoint,
        client_id="reader",
        client_secret="reader-secret",
        timeout=LONG,
        insecure_allow_http=True,
    )
    api = ResourceServer(issuer.trusted(), AUDIENCE, introspection=asked)
    app = Starlette(routes=[Route("/orders", _orders)], middleware=[Middleware(AccessTokenMiddleware, resource_server=api)])
    headers = {"Authorization": f"Bearer {issuer.mint(opaque=True)}"}
    statuses: list[int] = []

    async def call(client: httpx.AsyncClient) -> None:
        statuses.append((await client.get("/orders", headers=headers)).status_code)

    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://api.test")
    async with client, anyio.create_task_group() as tasks:
        for _ in range(200):
            tasks.start_soon(call, client)

    assert statuses == [200] * 200
    assert issuer.requests["introspection"] == 1


@BOTH
async def test_an_endpoint_that_hangs_holds_one_connection_for_a_token_and_nobody_after_that(endpoint: RawServer) -> None:
    with _asking(endpoint, clock := FakeClock(NOW)) as api:
        await api.authenticate(OPAQUE)  # remembered
    with _asking(endpoint, clock, SHORT) as hasty:
        endpoint.behave(hanging)
        before = endpoint.connections

        assert await _outcomes(hasty, ["new"] * 50) == {"issuer_unavailable": 50}
        assert await _outcomes(hasty, [f"later-{number}" for number in range(50)]) == {"issuer_unavailable": 50}
        assert endpoint.connections <= before + 1
    assert await _outcomes(api, [OPAQUE] * 50) == {"served": 50}


@BOTH
async def test_many_tokens_at_a_hanging_endpoint_take_no_more_places_than_there_are(endpoint: RawServer) -> None:
    endpoint.behave(hanging)
    with _asking(endpoint, FakeClock(NOW), SHORT) as api:
        assert await _outcomes(api, [f"new-{number}" for number in range(200)]) == {"issuer_unavailable": 200}
    assert endpoint.connections <= 40


@pytest.mark.parametrize("fault", [hanging, closing_at_once, resetting])
async def test_an_endpoint_that_is_well_again_is_asked_again(endpoint: RawServer, fault: object) -> None:
    endpoint.behave(fault)  # type: ignore[arg-type]
    with _asking(endpoint, clock := FakeClock(NOW), SHORT if fault is hanging else LONG) as api:
        with pytest.raises(IssuerUnavailable) as caught:
            await api.authenticate(OPAQUE)
        assert 1 <= caught.value.retry_after <= 2

        endpoint.behave(WELL)
        with pytest.raises(IssuerUnavailable):
            await api.authenticate(OPAQUE)  # not before it is due
        clock.advance(AFTER_THE_BACK_OFF)

        for _ in range(20):  # with so short a limit, a busy machine may need another try
            if await _outcomes(api, [OPAQUE]) == {"served": 1}:
                break
            clock.advance(120.0)
        assert await _outcomes(api, [OPAQUE]) == {"served": 1}


@BOTH
async def test_closing_does_not_wait_for_an_endpoint_that_hangs(endpoint: RawServer) -> None:
    endpoint.behave(hanging)
    with _asking(endpoint, FakeClock(NOW)) as api, anyio.fail_after(LONG / 2):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_outcomes, api, [OPAQUE] * 10)
            while not endpoint.connections:  # noqa: ASYNC110  a thread counts them
                await anyio.sleep(0.001)
            await api.aclose()


@pytest.mark.parametrize(
    "behaviour", [WELL, resetting, answering(b"HTTP/1.1 500 \r\ncontent-length: 22\r\n\r\n" + OPAQUE.encode())]
)
async def test_no_library_below_logs_token_or_credential(
    endpoint: RawServer, behaviour: Behaviour, caplog: pytest.LogCaptureFixture
) -> None:
    """httpcore tells each step at DEBUG, and asyncio and anyio may."""
    caplog.set_level(logging.DEBUG)
    endpoint.behave(behaviour)
    with _asking(endpoint, FakeClock(NOW)) as api:
        await _outcomes(api, [OPAQUE])

    assert "httpcore" in {record.name.partition(".")[0] for record in caplog.records}
    secrets = (OPAQUE, f"secret-{SECRET}", b64encode(f"reader:secret-{SECRET}".encode()).decode())
    assert [secret for secret in secrets if secret in caplog.text] == []
