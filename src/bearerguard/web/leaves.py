"""Every place where a router hands a request over: endpoints, and applications that are closed books, with what they declare."""

import functools
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from starlette.applications import Starlette
from starlette.routing import Router, WebSocketRoute
from starlette.staticfiles import StaticFiles

from bearerguard.web.declaration import WEBSOCKET, Declaration, combined, declared, declared_by_class, declared_by_methods
from bearerguard.web.routes import declared_for_all, layers, path_of, router_of, routes_of, subtree_of

Treatment = TypeVar("Treatment")

_REST: Final = "/{path:path}"


@dataclass(frozen=True, slots=True)
class Leaf:
    """One route, or those of its methods that declare the same.

    Attributes:
        methods: HTTP methods or ``WEBSOCKET``; empty stands for all of them.
        host: Host pattern it lies behind, or empty.
        path: Path template, mounts included, in Starlette's notation.
        name: Module and name of what serves it.
        own: What the endpoint and its dependencies declare.
        outer: What the mounts around it declare.
    """

    methods: tuple[str, ...]
    host: str
    path: str
    name: str
    own: Declaration | None
    outer: Declaration | None


def leaves(router: Starlette | Router, host: str = "", path: str = "", outer: Declaration | None = None) -> Iterator[Leaf]:
    """All of them, in the order in which the router asks its routes."""
    for route in routes_of(router):
        where = path + path_of(route)
        app = subtree_of(route)
        if app is None:
            by_dependencies = _declared_by_dependencies(getattr(route, "dependant", None))
            for methods, own in _declared_by_endpoint(route):
                yield Leaf(methods, host, where, _name(route.endpoint), combined(own, *by_dependencies), outer)
            continue
        beneath = combined(outer, declared_for_all(route))
        inner = router_of(app)
        if inner is not None:
            yield from leaves(inner, getattr(route, "host", None) or host, where, beneath)
        else:
            *_, innermost = layers(app)
            methods = ("GET", "HEAD") if isinstance(innermost, StaticFiles) else ()
            yield Leaf(methods, getattr(route, "host", None) or host, where + _REST, _name(innermost), None, beneath)


def _declared_by_endpoint(route: Any) -> Iterator[tuple[tuple[str, ...], Declaration | None]]:
    """The methods of a route, in groups that declare the same."""
    endpoint = route.endpoint
    methods = tuple(sorted(getattr(route, "methods", None) or ()))
    if not inspect.isclass(endpoint):
        if isinstance(getattr(route, "original_route", route), WebSocketRoute):  # FastAPI shows an included route by proxy
            methods = (WEBSOCKET,)
        yield methods, declared(endpoint)
        return
    whole = declared_by_class(endpoint)
    by_method = declared_by_methods(endpoint)
    if whole is not None or not by_method:
        yield methods or tuple(by_method), whole
        return
    for own, alike in grouped(by_method).items():
        yield alike, own


def grouped(by_method: Mapping[str, Treatment]) -> dict[Treatment, tuple[str, ...]]:
    """The methods that are treated alike, by their treatment."""
    groups: dict[Treatment, tuple[str, ...]] = {}
    for method, treatment in by_method.items():
        groups[treatment] = (*groups.get(treatment, ()), method)
    return groups


def _declared_by_dependencies(dependant: Any) -> Iterator[Declaration | None]:
    """Of FastAPI's routes: what the functions they depend on declare, at every depth."""
    for dependency in getattr(dependant, "dependencies", ()):
        yield declared(dependency.call)
        yield from _declared_by_dependencies(dependency)


def _name(endpoint: Any) -> str:
    while isinstance(endpoint, functools.partial):
        endpoint = endpoint.func
    named = endpoint if hasattr(endpoint, "__qualname__") else type(endpoint)
    return f"{named.__module__}.{named.__qualname__}"
