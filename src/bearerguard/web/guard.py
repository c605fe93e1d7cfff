"""Enforces a requirement in front of a function, an endpoint class or an ASGI application.

A refusal is answered here and not left to the layers outside, which may know nothing of it: mounted applications, error
handlers that make a 500 of everything. An application that has a handler for the error itself gets it raised.
"""

import functools
from collections.abc import Callable, Generator, Mapping
from typing import Any, Final, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint
from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketState

from bearerguard.authorization.combination import Requirement
from bearerguard.errors import ConfigurationError
from bearerguard.web.declaration import declare
from bearerguard.web.gate import gate_of, is_permitted, judge
from bearerguard.web.refusal import REFUSALS, Refusal, send_refusal

EndpointClass = TypeVar("EndpointClass", bound=HTTPEndpoint | WebSocketEndpoint)

_HANDLERS: Final = "starlette.exception_handlers"


class GuardedApp:
    """An ASGI application behind a requirement.

    Attributes:
        app: What is guarded. Its lifespan is not.
    """

    def __init__(self, app: ASGIApp, requirement: Requirement) -> None:
        self.app = app
        self._requirement = requirement

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and not is_permitted(scope, self._requirement):
            error = await judge(scope, self._requirement)
            if error is not None:
                await _turn_away(error, scope, receive, send)
                return
        await self.app(scope, receive, send)


def guarded_class(endpoint: type[EndpointClass], requirement: Requirement) -> type[EndpointClass]:
    """The same class, awaiting of which is guarded: whatever a subclass does in ``dispatch`` or a method comes after."""
    unguarded: Any = endpoint.__await__

    def __await__(self: EndpointClass) -> Generator[Any, None, None]:  # noqa: N807  becomes the class's own
        if not is_permitted(self.scope, requirement):
            error = yield from judge(self.scope, requirement).__await__()
            if error is not None:
                yield from _turn_away(error, self.scope, self.receive, self.send).__await__()
                return
        yield from unguarded(self)

    declare(__await__, requirement)
    endpoint.__await__ = __await__  # type: ignore[method-assign, assignment]
    return endpoint


def guarded_function(function: Callable[..., Any], requirement: Requirement, *, is_async: bool) -> Callable[..., Any]:
    """A coroutine function that judges the request and then calls ``function``, in the thread pool where it is no coroutine.

    A refusal raised in ``function`` is answered, too.
    """
    called = function if is_async else functools.partial(run_in_threadpool, function)

    @functools.wraps(function)
    async def guarded(*args: Any, **kwargs: Any) -> Any:
        connection = args[0] if args and type(args[0]) is Request else _connection_among(function, args, kwargs)
        scope = connection.scope
        if not is_permitted(scope, requirement):
            error = await judge(scope, requirement)
            if error is not None:
                return await _turned_away(error, connection)
        try:
            return await called(*args, **kwargs)
        except REFUSALS as error:
            return await _turned_away(error, connection)

    return guarded


def _connection_among(function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> HTTPConnection:
    for value in (*args, *kwargs.values()):
        if isinstance(value, HTTPConnection):
            return value
    problem = f"{function!r} was called without a Request or WebSocket"
    raise ConfigurationError("@requires", problem, example="async def list_orders(request: Request)")


async def _turn_away(error: Exception, scope: Scope, receive: Receive, send: Send) -> None:
    answer = gate_of(scope).answer(error, scope)
    if _app_handles(error, scope):
        raise error
    await send_refusal(answer, scope, receive, send)


async def _turned_away(error: Exception, connection: HTTPConnection) -> Refusal | None:
    """What the endpoint function returns instead: a response, or nothing once the websocket is closed."""
    scope = connection.scope
    answer = gate_of(scope).answer(error, scope)
    if _app_handles(error, scope):
        raise error
    if scope["type"] == "http":
        return Refusal(answer)
    if not isinstance(connection, WebSocket) or connection.application_state in _ENDED:
        raise error
    accepted = connection.application_state is WebSocketState.CONNECTED
    await send_refusal(answer, scope, connection.receive, connection.send, accepted=accepted)
    return None


_ENDED: Final = (WebSocketState.DISCONNECTED, WebSocketState.RESPONSE)


def _app_handles(error: Exception, scope: Scope) -> bool:
    """Whether the application was built with a handler for this refusal: ``exception_handlers={AccessTokenError: …}``."""
    if not isinstance(error, REFUSALS):
        return False
    handlers, _ = scope.get(_HANDLERS) or ({}, {})
    return any(kind in handlers for kind in type(error).__mro__)
