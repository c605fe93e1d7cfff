"""Open websockets end with their tokens, under the servers people run."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
import websockets.sync.client
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.exceptions import ConnectionClosed

from bearerguard import AccessTokenMiddleware, ResourceServer, requires, role
from bearerguard.testing import FakeClock
from support.sealed import NOW, claims, issuer, seal, server
from support.servers import SERVERS, serve

pytestmark = [pytest.mark.socket, pytest.mark.parametrize("running", SERVERS)]

PATIENCE: Final = 20
SOON: Final = 0.3
"""Seconds for which the token is good at the start, and so between two looks."""


class Echo:
    """Answers what it receives, or sends on and on; keeps how it ended."""

    def __init__(self, *, receives: bool) -> None:
        self.codes: list[int] = []
        self.has_ended = threading.Event()
        self._receives = receives

    @requires(role("Read.All"))
    async def __call__(self, websocket: WebSocket) -> None:
        await websocket.accept()
        try:
            while True:
                text = await websocket.receive_text() if self._receives else "tick"
                await websocket.send_text(text)
        except WebSocketDisconnect as gone:
            self.codes.append(gone.code)
        finally:
            self.has_ended.set()


@contextmanager
def connected(api: ResourceServer, echo: Echo, running: Any) -> Iterator[websockets.sync.client.ClientConnection]:
    async def live(websocket: WebSocket) -> None:
        await echo(websocket)

    guard = Middleware(AccessTokenMiddleware, resource_server=api, end_at_expiry=True, undeclared="allow")
    app = Starlette(routes=[WebSocketRoute("/", live)], middleware=[guard])
    headers = {"authorization": f"Bearer {seal(claims(exp=NOW + SOON)).decode()}"}
    with (
        serve(app, server=running) as url,
        websockets.sync.client.connect(url.replace("http", "ws", 1), additional_headers=headers, proxy=None) as client,
    ):
        yield client


def code_at_the_end(client: websockets.sync.client.ClientConnection) -> int | None:
    """What the server closes with; messages before that do not count."""
    try:
        while True:
            client.recv(timeout=PATIENCE)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


def expire(api: ResourceServer) -> None:
    api.connection.clock.advance(1)  # type: ignore[attr-defined]


def withdraw(api: ResourceServer) -> None:
    """From another thread than the server's."""
    api.reconfigure(issuers=issuer("https://other.test/"))


@pytest.mark.parametrize("receives", [True, False], ids=["receiving", "sending"])
@pytest.mark.parametrize("end", [expire, withdraw])
def test_it_ends(running: Any, receives: bool, end: Callable[[ResourceServer], None]) -> None:
    api, echo = server(leeway=0, clock=FakeClock(NOW)), Echo(receives=receives)
    with connected(api, echo, running) as client:
        if receives:
            client.send("hello")
        assert client.recv(timeout=PATIENCE) == ("hello" if receives else "tick")
        end(api)

        assert code_at_the_end(client) == 1008
        assert echo.has_ended.wait(PATIENCE)

    assert echo.codes == [1008 if receives else 1006]  # Starlette's code for an OSError on sending
