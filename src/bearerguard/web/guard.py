"""Enforces a requirement in front of a function, an endpoint class or an ASGI application.

A guarded function raises the refusal, so that its caller, a helper or a dependency, does not go on
by mistake. A function that is not async judges when it is called and waits for nothing. A guarded
class or application answers the refusal itself, because other middlewares may be around it.
"""

import functools
from collections.abc import Awaitable, Callable, Generator, Mapping
from typing import Any, Final, TypeVar

from starlette._exception_handler import wrap_app_handling_exceptions
from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint
from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from bearerguard.authorization.combination import Requirement
from bearerguard.errors import ConfigurationError
from bearerguard.web.declaration import declare
from bearerguard.web.enforce import enforce, enforce_now, is_permitted

_ABSENT: Final = object()

EndpointClass = TypeVar("EndpointClass", bound=HTTPEndpoint | WebSocketEndpoint)


class GuardedApp:
    """An ASGI application behind a requirement.

    Attributes:
        app: What is guarded. Its lifespan is not.
    """

    def __init__(self, app: ASGIApp, requirement: Requirement) -> None:
        self.app = app
        self._requirement = requirement

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, or answer the refusal."""
        if scope["type"] == "lifespan" or await admits(self._requirement, scope, receive, send):
            await self.app(scope, receive, send)


async def admits(requirement: Requirement, scope: Scope, receive: Receive, send: Send) -> bool:
    """Whether the caller meets the requirement. If not, the refusal has been answered.

    Raises:
        Refusal: It cannot be answered here, because no Starlette application is around it.
    """
    if is_permitted(scope, requirement):
        return True
    admitted = False

    async def judged(*_connection: object) -> None:
        nonlocal admitted
        await enforce(scope, requirement)
        admitted = True

    kind = WebSocket if scope["type"] == "websocket" else Request
    await wrap_app_handling_exceptions(judged, kind(scope, receive, send))(scope, receive, send)
    return admitted


def guarded_class(endpoint: type[EndpointClass], requirement: Requirement) -> type[EndpointClass]:
    """The same class, guarded when it is awaited: before any ``dispatch`` and any method."""
    unguarded: Any = endpoint.__await__

    def __await__(self: EndpointClass) -> Generator[Any, None, None]:  # noqa: N807  the class's own
        if (yield from admits(requirement, self.scope, self.receive, self.send).__await__()):
            yield from unguarded(self)

    declare(__await__, requirement)
    endpoint.__await__ = __await__  # type: ignore[method-assign, assignment]
    return endpoint


def guarded_function(function: Callable[..., Any], requirement: Requirement) -> Callable[..., Any]:
    """A function that raises the refusal when it is called, and otherwise calls ``function``."""

    @functools.wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        scope = _connection_among(function, args, kwargs).scope
        if not is_permitted(scope, requirement):
            enforce_now(scope, requirement)
        return function(*args, **kwargs)

    return guarded


def guarded_coroutine_function(function: Callable[..., Awaitable[Any]], requirement: Requirement) -> Callable[..., Any]:
    """A coroutine function that judges the request and then awaits ``function``."""

    @functools.wraps(function)
    async def guarded(first: Any = _ABSENT, /, *others: Any, **kwargs: Any) -> Any:
        if type(first) is Request and not others and not kwargs:  # as Starlette calls it
            if not is_permitted(first.scope, requirement):
                await enforce(first.scope, requirement)
            return await function(first)
        args = others if first is _ABSENT else (first, *others)
        scope = _connection_among(function, args, kwargs).scope
        if not is_permitted(scope, requirement):
            await enforce(scope, requirement)
        return await function(*args, **kwargs)

    return guarded


def _connection_among(function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> HTTPConnection:
    for value in (*args, *kwargs.values()):
        if isinstance(value, HTTPConnection):
            return value
    problem = f"{function!r} was called without a Request or WebSocket"
    raise ConfigurationError("@requires", problem, example="async def list_orders(request: Request)")
