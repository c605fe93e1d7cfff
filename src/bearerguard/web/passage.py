"""One request on its way through the application: who it is, and whether it can still be refused.

Guards raise their refusals, and ``refusal_handler`` and ``framework_refusals`` answer them before
they leave the application. What raises a refusal elsewhere is answered here, when it has left it.

Where that is not possible, a framework makes an error page of the exception, or closes the
websocket. That is held back, and the refusal is answered at once in its place: a framework may wait
for the client to have gone before it returns.
"""

import secrets
import sys
from collections.abc import Awaitable, Mapping
from typing import Any, Final

from starlette.types import Message, Scope, Send

from bearerguard.errors import Refusal
from bearerguard.events import Event, Listeners
from bearerguard.principal import Principal
from bearerguard.resource_server import ResourceServer
from bearerguard.token.credentials import PROTOCOL
from bearerguard.web.challenge import Answer, send_refusal
from bearerguard.web.declaration import WEBSOCKET
from bearerguard.web.gate import Gate
from bearerguard.web.report import log, refused
from bearerguard.web.route_names import mounted_at

_ENDS: Final = ("websocket.close", "websocket.http.response.start")
_ERROR_PAGE: Final = 500
_NORMAL: Final = 1000
_ERROR_CLOSES: Final = (1011, 4000 + _ERROR_PAGE)  # RFC 6455 §7.4.1; Litestar's for errors
_SWITCHING_PROTOCOLS: Final = 101
_new_event: Final = tuple.__new__
_NO_SCOPE: Final[Scope] = {}
_OURS: Final = __name__.partition(".")[0]

PASSAGE: Final = f"bearerguard.{secrets.token_hex(16)}"
"""The key of the passage in an ASGI scope.

Neither a caller nor another middleware can guess it. It is a text, since a dictionary that has keys
of other types is laid out anew, which costs a request as much as looking up its token.
"""


class Passage:
    """An HTTP request. The application is given ``send`` in place of the server's.

    Attributes:
        gate: Of the innermost middleware that let it in.
        principal: Whose verified token it carries; ``None`` where the token was not looked at.
        others: Whom other resource servers, which a dependency named, made of the token.
        refusal: The last refusal that a guard raised for it; it was reported then.
        withheld: The refusal that a page was held back for; it has been answered.
        started: The response has begun, or a refusal is being answered: nothing can be refused
            any more.
        listeners: Who is to be told what becomes of it; ``None`` where nobody is, or they have
            been told: of each request once.
        cached: Whether the token had been verified before. This and ``seconds`` are there only if
            somebody listens.
        seconds: How long the middleware judged; ``None`` while it does.
        doubt: What is told in the end of a request that should have been refused and was let in.
        is_doubted: Whether it is one; there where the middleware only reports.
    """

    __slots__ = (
        "_began",
        "_prefix",
        "_refusing",
        "_scope",
        "_send",
        "cached",
        "doubt",
        "gate",
        "is_doubted",
        "listeners",
        "others",
        "principal",
        "refusal",
        "seconds",
        "started",
        "withheld",
    )

    accepted = False
    """Whether it is a websocket that was accepted."""
    method = ""
    """What stands for the method of what has none."""

    def __init__(self, gate: Gate, scope: Scope, send: Send) -> None:
        self.gate = gate
        self.principal: Principal | None = None
        self.others: dict[ResourceServer, Principal] | None = None
        self.refusal: Refusal | None = None
        self.withheld: Refusal | None = None
        self.started = False
        self.cached = True  # until it was verified anew
        self.listeners: Listeners | None = None
        self._prefix = mounted_at(scope) if "app_root_path" in scope else ""
        if gate.listeners.hooks:  # as _listen does, in a frame less
            self.listeners = gate.listeners
            self.seconds: float | None = None
            self.doubt: Event | None = None
            self._began = gate.listeners.monotonic()
        self._scope = scope
        self._send = send

    def send(self, message: Message) -> Awaitable[None]:
        """Pass a message on, unless it is part of an error page that stands for a refusal."""
        if message["type"] == "http.response.start":
            if message["status"] == _ERROR_PAGE and not self.started:
                self.withheld = self._meant()
                if self.withheld is not None:
                    return self.refuse(self.withheld)
            self.started = True
            if self.listeners is not None:
                self.tell_accepted(self._scope, message["status"])
        return self._send(message)

    def note(self, refusal: Refusal, scope: Scope, gate: Gate | None = None) -> None:
        """Keep and report a refusal that a guard is about to raise, in the words of its gate."""
        self.refusal, self._refusing = refusal, gate or self.gate
        self.report(refusal, scope, gate)

    def lets_pass(self, error: Exception, scope: Mapping[str, Any], gate: Gate | None = None) -> bool:  # noqa: ARG002
        """Whether a guard that refuses lets the request pass nevertheless: never."""
        return False

    def lets_in(self, error: Exception, scope: Scope) -> bool:  # noqa: ARG002
        """Whether the middleware that refuses lets the request in nevertheless: never."""
        return False

    def caller(self, gate: Gate | None) -> Principal | None:
        """Whom the token names for this gate, or for the middleware's."""
        return self.principal if gate is None else (self.others or {}).get(gate.server)

    def answer(self, refusal: Refusal, scope: Scope) -> Answer:
        """What the caller is told; reports the refusal unless a guard has."""
        if refusal is self.refusal:
            return self._refusing.answer(refusal)
        self.report(refusal, scope)
        return self.gate.answer(refusal)

    async def refuse(self, refusal: Refusal) -> None:
        """Answer a refusal; what the application still sends is dropped."""
        send, self._send = self._send, _discard
        await send_refusal(self.answer(refusal, self._scope), self._scope, send, accepted=self.accepted)

    async def answers(self, error: Exception) -> bool:
        """Whether an error that left the application is a refusal.

        It is answered, unless its page was held back before.
        """
        refusal = refusal_in(error)
        if refusal is not None and self.withheld is None:
            await self.refuse(refusal)
        return refusal is not None

    def end(self) -> None:
        """Let go of the server and of refusals.

        They lead back to the scope, and what refers to itself waits for the garbage collector.
        """
        if self.listeners is not None:
            self.tell_accepted(self._scope)
        self._send = _discard
        self._scope = _NO_SCOPE
        self.refusal = self.withheld = None

    def _meant(self) -> Refusal | None:
        """The refusal that an error page stands for; ``None`` where it stands for another error."""
        handled = sys.exception()  # most frameworks make the page while they handle the error
        if handled is not None:
            return refusal_in(handled)
        return self.refusal if self.refusal is not None and _left_its_package(self.refusal) else None

    # --- what is told of it

    def _listen(self, listeners: Listeners) -> None:
        self.listeners = listeners
        self.seconds = self.doubt = None
        self._began = listeners.monotonic()

    def judged(self) -> None:
        """It was let in. Guards may still refuse it; how long they take is not measured."""
        if self.listeners is not None and self.seconds is None:
            self.seconds = self.listeners.monotonic() - self._began

    def take_over(self, outer: object) -> None:
        """Tell the listeners of the middleware around, too: one request is one event."""
        if isinstance(outer, Passage) and outer.listeners is not None:
            both = outer.listeners if self.listeners is None else self.listeners.and_those_of(outer.listeners)
            outer.listeners = None
            if self.listeners is None:
                self._listen(both)
            self.listeners, self.doubt = both, outer.doubt

    def also_tell(self, gate: Gate) -> None:
        """Those who listen to another resource server that judges the request, too."""
        if gate.listeners.hooks and self.refusal is None and not self.started:
            if self.listeners is None:
                self._listen(gate.listeners)
            else:
                self.listeners = self.listeners.and_those_of(gate.listeners)

    def tell_accepted(self, scope: Scope, status: int = 0) -> None:
        """It is served; the status is that of the answer, 0 where it is not known."""
        listeners, self.listeners = self.listeners, None
        if listeners is None:
            return
        taken, gate = scope.get("route"), self.gate
        known = gate.names.get(id(taken))  # of most requests it is there, and route_of takes longer
        route = gate.route_of(scope, is_served=True) if known is None else known[1]
        if self._prefix and route:
            route = self._prefix + route
        if self.doubt is not None:
            listeners.tell(self.doubt._replace(route=route))
            return
        caller = self.principal
        if caller is None:
            issuer = client = subject = ""
        else:
            issuer, client, subject = caller.issuer, caller.client_id or "", caller.subject
        is_known = caller is not None
        fields = (
            "request_accepted",
            issuer,
            "",
            status,
            caller,
            client,
            "",
            self.method or scope.get("method", ""),
            scope.get("path", ""),
            route,
            is_known,
            is_known and self.cached,
            self.seconds or 0.0,
            subject,
        )
        listeners.tell(_new_event(Event, fields))  # Event(…) takes twice as long

    def report(self, refusal: Refusal, scope: Scope, gate: Gate | None = None, *, what: str = "") -> None:
        """Tell the operator: the log of each refusal, listeners of the first."""
        event = self.reported(refusal, scope, gate, what=what)
        listeners, self.listeners = self.listeners, None
        if listeners is not None:
            listeners.tell(event)

    def reported(self, refusal: Refusal, scope: Mapping[str, Any], gate: Gate | None, *, what: str) -> Event:
        """Log a refusal. The event that tells of it is for the caller of this to hand out."""
        caller, seconds, cached = self.caller(gate), 0.0, False
        if self.listeners is not None:
            seconds = self.listeners.monotonic() - self._began if self.seconds is None else self.seconds
            cached = self.cached and caller is not None
        route = self.gate.route_of(scope, is_served=scope.get(PASSAGE) is self)
        event = refused(scope, refusal, caller, route and self._prefix + route, cached=cached, seconds=seconds)
        log(refusal, event, what)
        return event


class WebSocketEnded(OSError):
    """Raised when an application sends on a websocket that was ended (ASGI 2.4: an OSError)."""


class WebSocketPassage(Passage):
    """A websocket, which is ended in different ways before and after it was accepted."""

    __slots__ = ("accepted",)

    method = WEBSOCKET

    def __init__(self, gate: Gate, scope: Scope, send: Send) -> None:
        super().__init__(gate, scope, send)
        self.accepted = False

    def goes_on(self, refusal: Refusal) -> bool:
        """Whether it stays open although its token is refused by now."""
        return self.lets_pass(refusal, self._scope)

    async def cut_off(self, refusal: Refusal) -> None:
        """End it although it was let in, and tell the operator. What is still sent fails."""
        self.started = True
        self.report(refusal, self._scope, what="an open websocket ends: " if self.accepted else "")
        send, self._send = self._send, _fail
        await send_refusal(self.gate.answer(refusal), self._scope, send, accepted=self.accepted)

    def send(self, message: Message) -> Awaitable[None]:
        """Pass a message on."""
        if self.listeners is not None:
            status = _SWITCHING_PROTOCOLS if message["type"] == "websocket.accept" else message.get("status", 0)
            self.tell_accepted(self._scope, status)
        if message["type"] == "websocket.accept":
            self.accepted = True
            if not message.get("subprotocol") and self.gate.place.answers(self._scope):
                message = {**message, "subprotocol": PROTOCOL}
        elif message["type"] in _ENDS:
            if not self.started and _is_error_end(message, accepted=self.accepted):
                self.withheld = self._meant()
                if self.withheld is not None:
                    return self.refuse(self.withheld)
            self.started = True
        return self._send(message)

    def _meant(self) -> Refusal | None:
        """The same of an end; one that the view itself chose for a refusal is left as it is."""
        meant = super()._meant()
        return meant if meant is not None and _left_its_package(meant) else None


def _is_error_end(message: Message, *, accepted: bool) -> bool:
    """Whether frameworks end a websocket in this way after an error, too."""
    if message["type"] == "websocket.close":
        code = message.get("code", _NORMAL)
        return code in _ERROR_CLOSES or (code == _NORMAL and not accepted)
    return bool(message["status"] == _ERROR_PAGE)


def refusal_in(error: BaseException) -> Refusal | None:
    """The refusal that an error is, or that it wraps as the only kind of error of a task group."""
    if isinstance(error, ExceptionGroup) and error.split(Refusal)[1] is None:
        return refusal_in(error.exceptions[0])
    return error if isinstance(error, Refusal) else None


def _left_its_package(refusal: Refusal) -> bool:
    """Whether a refusal was caught by another package than the one whose code asked.

    A framework catches what a view lets go. A view that caught the refusal itself has gone on, and
    an error page that comes later stands for something else.
    """
    packages = []
    traceback = refusal.__traceback__
    while traceback is not None:
        packages.append(str(traceback.tb_frame.f_globals.get("__name__")).partition(".")[0])
        traceback = traceback.tb_next
    asking = [package for package in packages if package != _OURS]
    return bool(asking) and asking[0] != asking[-1]


async def _fail(message: Message) -> None:
    if message["type"] not in _ENDS:  # to close what is closed does no harm
        raise WebSocketEnded


async def _discard(_message: Message) -> None:
    """Where a page goes that is held back, and what comes after the end."""
