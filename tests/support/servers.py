"""An ASGI application on a real loopback socket, under the servers people run.

The socket listens before the server starts, so a first request is never too early: the kernel keeps it until the server
accepts. The block is entered once the application's lifespan has started, and a failed start raises here.
"""

import logging
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import Any, Final, Literal, TypeAlias

import anyio
import anyio.abc
import hypercorn.asyncio
import hypercorn.trio
import uvicorn
from anyio.from_thread import start_blocking_portal
from hypercorn.config import Config, Sockets
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from support.certificates import Certificates

Server: TypeAlias = Literal["uvicorn", "hypercorn", "hypercorn-trio"]
SERVERS: Final[tuple[Server, ...]] = ("uvicorn", "hypercorn", "hypercorn-trio")


class StartFailedError(Exception):
    """The server ended before the application had started."""


@contextmanager
def serve(
    app: ASGIApp, *, server: Server = "uvicorn", tls: Certificates | None = None, only_known_clients: bool = False
) -> Iterator[str]:
    """Serves ``app`` in a thread of its own for the length of the block; yields ``http://127.0.0.1:<port>``.

    With ``tls`` it is hypercorn over https, which speaks HTTP/2 as well; ``only_known_clients`` demands a certificate of
    the same authority from the client.

    Raises:
        StartFailedError: the application refused to start; its reason is in the server's log.
    """
    with serve_at(lambda _url: app, server=server, tls=tls, only_known_clients=only_known_clients) as url:
        yield url


@contextmanager
def serve_at(
    make: Callable[[str], ASGIApp],
    *,
    server: Server = "uvicorn",
    tls: Certificates | None = None,
    only_known_clients: bool = False,
) -> Iterator[str]:
    """As ``serve``, for an application that must know its own URL: ``make`` is given it before the server starts."""
    backend = "trio" if server == "hypercorn-trio" else "asyncio"
    with closing(_listening_socket()) as listener, start_blocking_portal(backend) as portal:
        host, port = listener.getsockname()
        url = f"{'http' if tls is None else 'https'}://{host}:{port}"
        run = _RUN[server] if tls is None else partial(_run_hypercorn, tls=tls, only_known_clients=only_known_clients)
        ended, stop = portal.start_task(_serve, make(url), server, listener, run)
        try:
            yield url
        finally:
            portal.call(stop.set)
            ended.result()


def _listening_socket() -> socket.socket:
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    listener.setblocking(False)
    # asyncio does so where the socket names its protocol: else a body waits 40 ms for the head to be acknowledged
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


async def _serve(
    app: ASGIApp, server: Server, listener: socket.socket, run: "_Run", *, task_status: anyio.abc.TaskStatus[anyio.Event]
) -> None:
    stop, started = anyio.Event(), anyio.Event()

    def ready() -> None:
        if not started.is_set():
            started.set()
            task_status.started(stop)

    try:
        await run(_announcing(app, ready), listener, stop)
    except Exception as error:
        if started.is_set():
            raise
        raise StartFailedError(server) from error
    if not started.is_set():
        raise StartFailedError(server)


def _announcing(app: ASGIApp, ready: Callable[[], None]) -> ASGIApp:
    """The application, which tells when its lifespan has started, or that it has none."""

    async def announcing(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return
        answered = False

        async def send_and_tell(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)
            if message["type"] == "lifespan.startup.complete":
                ready()

        try:
            await app(scope, receive, send_and_tell)
        finally:
            if not answered:
                ready()

    return announcing


async def _run_uvicorn(app: ASGIApp, listener: socket.socket, stop: anyio.Event) -> None:
    # Without a log configuration of its own, uvicorn's lines reach the test's log.
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=5))

    async def stop_when_told() -> None:
        await stop.wait()
        server.should_exit = True

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(stop_when_told)
        try:
            await server.serve([listener])
        except SystemExit:  # uvicorn's way to say that the application did not start
            return
        finally:
            tasks.cancel_scope.cancel()


async def _run_hypercorn(
    app: Any,
    listener: socket.socket,
    stop: anyio.Event,
    *,
    tls: Certificates | None = None,
    only_known_clients: bool = False,
) -> None:
    config = _OneSocket(listener)
    if tls is not None:
        config.certfile, config.keyfile, config.ca_certs = str(tls.server), str(tls.server_key), str(tls.authority)
        config.verify_mode = ssl.CERT_REQUIRED if only_known_clients else ssl.CERT_NONE
    await hypercorn.asyncio.serve(app, config, shutdown_trigger=stop.wait, mode="asgi")


async def _run_hypercorn_trio(app: Any, listener: socket.socket, stop: anyio.Event) -> None:
    await hypercorn.trio.serve(app, _OneSocket(listener), shutdown_trigger=stop.wait, mode="asgi")


class _OneSocket(Config):
    """Hypercorn's settings on a socket that listens already."""

    def __init__(self, listener: socket.socket) -> None:
        super().__init__()
        self._listener = listener
        self.errorlog = logging.getLogger("hypercorn.error")

    def create_sockets(self) -> Sockets:
        return Sockets([self._listener], [], []) if self.ssl_enabled else Sockets([], [self._listener], [])


_Run: TypeAlias = Callable[[ASGIApp, socket.socket, anyio.Event], Awaitable[None]]
_RUN: Final[dict[Server, _Run]] = {
    "uvicorn": _run_uvicorn,
    "hypercorn": _run_hypercorn,
    "hypercorn-trio": _run_hypercorn_trio,
}
