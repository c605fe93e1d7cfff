"""Reads the routes of Starlette and FastAPI applications: their own objects, in their own order.

The routes of other ASGI applications cannot be read, nor those of a Starlette application inside a
wrapper without the attribute ``app``.
"""

import functools
import inspect
import sys
import types
from collections.abc import Iterator, Sequence
from typing import Any, Final

from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint
from starlette.routing import BaseRoute, Router
from starlette.types import Scope

from bearerguard.web.declaration import Declaration, combined, declared

FRAMEWORKS: Final = ("starlette.routing", "fastapi.routing")
"""Modules whose own routes are read."""

_DEEPEST: Final = 100
_FUNCTIONS: Final = (types.FunctionType, types.MethodType)
_ASGI: Final = ("scope", "receive", "send")


def layers(app: object) -> Iterator[Any]:
    """An ASGI application and what it is wrapped around (``.app``), layer by layer.

    The last is the one that routes, or one that may serve something else than its ``.app``.
    """
    for _ in range(_DEEPEST):
        if app is None:
            return
        yield app
        if isinstance(app, Starlette | Router) or is_dispatcher(app):
            return
        app = getattr(app, "app", None)


def is_dispatcher(layer: object) -> bool:
    """Whether an application with an attribute ``app`` may serve something else, too.

    A middleware is an object with one application. Anyone can set the attribute on a function, and
    an object that holds a second application may choose between them.
    """
    app = getattr(layer, "app", None)
    if app is None or isinstance(layer, Starlette | Router):
        return False
    if isinstance(layer, _FUNCTIONS):
        return True
    return any(_is_application(one, layer) for value in _held(layer) for one in _with_elements(value) if one is not app)


def _held(layer: object) -> Iterator[object]:
    """The attributes of an object, and those of its class."""
    yield from getattr(layer, "__dict__", {}).values()
    for kind in type(layer).__mro__:
        for name, value in vars(kind).items():
            # of __slots__; a property is not asked, since it may do anything
            yield getattr(layer, name, None) if isinstance(value, types.MemberDescriptorType) else value


def _with_elements(value: object, depth: int = 3) -> Iterator[object]:
    """A value, and what it holds, such as a dictionary of lists of pairs."""
    yield value
    elements = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple | set | frozenset) else ()
    for element in elements if depth else ():
        yield from _with_elements(element, depth - 1)


def _is_application(value: Any, holder: object) -> bool:
    if isinstance(value, Starlette | Router | BaseRoute):
        return True
    if inspect.isclass(value) or getattr(value, "__self__", None) is holder:
        return False
    try:
        return tuple(inspect.signature(value).parameters) == _ASGI
    except (TypeError, ValueError):  # not callable, or a built-in function without a signature
        return False


def router_of(app: object) -> Starlette | Router | None:
    """The application beneath all layers whose routes can be read."""
    return next((layer for layer in layers(app) if isinstance(layer, Starlette | Router)), None)


def router_behind(app: object, scope: Scope) -> Starlette | Router | None:
    """The application that will route this request, seen from a middleware around ``app``.

    Where a wrapper hides it, ``scope["app"]`` names it, unless a router has had its say already:
    then its paths are not ours.
    """
    found = router_of(app)
    if found is None and "router" not in scope and not any(map(is_dispatcher, layers(app))):
        found = router_of(scope.get("app"))
    return found


def root_path_of(router: Starlette | Router | None) -> str:
    """What ``FastAPI(root_path=…)`` puts into the scope in place of the server's; mostly empty."""
    root_path: str = getattr(router, "root_path", "")
    return root_path


def routes_of(router: Starlette | Router) -> Sequence[Any]:
    """The routes in the order in which they are asked, with those of FastAPI's included routers."""
    fastapi = sys.modules.get("fastapi.routing")  # not imported here: FastAPI is an extra
    if fastapi is None or not isinstance(getattr(router, "router", router), fastapi.APIRouter):
        return router.routes
    # older ones copy the routes they include
    contexts = getattr(fastapi, "iter_route_contexts", None)
    return router.routes if contexts is None else list(contexts(router.routes))


def path_of(route: Any) -> str:
    """The path template of a route; empty for a ``Host``."""
    return getattr(route, "path", None) or ""


def subtree_of(route: Any) -> object | None:
    """The application beneath a ``Mount`` or a ``Host``; ``None`` for a route with an endpoint."""
    return None if getattr(route, "endpoint", None) is not None else getattr(route, "app", None)


def serving(route: Any) -> Any:
    """The route that serves, where FastAPI shows an included one by proxy; else the route itself."""
    return getattr(route, "_effective_route", route)


def reads_paths_itself(route: Any) -> bool:
    """Whether a route leads to an ASGI application, which reads the path itself."""
    endpoint = getattr(route, "endpoint", None)
    while isinstance(endpoint, functools.partial):
        endpoint = endpoint.func
    if isinstance(endpoint, _FUNCTIONS) or getattr(route, "dependant", None) is not None:
        return False
    return not (inspect.isclass(endpoint) and issubclass(endpoint, HTTPEndpoint | WebSocketEndpoint))


def fallback_of(router: Starlette | Router) -> object | None:
    """What serves the paths that no route takes, if anything does."""
    return next(frontends_of(router), None) or default_of(router)


def frontends_of(router: Starlette | Router) -> Iterator[Any]:
    """Groups of files that FastAPI's ``app.frontend`` serves where no route takes the path."""
    files = getattr(getattr(router, "router", router), "_iter_low_priority_routes", None)
    return iter(()) if files is None else iter(files())


def default_of(router: Starlette | Router) -> Any | None:
    """``router.default``, unless it is the router's own, which answers 404."""
    inner: Any = getattr(router, "router", router)
    return None if getattr(inner.default, "__self__", None) is inner else inner.default


def declared_for_all(route: Any) -> Declaration | None:
    """What a ``Mount`` or ``Host`` declares for all beneath, or a layer of its application does."""
    written = getattr(route, "original_route", route)  # FastAPI shows an included mount by proxy
    return combined(declared(written), *map(declared, layers(subtree_of(route))))


def routes_beneath(router: Starlette | Router) -> Iterator[Any]:
    """Every route with an endpoint, those of mounted applications included."""
    for route in routes_of(router):
        app = subtree_of(route)
        if app is None:
            yield route
        elif (inner := router_of(app)) is not None:
            yield from routes_beneath(inner)
