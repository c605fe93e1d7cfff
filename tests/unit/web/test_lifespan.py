"""Start and stop: keys are fetched ahead without delaying anything, and an undeclared route ends the start."""

import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from bearerguard import AccessTokenMiddleware, ConfigurationError, Issuer, PathPolicy, ResourceServer, authenticated, requires
from bearerguard.testing import FakeClock, LocalIssuer
from support.asgi import Header, call, connect, get, lifespan
from support.servers import StartFailedError, serve

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])]


async def undeclared_endpoint(request: Request) -> Response:
    return PlainTextResponse("served")


@requires(authenticated())
async def declared_endpoint(request: Request) -> Response:
    return PlainTextResponse("served")


class Watched(ResourceServer):
    """Notes when it is warmed and closed; ``warming`` is what happens meanwhile."""

    def __init__(self, issuer: LocalIssuer, warming: Any = None) -> None:
        super().__init__(Issuer(issuer.issuer, jwks=issuer.jwks()), "api://orders")
        self.notes: list[str] = []
        self._warming = warming

    async def warm_up(self) -> None:
        self.notes.append("warming")
        if self._warming is not None:
            await self._warming()
        self.notes.append("warm")

    async def aclose(self) -> None:
        self.notes.append("closed")
        await super().aclose()


def app_with(server: ResourceServer, endpoint: Any = declared_endpoint, **options: Any) -> Starlette:
    guard = Middleware(AccessTokenMiddleware, resource_server=server, **options)
    return Starlette(routes=[Route("/orders", endpoint)], middleware=[guard])


def bearer(issuer: LocalIssuer) -> list[Header]:
    return [(b"authorization", b"Bearer " + issuer.mint("reader").encode())]


def kinds(messages: list[Any]) -> list[str]:
    return [message["type"].removeprefix("lifespan.") for message in messages]


async def test_keys_are_fetched_ahead_and_the_server_closed_in_the_end(issuer: LocalIssuer) -> None:
    server = Watched(issuer)
    async with lifespan(app_with(server)) as sent:
        await anyio.wait_all_tasks_blocked()
        assert server.notes == ["warming", "warm"]
    assert server.notes == ["warming", "warm", "closed"]
    assert kinds(sent) == ["startup.complete", "shutdown.complete"]


async def test_a_slow_issuer_delays_no_start(issuer: LocalIssuer) -> None:
    """``warm_up()`` and the lifespan hook never block or break the start."""
    server = Watched(issuer, anyio.sleep_forever)
    async with lifespan(app_with(server)) as sent:
        assert kinds(sent) == ["startup.complete"]
    assert kinds(sent) == ["startup.complete", "shutdown.complete"]


async def test_a_defect_while_warming_breaks_no_start(issuer: LocalIssuer, caplog: pytest.LogCaptureFixture) -> None:
    async def defect() -> None:
        raise RuntimeError("defect")

    async with lifespan(app_with(Watched(issuer, defect))) as sent:
        await anyio.wait_all_tasks_blocked()
    assert kinds(sent) == ["startup.complete", "shutdown.complete"]
    assert "RuntimeError: defect" in caplog.text


async def test_an_issuer_that_is_down_breaks_no_start_and_heals() -> None:
    clock = FakeClock()
    issuer = LocalIssuer(clock=clock)
    issuer.go_down()
    trusted = Issuer(issuer.issuer, jwks_uri=issuer.jwks_uri)
    server = ResourceServer(trusted, "api://orders", transport=httpx.ASGITransport(issuer), clock=clock)
    app = app_with(server)
    async with lifespan(app) as sent:
        await anyio.wait_all_tasks_blocked()
        assert kinds(sent) == ["startup.complete"]
        assert (await get(app, "/orders", bearer(issuer))).status == 503
        issuer.come_back()
        clock.advance(120)
        assert (await get(app, "/orders", bearer(issuer))).status == 200


async def test_a_server_that_two_applications_share_survives_the_end_of_one(issuer: LocalIssuer) -> None:
    server = Watched(issuer)
    first, second = app_with(server), app_with(server)
    async with lifespan(second):
        async with lifespan(first):
            assert (await get(first, "/orders", bearer(issuer))).status == 200
        assert (await get(second, "/orders", bearer(issuer))).status == 200


async def test_what_is_still_warming_ends_before_the_server_is_closed(issuer: LocalIssuer) -> None:
    async def slow() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.lowlevel.checkpoint()
            server.notes.append("cut off")

    server = Watched(issuer, slow)
    async with lifespan(app_with(server)):
        await anyio.wait_all_tasks_blocked()
    assert server.notes == ["warming", "cut off", "closed"]


@pytest.mark.parametrize("end", ["lifespan.shutdown.complete", "lifespan.shutdown.failed"])
async def test_the_server_is_closed_however_the_application_stops(end: str, issuer: LocalIssuer) -> None:
    """Even if it never said that it had started."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": end})

    server = Watched(issuer)
    answer = await call(AccessTokenMiddleware(app, resource_server=server), {"type": "lifespan"})
    assert [message["type"] for message in answer.messages] == [end]
    assert server.notes[:1] == ["closed"]


# --- undeclared routes


async def test_a_start_with_an_undeclared_route_is_refused_and_the_route_named(issuer: LocalIssuer) -> None:
    server = Watched(issuer)
    sent = await refused_start(app_with(server, undeclared_endpoint))
    await anyio.wait_all_tasks_blocked()

    assert server.notes == [], "keys that are being fetched when the event loop ends are a warning of asyncio's"
    assert kinds(sent) == ["startup.failed"]
    message = sent[0]["message"]
    for text in ("GET,HEAD /orders", "undeclared_endpoint", "@requires", "@public", "public="):
        assert text in message, text


async def refused_start(app: ASGIApp) -> list[Any]:
    messages: list[Any] = []
    with pytest.raises(ExceptionGroup) as caught:
        async with lifespan(app) as sent:
            messages = sent
    assert caught.group_contains(ConfigurationError)
    return messages


async def test_what_the_application_had_opened_is_closed_when_its_start_is_refused(issuer: LocalIssuer) -> None:
    notes = []

    @asynccontextmanager
    async def opening(app: Starlette) -> AsyncIterator[None]:
        app.router.routes.append(Route("/late", undeclared_endpoint))
        notes.append("opened")
        try:
            yield
        finally:
            notes.append("closed")

    guard = Middleware(AccessTokenMiddleware, resource_server=Watched(issuer))
    sent = await refused_start(Starlette(lifespan=opening, middleware=[guard]))

    assert notes == ["opened", "closed"]
    assert kinds(sent) == ["startup.failed"]
    assert "/late" in sent[0]["message"], "a route that the start-up added"


async def test_an_error_in_the_applications_own_start_is_its_own(issuer: LocalIssuer) -> None:
    @asynccontextmanager
    async def failing(app: Starlette) -> AsyncIterator[None]:
        raise RuntimeError("no database")
        yield

    server = Watched(issuer)
    guard = Middleware(AccessTokenMiddleware, resource_server=server)
    messages: list[Any] = []
    with pytest.raises(ExceptionGroup) as caught:
        async with lifespan(Starlette(lifespan=failing, middleware=[guard])) as sent:
            messages = sent
    assert kinds(messages) == ["startup.failed"]
    assert [type(error) for error in caught.value.exceptions] == [RuntimeError], "not wrapped in a group of ours"
    await anyio.wait_all_tasks_blocked()
    assert server.notes == []


@pytest.mark.parametrize(
    "options", [{"undeclared": "allow"}, {"public": "/orders"}, {"policy": PathPolicy({"/orders": authenticated()})}]
)
async def test_a_start_may_be_allowed(options: dict[str, Any], issuer: LocalIssuer) -> None:
    async with lifespan(app_with(Watched(issuer), undeclared_endpoint, **options)) as sent:
        assert kinds(sent) == ["startup.complete"]


async def test_without_lifespan_every_request_is_refused_with_the_same_error(issuer: LocalIssuer) -> None:
    app = app_with(Watched(issuer), undeclared_endpoint)
    for _ in range(2):
        with pytest.raises(ConfigurationError) as caught:
            await get(app, "/orders", bearer(issuer))
        assert caught.value.parameter == "undeclared"
    with pytest.raises(ConfigurationError):
        await connect(app, "/orders", bearer(issuer))


async def test_without_lifespan_a_declared_application_is_served(issuer: LocalIssuer) -> None:
    assert (await get(app_with(Watched(issuer)), "/orders", bearer(issuer))).status == 200


async def test_a_mounts_own_middleware_audits_at_its_first_request(issuer: LocalIssuer) -> None:
    """Starlette runs no lifespan for what is mounted."""
    guard = Middleware(AccessTokenMiddleware, resource_server=Watched(issuer))
    app = Starlette(routes=[Mount("/in", routes=[Route("/orders", undeclared_endpoint)], middleware=[guard])])
    async with lifespan(app) as sent:
        assert kinds(sent) == ["startup.complete"]
        with pytest.raises(ConfigurationError):
            await get(app, "/in/orders", bearer(issuer))


# --- applications without a lifespan, and clients that run one


async def test_an_application_that_knows_no_lifespan_says_so_itself(issuer: LocalIssuer) -> None:
    """ASGI: an exception tells the server that lifespan is not supported."""

    async def http_only(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        await PlainTextResponse("served")(scope, receive, send)

    server = Watched(issuer)
    app = AccessTokenMiddleware(http_only, resource_server=server)
    with pytest.raises(ExceptionGroup) as caught:
        async with lifespan(app) as sent:
            assert sent == []
    assert [type(error) for error in caught.value.exceptions] == [AssertionError]
    await anyio.wait_all_tasks_blocked()
    assert server.notes == ["warming", "warm"], "it is served all the same"
    assert (await get(app, "/", bearer(issuer))).status == 200


async def test_keys_are_fetched_ahead_for_an_application_that_ignores_its_lifespan(issuer: LocalIssuer) -> None:
    async def silent(scope: Scope, receive: Receive, send: Send) -> None:
        """Returns at once."""

    server = Watched(issuer)
    async with lifespan(AccessTokenMiddleware(silent, resource_server=server)) as sent:
        await anyio.wait_all_tasks_blocked()
        assert sent == []
    assert server.notes == ["warming", "warm"]


async def test_starlettes_test_client_serves_with_and_without_lifespan(issuer: LocalIssuer, anyio_backend: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Starlette would rather have httpx2
        from starlette.testclient import TestClient

    def use() -> None:
        headers = {"authorization": f"Bearer {issuer.mint('reader')}"}
        with TestClient(app_with(Watched(issuer)), backend=anyio_backend) as client:  # type: ignore[arg-type]
            assert client.get("/orders", headers=headers).status_code == 200
        client = TestClient(app_with(Watched(issuer)), backend=anyio_backend)  # type: ignore[arg-type]
        assert client.get("/orders").status_code == 401
        with pytest.raises(ConfigurationError), TestClient(app_with(Watched(issuer), undeclared_endpoint)):
            raise NotImplementedError

    await anyio.to_thread.run_sync(use)


@pytest.mark.socket
@pytest.mark.parametrize("server", ["uvicorn", "hypercorn"])
async def test_real_servers_refuse_to_start(server: Any, issuer: LocalIssuer) -> None:
    def start() -> None:
        with serve(app_with(Watched(issuer), undeclared_endpoint), server=server):
            raise NotImplementedError

    with pytest.raises(StartFailedError):
        await anyio.to_thread.run_sync(start)
