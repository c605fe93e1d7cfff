"""Applications that look like those of Litestar, Quart, Django and BlackSheep, as far as errors go, without the frameworks.

Each has one view, which refuses who may not write, and does with the error what its framework does.
"""

import sys
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final

import pytest
from starlette.types import Receive, Scope, Send

from bearerguard import Refusal, principal_of, role

WRITE: Final = role("Write.All")


@dataclass
class Reply:
    """What a framework makes of a response."""

    body: bytes
    status: int
    headers: dict[str, str]


class Lookalike:
    """One of them; ``late`` says that the view has begun to answer before it refuses."""

    def __init__(self, *, late: bool = False, turned_into: int = 0) -> None:
        self.late = late
        self.turned_into = turned_into
        self.add_handlers()

    def add_handlers(self) -> None:
        """Where the framework keeps what it does with errors."""
        raise NotImplementedError

    async def answered(self, scope: Scope, error: Refusal) -> Reply | None:
        """What it does with an error of its view."""
        raise NotImplementedError

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if self.late:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        try:
            principal_of(scope, WRITE)
        except Refusal as error:
            reply = await self.answered(scope, error)
        if reply is None:
            return
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
            return
        headers = {**reply.headers, "content-length": str(len(reply.body))}
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": self.turned_into or reply.status, "headers": raw})
        await send({"type": "http.response.body", "body": reply.body})


class Litestar(Lookalike):
    """Asks a table of handlers, which are not async."""

    __module__ = "litestar.app"
    routes = ()

    def add_handlers(self) -> None:
        self.exception_handlers: dict[Any, Any] = {}

    async def answered(self, scope: Scope, error: Refusal) -> Reply | None:
        reply: Reply = self.exception_handlers[Refusal](SimpleNamespace(scope=scope), error)
        return reply


class Quart(Lookalike):
    """Asks a table of handlers; the request is in a variable of the context."""

    __module__ = "quart.app"

    def add_handlers(self) -> None:
        self.error_handler_spec: dict[Any, Any] = {None: {None: {}}}

    async def answered(self, scope: Scope, error: Refusal) -> Reply | None:
        quart: Any = sys.modules["quart"]
        quart.has_request_context = lambda: scope["type"] == "http"
        known, other = ("request", "websocket") if scope["type"] == "http" else ("websocket", "request")
        setattr(quart, known, SimpleNamespace(scope=scope))
        setattr(quart, other, SimpleNamespace(scope={}))
        return Reply(*await self.error_handler_spec[None][None][Refusal](error))


class Django(Lookalike):
    """Asks a list of hooks in turn."""

    __module__ = "django.core.handlers.asgi"

    def add_handlers(self) -> None:
        self._exception_middleware: list[Any] = []

    async def answered(self, scope: Scope, error: Refusal) -> Reply | None:
        replies = (hook(SimpleNamespace(scope=scope), error) for hook in self._exception_middleware)
        found: Reply = next(reply for reply in replies if reply)
        return found


class Middlewares(list[Any]):
    """BlackSheep's list, which has categories and is closed when the application has started."""

    closed = False
    places: Any = ()

    def append(self, middleware: Any, *place: Any) -> None:
        if self.closed:
            raise RuntimeError
        self.places = (*self.places, place)
        super().append(middleware)


class BlackSheep(Lookalike):
    """Calls its middlewares around the view, and asks a table of handlers about what leaves them."""

    __module__ = "blacksheep.server.application"
    router = SimpleNamespace(routes={})

    def add_handlers(self) -> None:
        self.middlewares = Middlewares()
        self.exceptions_handlers: dict[Any, Any] = {}

    async def answered(self, scope: Scope, error: Refusal) -> Reply | None:
        async def view(_request: Any) -> None:
            raise error

        (middleware,) = self.middlewares
        try:
            reply: Reply | None = await middleware(SimpleNamespace(scope=scope), view)
        except Refusal:
            if not any(kind in self.exceptions_handlers for kind in type(error).__mro__):
                raise
            return Reply(b"shaped", 418, {})
        return reply


LOOKALIKES: Final[dict[str, type[Lookalike]]] = {"litestar": Litestar, "quart": Quart, "django": Django, "blacksheep": BlackSheep}


def _litestar(content: bytes, *, status_code: int, media_type: str, headers: dict[str, str]) -> Reply:
    return Reply(content, status_code, {"content-type": media_type, **headers})


def _django(content: bytes, *, status: int, content_type: str, headers: dict[str, str]) -> Reply:
    return Reply(content, status, {"content-type": content_type, **headers})


def _blacksheep(status: int, headers: list[tuple[bytes, bytes]], content: tuple[bytes, bytes]) -> Reply:
    texts = {name.decode(): value.decode() for name, value in headers}
    return Reply(content[1], status, {"content-type": content[0].decode(), **texts})


def put_modules_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the frameworks were loaded."""
    modules: dict[str, dict[str, Any]] = {
        "litestar": {"Response": _litestar},
        "quart": {},
        "django.http": {"HttpResponse": _django},
        "blacksheep": {"Response": _blacksheep, "Content": lambda kind, data: (kind, data)},
        "blacksheep.middlewares": {"MiddlewareCategory": SimpleNamespace(MESSAGE="innermost")},
    }
    for name, held in modules.items():
        monkeypatch.setitem(sys.modules, name, SimpleNamespace(**held))
