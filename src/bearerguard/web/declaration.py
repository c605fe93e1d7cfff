"""What an endpoint declares: a requirement, or that it is public or optional.

Guards, routes and the audit read it here. A declaration belongs to the object that enforces it. A
wrapper around that object, or a replacement, declares nothing, and the audit at the start names it.
"""

import functools
import inspect
import types
from collections.abc import Callable, Hashable
from typing import Any, Final, NamedTuple, TypeAlias
from weakref import WeakSet, ref

from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint
from starlette.types import Scope

from bearerguard.authorization.combination import Requirement, all_of
from bearerguard.authorization.policy_row import Public

Declaration: TypeAlias = Requirement | Public

WEBSOCKET: Final = "WEBSOCKET"
OTHER: Final = "other"
"""All methods that no rule can name, including an HTTP method that is called WEBSOCKET."""

_ATTRIBUTE: Final = "_bearerguard_declaration"
_guarded: Final[WeakSet[Callable[..., Any]]] = WeakSet()
_scoped: Final[WeakSet[Any]] = WeakSet()
# HTTPEndpoint hands these to a method of its own name
HANDLED: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY")


class _Mark(NamedTuple):
    """A declaration and its owner: ``functools.wraps`` copies attributes, subclasses inherit."""

    owner: ref[Any]
    declaration: Declaration


def declare(target: Any, declaration: Declaration) -> None:
    """Note a declaration on a function, class or object, or on a dependency of FastAPI."""
    setattr(target, _ATTRIBUTE, _Mark(ref(target), declaration))


def note_scoped(dependency: Any) -> None:
    """Note that a dependency of FastAPI enforces the scopes of ``Security(…, scopes=[…])``."""
    _scoped.add(dependency)


def enforces_scopes(dependency: Any) -> bool:
    """Whether a dependency of FastAPI enforces the scopes that it is given."""
    return isinstance(dependency, Hashable) and dependency in _scoped


def note_guarded(function: Callable[..., Any]) -> None:
    """Note that another function guards this one, which does not guard itself."""
    _guarded.add(function)


def is_guarded_elsewhere(endpoint: object) -> bool:
    """Whether ``@requires`` made a guarded function of this one, which is not guarded itself.

    The route was made before the decorator was applied.
    """
    return isinstance(endpoint, types.FunctionType) and endpoint in _guarded


def declared(target: object) -> Declaration | None:
    """What a function, a method or an ASGI application declares itself.

    A bound method and a ``partial`` declare what their function does. A proxy of one, as ``wrapt``
    makes them, has its attributes and passes for its type, but may answer without it.
    """
    while True:
        if type(target) is types.MethodType:
            target = target.__func__
        found = getattr(target, _ATTRIBUTE, None)
        if isinstance(found, _Mark) and found.owner() is target:
            return found.declaration
        if type(target) is not functools.partial:
            return None
        target = target.func


def is_hidden(endpoint: object) -> bool:
    """Whether a decorator around the endpoint hides its declaration."""
    inner = getattr(endpoint, "__wrapped__", None)
    while inner is not None and declared(endpoint) is None:
        if declared(inner) is not None:
            return True
        inner = getattr(inner, "__wrapped__", None)
    return False


def declared_for(endpoint: object, method: str) -> Declaration | None:
    """What the endpoint of a route declares for one method; ``WEBSOCKET`` for websockets."""
    if not inspect.isclass(endpoint):
        return declared(endpoint)
    whole = declared_by_class(endpoint)
    if whole is not None:
        return whole
    return declared(handler_of(endpoint, method))


def method_of(scope: Scope) -> str:
    """The method by which rules name this request; empty for an HTTP method called WEBSOCKET."""
    if scope["type"] == "websocket":
        return WEBSOCKET
    method: str = scope["method"]
    return method if method != WEBSOCKET else ""


def declared_by_class(endpoint: type) -> Declaration | None:
    """What an endpoint class declares for all its methods.

    ``@public`` is not inherited, because a subclass may add methods.
    """
    guard = declared(getattr(endpoint, "__await__", None))
    return declared(endpoint) if guard is None else guard


def handler_of(endpoint: Any, method: str) -> Callable[..., Any] | None:
    """The method of an endpoint class that Starlette calls; ``None`` if none is known."""
    handler: Callable[..., Any] | None = None
    if _dispatches_as(endpoint, HTTPEndpoint) and method in HANDLED:
        name = "get" if method == "HEAD" and not hasattr(endpoint, "head") else method.lower()
        handler = getattr(endpoint, name, None)
    elif _dispatches_as(endpoint, WebSocketEndpoint) and method == WEBSOCKET:
        handler = endpoint.on_connect
    return handler


def combined(*declarations: Declaration | None) -> Declaration | None:
    """What several declarations come to: all requirements; else ``OPTIONAL`` before ``PUBLIC``."""
    requirements = [one for one in declarations if isinstance(one, Requirement)]
    if requirements:
        return all_of(requirements)
    return next((one for one in (Public.OPTIONAL, Public.PUBLIC) if one in declarations), None)


def declared_by_methods(endpoint: type) -> dict[str, Declaration | None]:
    """What each method of an endpoint class declares, without what the class declares."""
    handlers = {method: handler_of(endpoint, method) for method in (*HANDLED, WEBSOCKET)}
    return {method: declared(handler) for method, handler in handlers.items() if handler is not None}


def all_declared(endpoint: object) -> set[Declaration | None]:
    """Everything that an endpoint, or a method of an endpoint class, declares."""
    if inspect.isclass(endpoint):
        return {declared_by_class(endpoint), *declared_by_methods(endpoint).values()}
    return {declared(endpoint)}


def _dispatches_as(endpoint: Any, base: Any) -> bool:
    if not issubclass(endpoint, base) or endpoint.dispatch is not base.dispatch:
        return False
    return endpoint.__await__ is base.__await__ or declared(endpoint.__await__) is not None
