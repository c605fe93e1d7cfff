"""An ASGI application on a real loopback socket, for development and for tests that want one."""

import socket
import threading
from types import TracebackType
from typing import Any, Self

from bearerguard.errors import BearerguardError, ConfigurationError


class StartFailed(BearerguardError):
    """The application refused to start; the server's log says why."""


class Loopback:
    """A loopback address for one application, known before the application is built.

    ::

        with Loopback() as place:
            issuer = LocalIssuer(place.base_url)
            place.serve(issuer)

    Needs uvicorn: ``pip install "bearerguard[serve]"``. The server runs in its own thread and stops
    at the end of the block.

    Args:
        port: A free one by default.

    Attributes:
        base_url: ``http://127.0.0.1:<port>``.

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, port: int = 0) -> None:
        self._socket = socket.create_server(("127.0.0.1", port))
        self.base_url = "http://{}:{}".format(*self._socket.getsockname())
        self._ready = threading.Event()
        self._server: Any = None
        self._thread: threading.Thread | None = None

    def serve(self, app: Any) -> None:
        """Start the server and return once the application has started; earlier requests wait.

        Raises:
            ConfigurationError: uvicorn is not installed, or it serves an application already.
            StartFailed: the application refused to start.
        """
        if self._thread is not None:
            raise ConfigurationError("app", "this address already serves an application", example="another Loopback()")
        self._server = _server(app, self._ready)
        self._thread = threading.Thread(target=self._run, name="loopback", daemon=True)
        self._thread.start()
        self._ready.wait()
        if not self._server.started:
            raise StartFailed("the application did not start; see the lines above")

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._socket])
        except SystemExit:
            pass  # how uvicorn says that the application did not start
        finally:
            self._ready.set()

    def close(self) -> None:
        """Stop the server and free the port."""
        if self._thread is not None:
            self._server.should_exit = True
            self._thread.join()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()


def _server(app: Any, ready: threading.Event) -> Any:
    try:
        import uvicorn  # noqa: PLC0415  an extra: only those who serve need it
    except ImportError:
        raise ConfigurationError("uvicorn", "it is not installed", example='pip install "bearerguard[serve]"') from None

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready.set()

    return Server(uvicorn.Config(app, log_level="warning", lifespan="auto", timeout_graceful_shutdown=5))
