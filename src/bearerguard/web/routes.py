"""Reads the routes of Starlette and FastAPI applications: their own objects, in their own order.

Other ASGI applications are closed books; so is a Starlette application inside a wrapper that has no
``app`` attribute.
"""

import functools
import inspect
import sys
import types
from collections.abc import Iterator, Sequence
from typing import Any, Final

from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint
from starlette.routing import Router
from starlette.types import Scope

from bearerguard.web.declaration import Declaration, combined, declared

_DEEPEST: Final = 100
_FUNCTIONS: Final = (types.FunctionType, types.MethodType)


def layers(app: object) -> Iterator[Any]:
    """An ASGI application and what it is wrapped around, layer by layer (``.app``), down to the one that routes."""
    for _ in range(_DEEPEST):
        if app is None:
            return
        yield app
        if isinstance(app, Starlette | Router):
            return
        app = getattr(app, "app", None)


def router_of(app: object) -> Starlette | Router | None:
    """The application beneath all layers whose routes can be read."""
    return next((layer for layer in layers(app) if isinstance(layer, Starlette | Router)), None)


def router_behind(app: object, scope: Scope) -> Starlette | Router | None:
    """The application that will route this request, seen from a middleware around ``app``.

    Where a wrapper hides it, ``scope["app"]`` names it, unless a router has had its say already:
    then its paths are not ours.
    """
    found = router_of(app)
    if found is None and "router" not in scope:
        found = router_of(scope.get("app"))
    return found


def root_path_of(router: Starlette | Router | None) -> str:
    """What ``FastAPI(root_path=…)`` puts into the scope in place of the server's; empty where nothing is put."""
    root_path: str = getattr(router, "root_path", "")
    return root_path


def routes_of(router: Starlette | Router) -> Sequence[Any]:
    """The routes in the order in which they are asked; those of routers that FastAPI includes stand in their place."""
    fastapi = sys.modules.get("fastapi.routing")  # not imported here: FastAPI is an extra
    if fastapi is None or not isinstance(getattr(router, "router", router), fastapi.APIRouter):
        return router.routes
    contexts = getattr(fastapi, "iter_route_contexts", None)  # older ones copy the routes they include
    return router.routes if contexts is None else list(contexts(router.routes))


def path_of(route: Any) -> str:
    """The path template of a route; empty for a ``Host``."""
    return getattr(route, "path", None) or ""


def subtree_of(route: Any) -> object | None:
    """The application beneath a ``Mount`` or a ``Host``; ``None`` for a route with an endpoint."""
    return None if getattr(route, "endpoint", None) is not None else getattr(route, "app", None)


def reads_paths_itself(route: Any) -> bool:
    """Whether what a route leads to is given the path to read, as an ASGI application, not the route's parameters."""
    endpoint = getattr(route, "endpoint", None)
    while isinstance(endpoint, functools.partial):
        endpoint = endpoint.func
    if isinstance(endpoint, _FUNCTIONS) or getattr(route, "dependant", None) is not None:
        return False
    return not (inspect.isclass(endpoint) and issubclass(endpoint, HTTPEndpoint | WebSocketEndpoint))


def fallback_of(router: Starlette | Router) -> object | None:
    """What serves the paths that no route takes: ``router.default``, or the files of FastAPI's ``app.frontend``."""
    inner: Any = getattr(router, "router", router)
    files = getattr(inner, "_iter_low_priority_routes", None)
    found: object | None = None if files is None else next(iter(files()), None)
    if found is None and getattr(inner.default, "__self__", None) is not inner:
        found = inner.default
    return found


def declared_for_all(route: Any) -> Declaration | None:
    """What a ``Mount`` or ``Host`` declares for all beneath, itself or by a layer of its application."""
    return combined(declared(route), *map(declared, layers(subtree_of(route))))
