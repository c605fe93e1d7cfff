"""Enforces a requirement in front of a function, an endpoint class or an ASGI application.

A refusal is raised, and the middleware answers it. It is raised rather than returned so that a
guarded function can be a helper or a dependency, too: whoever calls it does not go on by mistake.
"""

import functools
from collections.abc import Callable, Generator, Mapping
from typing import Any, Final, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint
from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from bearerguard.authorization.combination import Requirement
from bearerguard.errors import ConfigurationError
from bearerguard.web.declaration import declare
from bearerguard.web.enforce import enforce, is_permitted

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
        """Serve one connection, or raise the refusal."""
        if scope["type"] != "lifespan" and not is_permitted(scope, self._requirement):
            await enforce(scope, self._requirement)
        await self.app(scope, receive, send)


def guarded_class(endpoint: type[EndpointClass], requirement: Requirement) -> type[EndpointClass]:
    """The same class, awaiting of which is guarded: whatever a subclass does in ``dispatch`` or a method comes after."""
    unguarded: Any = endpoint.__await__

    def __await__(self: EndpointClass) -> Generator[Any, None, None]:  # noqa: N807  becomes the class's own
        if not is_permitted(self.scope, requirement):
            yield from enforce(self.scope, requirement).__await__()
        yield from unguarded(self)

    declare(__await__, requirement)
    endpoint.__await__ = __await__  # type: ignore[method-assign, assignment]
    return endpoint


def guarded_function(function: Callable[..., Any], requirement: Requirement, *, is_async: bool) -> Callable[..., Any]:
    """A coroutine function that judges the request and then calls ``function``, in the thread pool where it is no coroutine."""
    called = function if is_async else functools.partial(run_in_threadpool, function)

    @functools.wraps(function)
    async def guarded(first: Any = _ABSENT, /, *others: Any, **kwargs: Any) -> Any:
        if type(first) is Request and not others and not kwargs:  # as Starlette calls it
            if not is_permitted(first.scope, requirement):
                await enforce(first.scope, requirement)
            return await called(first)
        args = others if first is _ABSENT else (first, *others)
        scope = _connection_among(function, args, kwargs).scope
        if not is_permitted(scope, requirement):
            await enforce(scope, requirement)
        return await called(*args, **kwargs)

    return guarded


def _connection_among(function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> HTTPConnection:
    for value in (*args, *kwargs.values()):
        if isinstance(value, HTTPConnection):
            return value
    problem = f"{function!r} was called without a Request or WebSocket"
    raise ConfigurationError("@requires", problem, example="async def list_orders(request: Request)")
