"""What the middleware does while an application starts and stops (ASGI lifespan 2.0).

Routes are audited when the application has started, since its own start-up may add some; a start
that is refused ends the application's lifespan as an error in it would. After that, keys are
fetched in the background: a slow issuer or one that is down delays no start, and a start that fails
leaves no fetch behind for the end of the event loop to cut off.
"""

from collections.abc import Callable
from typing import Final

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bearerguard.background import spawn
from bearerguard.errors import ConfigurationError
from bearerguard.events import logger
from bearerguard.resource_server import ResourceServer

_STARTED: Final = "lifespan.startup.complete"
_FAILED: Final = "lifespan.startup.failed"
_STOPPED: Final = ("lifespan.shutdown.complete", "lifespan.shutdown.failed")


class Lifespan:
    """One run of an application's lifespan.

    Args:
        app: The application.
        server: Warmed when it has started and closed when it has stopped. It stays usable: another
            application may share it.
        audit: Called once the application has started; a ``ConfigurationError`` refuses the start.
    """

    def __init__(self, app: ASGIApp, server: ResourceServer, audit: Callable[[], None]) -> None:
        self._app = app
        self._server = server
        self._audit = audit
        self._refused = False
        self._answered = False
        self._warming = anyio.CancelScope()
        self._warmed: anyio.Event | None = None

    async def run(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the lifespan.

        Raises:
            ConfigurationError: the audit refused the start; the server has been told by
                ``lifespan.startup.failed``.
        """

        async def watched_send(message: Message) -> None:
            await self._pass_on(message, send)

        # No task group around the application: leaving one gives way to the event loop once more,
        # after the last message, and there hypercorn cancels a lifespan that has not returned yet.
        try:
            await self._app(scope, receive, watched_send)
        except Exception:
            self._begin_unless_answered()
            raise
        self._begin_unless_answered()

    def _begin_unless_answered(self) -> None:
        """Servers may serve an application without lifespan: then this one is served, too."""
        if not self._answered:
            self._begin()

    def _begin(self) -> None:
        self._warmed = anyio.Event()
        spawn(self._warm_up)

    async def _pass_on(self, message: Message, send: Send) -> None:
        if self._refused:
            return  # the application's own words on a start that was refused already
        self._answered = True
        if message["type"] == _STARTED:
            try:
                self._audit()
            except ConfigurationError as problem:
                self._refused = True
                await send({"type": _FAILED, "message": str(problem)})
                raise
            self._begin()
        elif message["type"] in _STOPPED:
            self._warming.cancel()
            if self._warmed is not None:
                await self._warmed.wait()
            await self._server.aclose()
        await send(message)

    async def _warm_up(self) -> None:
        try:
            with self._warming:
                await self._server.warm_up()
        except Exception:  # noqa: BLE001  whatever it is, it must not end the start
            logger.exception("fetching keys ahead failed; the first request tries again")
        finally:
            if self._warmed is not None:
                self._warmed.set()
