"""Ends an open websocket once a new one with its token would be refused.

A token is judged when a websocket is opened, which may then be open for days. Here it is judged
again at its expiry, every few seconds, and with each message that comes later than that: whether
its time, its key, its issuer, its audience and the hook ``revoked`` still let it in.
"""

from collections.abc import Awaitable, Callable, Iterator
from typing import Final, TypeAlias

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bearerguard import error_codes as codes
from bearerguard.clock import Instant, instant
from bearerguard.errors import InvalidToken, IssuerUnavailable, Refusal
from bearerguard.events import logger
from bearerguard.principal import Principal
from bearerguard.resource_server import ResourceServer
from bearerguard.token.credentials import IN_AUTHORIZATION, TokenPlace
from bearerguard.web.gate import refusal_for
from bearerguard.web.passage import PASSAGE, WebSocketEnded, WebSocketPassage

LOOK_EVERY: Final = 5.0
"""Seconds between two looks. A machine that was suspended notices within as many."""
_DISCONNECT: Final[Message] = {"type": "websocket.disconnect", "code": 1008}
_SHORTEST_PAUSE: Final = 0.05
_LONGEST_CLOSE: Final = 5.0
"""Seconds. Some servers wait for the other side to say goodbye, too."""

Pause: TypeAlias = Callable[[float], Awaitable[None]]


class EndAtExpiry:
    """The application, whose websockets end with their tokens. Put behind the middleware.

    Args:
        app: The application.
        pause: Waits so many seconds.
    """

    def __init__(self, app: ASGIApp, *, pause: Pause = anyio.sleep) -> None:
        self._app = app
        self._pause = pause

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        passage = scope.get(PASSAGE)
        if isinstance(passage, WebSocketPassage):
            await _OpenWebSocket(passage, scope, receive, self._pause).serve(self._app, scope, send)
        else:
            await self._app(scope, receive, send)


class _OpenWebSocket:
    """One websocket, and the task that watches over it for as long as the application runs."""

    def __init__(self, passage: WebSocketPassage, scope: Scope, receive: Receive, pause: Pause) -> None:
        self._passage = passage
        self._handshake = {
            "type": scope["type"],
            "headers": tuple(scope["headers"]),  # an application may change its own
            "subprotocols": tuple(scope.get("subprotocols") or ()),
        }
        self._receive = receive
        self._pause = pause
        self._receiving: set[anyio.CancelScope] = set()
        self._deadlines: dict[ResourceServer, Instant] = {}
        self._seen = self._judges()
        self._next_look = self._planned()
        self._end: Message | None = None
        self._is_watched = True

    async def serve(self, app: ASGIApp, scope: Scope, send: Send) -> None:
        """Run the application until it returns; what it raises is raised."""
        failure: Exception | None = None
        async with anyio.create_task_group() as beside:
            beside.start_soon(self._watch)
            try:
                await app(scope, self.receive, self._sending(send))
            except WebSocketEnded:
                pass  # it went on sending, and did not mind the end
            except Exception as error:  # noqa: BLE001  raised below: a task group would wrap it
                failure = error
            beside.cancel_scope.cancel()
        if failure is not None:
            try:
                raise failure
            finally:
                del failure  # its traceback holds this frame

    async def receive(self) -> Message:
        """The next message of the client, or the disconnect once the token is not good any more."""
        if self._end is not None:
            return self._end
        message = _DISCONNECT  # if the wait for one is cut off
        with anyio.CancelScope() as waiting:
            self._receiving.add(waiting)
            try:
                message = await self._receive()
            finally:
                self._receiving.discard(waiting)
        if message["type"] == _DISCONNECT["type"]:
            self._end = self._end or message
        elif self._is_due():
            await self._look()
        return self._end or message

    def _sending(self, send: Send) -> Send:
        async def send_if_good(message: Message) -> None:
            if self._is_due():
                await self._look()
            await send(message)

        return send_if_good

    # --- the looks

    async def _watch(self) -> None:
        while self._is_open:
            await self._pause(max(_SHORTEST_PAUSE, min(LOOK_EVERY, self._now().until(self._next_look))))
            if self._is_due():
                await self._look()

    @property
    def _is_open(self) -> bool:
        return self._is_watched and self._end is None and not self._passage.started

    def _is_due(self) -> bool:
        """Whether it is time for a look, or somebody else judged the token, or by other rules."""
        if not self._is_open:
            return False
        return self._now().has_reached(self._next_look) or self._seen != self._judges()

    async def _look(self) -> None:
        seen = self._judges()  # what is exchanged during the look is a reason for the next one
        try:
            for server, place, _ in self._judged():
                await self._judge(server, place)
        except Exception as error:  # noqa: BLE001  whatever it is, the websocket ends
            await self._cut_off(refusal_for(error))
            return
        self._seen, self._next_look = seen, self._planned()

    async def _judge(self, server: ResourceServer, place: TokenPlace) -> None:
        """As a new request would be judged; who cannot be asked has not said no.

        Raises:
            AccessTokenError: the token is not good any more.
        """
        deadline = self._deadlines.get(server)  # none yet for whom a guard has just asked
        if deadline is not None and instant(server.connection.clock).has_reached(deadline):
            raise InvalidToken(codes.TOKEN_EXPIRED, verified=True)
        try:
            if server.recall(place.read(self._handshake)) is None:
                await server.judge(place.read(self._handshake))
        except IssuerUnavailable as unknown:
            # at DEBUG, since every open websocket asks: who does not answer is told where that is noticed
            logger.debug("whether the token of an open websocket is still good is not known: %s", unknown.operator_text)

    async def _cut_off(self, refusal: Refusal) -> None:
        if not self._is_open:
            return
        if self._passage.goes_on(refusal):
            self._is_watched = False
            return
        self._end = {**_DISCONNECT, "reason": self._passage.gate.answer(refusal).reason}
        for waiting in list(self._receiving):
            waiting.cancel()
        with anyio.move_on_after(_LONGEST_CLOSE, shield=True):
            try:
                await self._passage.cut_off(refusal)
            except Exception:  # noqa: BLE001  the client may have gone meanwhile; each server says so in its own way
                logger.debug("a websocket was gone before it was ended", exc_info=True)

    # --- who judged, and until when that holds

    def _judged(self) -> Iterator[tuple[ResourceServer, TokenPlace, Principal]]:
        passage = self._passage
        if passage.principal is not None:
            yield passage.gate.server, passage.gate.place, passage.principal
        for server, principal in list((passage.others or {}).items()):
            yield server, IN_AUTHORIZATION, principal

    def _judges(self) -> tuple[object, ...]:
        return tuple(server.connection for server, _, _ in self._judged())

    def _planned(self) -> Instant:
        """When to look again: after a while, or when the first token expires."""
        now = self._now()
        wait = LOOK_EVERY
        for server, _, principal in self._judged():
            at = instant(server.connection.clock)
            ends = principal.expires_at + server.connection.leeway
            # on both clocks: one that is set back does not prolong it
            deadline = self._deadlines.setdefault(server, at.after(ends - at.wall))
            wait = min(wait, at.until(deadline))
        return now.after(wait)

    def _now(self) -> Instant:
        return instant(self._passage.gate.server.connection.clock)
