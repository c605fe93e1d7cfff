"""What HTTP callers see while an issuer is down: an API behind the middleware, its issuer on a real socket."""

import json
import logging
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

import anyio
import anyio.lowlevel
import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bearerguard import AccessTokenMiddleware, Issuer, ResourceServer, requires, role
from bearerguard.keys.fetch import TOTAL_TIMEOUT, Fetcher
from bearerguard.testing import FakeClock, LocalIssuer
from support.bad_answers import BAD_ANSWERS
from support.lag import least, own_time
from support.outages import AUDIENCE, LONG, REFRESH_DUE, trusted
from support.patience import Patience
from support.raw_server import Behaviour, RawServer, answering, closing_at_once, hanging, json_answer, raw_server, trickling
from support.servers import serve
from support.unreachable import UNREACHABLE, Reachable
from support.watch import Watch

pytestmark = [pytest.mark.anyio, pytest.mark.socket]

TIMEOUT = 1.0
PARALLEL = 100
ISSUER = LocalIssuer("http://127.0.0.1:9", algorithm="EdDSA", clock=FakeClock())
GOOD = json_answer(json.dumps(ISSUER.jwks()).encode())
OUTAGES: dict[str, Behaviour] = {
    **{answer.name: answering(answer.octets()) for answer in BAD_ANSWERS},
    "hang": hanging,
    "one-octet-each-200-ms": trickling(b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 100),
    "closed-at-once": closing_at_once,
}
WAITING = {"hang", "one-octet-each-200-ms", "no-handshake", "no-address"}
"""What may take as long as a fetch may."""


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bearerguard.connection.Fetcher", partial(Fetcher, timeout=TIMEOUT))


@pytest.fixture
def issuer() -> Iterator[RawServer]:
    with raw_server(GOOD) as server:
        yield server


@requires(role("Read.All"))
async def orders(_request: Request) -> JSONResponse:
    return JSONResponse([])


def protected(server: ResourceServer) -> Starlette:
    guard = Middleware(AccessTokenMiddleware, resource_server=server)
    return Starlette(routes=[Route("/orders", orders)], middleware=[guard])


@asynccontextmanager
async def calling(server: ResourceServer) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(protected(server)), base_url="http://api.test") as client:
        yield client


def bearer() -> dict[str, str]:
    """A token of its own for each call."""
    return {"authorization": f"Bearer {ISSUER.mint(lifetime=LONG)}"}


def bearers(count: int) -> list[dict[str, str]]:
    """So many of them."""
    return [bearer() for _ in range(count)]


async def statuses(client: httpx.AsyncClient, requests: list[dict[str, str]]) -> set[int]:
    """What requests with these headers, all at the same time, are answered."""
    seen: set[int] = set()

    async def request(headers: dict[str, str]) -> None:
        seen.add((await client.get("/orders", headers=headers)).status_code)

    async with anyio.create_task_group() as tasks:
        for headers in requests:
            tasks.start_soon(request, headers)
    return seen


@pytest.fixture
def reachable(name: str, issuer: RawServer, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Reachable]:
    """An issuer that is well until it is lost in the way of this name."""
    with _way(name, issuer, tmp_path) as found:
        if name not in WAITING:
            yield found
            return
        patience: Patience = request.getfixturevalue("patience")
        yield replace(found, lose=patience.losing(found.lose), regain=patience.regaining(found.regain))


def _way(name: str, issuer: RawServer, folder: Path) -> AbstractContextManager[Reachable]:
    if name in UNREACHABLE:
        return UNREACHABLE[name](GOOD, folder)
    return nullcontext(Reachable(issuer.url, partial(issuer.behave, OUTAGES[name]), partial(issuer.behave, GOOD)))


@pytest.mark.parametrize("name", [*OUTAGES, *UNREACHABLE])
async def test_during_an_outage_valid_tokens_are_all_200(reachable: Reachable) -> None:
    watch, clock = Watch(), FakeClock()
    issuer = trusted(ISSUER, reachable.url)
    server = ResourceServer(issuer, AUDIENCE, clock=clock, on_event=watch, transport=reachable.transport)
    async with calling(server) as client:
        assert await statuses(client, bearers(5)) == {200}
        reachable.lose()
        for failures, pause in enumerate((REFRESH_DUE, 60.0, 3600.0, 36_000.0), start=1):
            clock.advance(pause)
            assert await statuses(client, bearers(10)) == {200}
            await watch.until("keys_failed", failures)
        unknown = ISSUER.mint(lifetime=LONG, header={"kid": "unknown"})
        refused = await client.get("/orders", headers={"authorization": f"Bearer {unknown}"})
        assert refused.status_code == 401, "a caller's token caused a 503 although keys are known"
        reachable.regain()
        clock.advance(60.0)
        assert await statuses(client, bearers(10)) == {200}
        await watch.until("keys_fetched", 2)
        assert server.status()[0].last_error == ""


def held_up(until: threading.Event) -> Behaviour:
    """Says nothing, and hangs up when it is told."""

    def waiting(_connection: socket.socket, _stopping: threading.Event) -> None:
        until.wait(30.0)

    return waiting


def late(pause: float, behaviour: Behaviour) -> Behaviour:
    """Behaves so after so many seconds."""

    def waiting(connection: socket.socket, stopping: threading.Event) -> None:
        if not stopping.wait(pause):
            behaviour(connection, stopping)

    return waiting


@pytest.mark.timed
@pytest.mark.parametrize(
    ("outage", "fetch_time"),
    [
        pytest.param(hanging, TIMEOUT, id="hang"),
        pytest.param(late(0.6 * TIMEOUT, OUTAGES["server-error"]), 0.6 * TIMEOUT, id="late-server-error"),
    ],
)
@pytest.mark.usefixtures("impatient")
async def test_in_a_cold_outage_100_parallel_requests_are_answered_after_one_try(
    issuer: RawServer, outage: Behaviour, fetch_time: float
) -> None:
    """Within one and a half fetch times, since two tries would take two; one try in each outage that is measured."""

    async def longest() -> float:
        server = ResourceServer(trusted(ISSUER, issuer.url), AUDIENCE, clock=FakeClock())
        before = issuer.connections
        issuer.behave(outage)
        async with calling(server) as client:
            requests = bearers(PARALLEL)
            begun = own_time()
            assert await statuses(client, requests) == {503}
            took = own_time() - begun
            assert await statuses(client, bearers(PARALLEL)) == {503}
        assert issuer.connections - before == 1
        return took

    assert await least(longest, 1.5 * fetch_time) <= 1.5 * fetch_time


async def test_the_503_tells_when_to_come_back_and_blames_no_token(issuer: RawServer) -> None:
    issuer.behave(closing_at_once)
    async with calling(ResourceServer(trusted(ISSUER, issuer.url), AUDIENCE, clock=FakeClock())) as client:
        for _ in range(2):
            answer = await client.get("/orders", headers=bearer())
            assert answer.status_code == 503
            assert answer.headers["retry-after"] in {"1", "2"}
            assert answer.headers["cache-control"] == "no-store"
            assert "www-authenticate" not in answer.headers
            assert answer.json()["code"] == "issuer_unavailable"


async def test_one_issuer_that_is_down_keeps_no_caller_of_another_waiting(issuer: RawServer) -> None:
    issuer.behave(hanging)
    well = LocalIssuer("https://well.test", algorithm="EdDSA", clock=FakeClock())
    issuers = [trusted(ISSUER, issuer.url), Issuer(well.issuer, jwks=well.jwks())]
    server = ResourceServer(issuers, AUDIENCE, clock=FakeClock())
    async with calling(server) as client, anyio.create_task_group() as tasks:
        tasks.start_soon(statuses, client, bearers(5))
        await anyio.lowlevel.checkpoint()
        with anyio.fail_after(TOTAL_TIMEOUT / 2):
            answer = await client.get("/orders", headers={"authorization": f"Bearer {well.mint()}"})
        assert answer.status_code == 200
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("cold", [True, False], ids=["cold", "warm"])
def test_an_application_starts_though_its_issuer_keeps_it_waiting(issuer: RawServer, cold: bool) -> None:
    """On a real server: the start does not wait, health is not asked of the issuer, and the first good fetch heals."""
    issuer_answers = threading.Event()
    issuer.behave(held_up(issuer_answers) if cold else GOOD)
    clock, watch = FakeClock(), Watch()
    server = ResourceServer(trusted(ISSUER, issuer.url), AUDIENCE, clock=clock, on_event=watch)
    with serve(protected(server)) as base_url:
        if cold:
            assert watch.count("keys_fetched") + watch.count("keys_failed") == 0, "the start waited for the fetch to end"
            issuer_answers.set()
            assert httpx.get(f"{base_url}/orders", headers=bearer()).status_code == 503
            assert issuer.connections == 1
            issuer.behave(GOOD)
            clock.advance(1.2)
        assert httpx.get(f"{base_url}/orders", headers=bearer()).status_code == 200
