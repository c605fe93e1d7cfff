"""Every place where a router hands a request over: endpoints, and applications that are closed books, with what they declare."""

import functools
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.routing import Router, WebSocketRoute
from starlette.staticfiles import StaticFiles

from bearerguard.web.declaration import (
    OTHER,
    WEBSOCKET,
    Declaration,
    combined,
    declared,
    declared_by_class,
    declared_by_methods,
    is_guarded_elsewhere,
)
from bearerguard.web.route_paths import ALL_BENEATH, is_as_written
from bearerguard.web.routes import declared_for_all, layers, path_of, root_path_of, router_of, routes_of, subtree_of

Treatment = TypeVar("Treatment")


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
        paths: A template of all its paths; of more than these, where they cannot be read from
            ``path``.
        is_misdecorated: ``@requires`` guards another function made of the endpoint, not the one
            that the route has.
    """

    methods: tuple[str, ...]
    host: str
    path: str
    name: str
    own: Declaration | None
    outer: Declaration | None
    paths: str
    is_misdecorated: bool = False


@dataclass(frozen=True, slots=True)
class _Place:
    """Where routes lie: beneath which hosts and mounts."""

    host: str = ""
    path: str = ""
    outer: Declaration | None = None
    paths: str = ""
    is_known: bool = True

    def of(self, route: Any) -> "_Place":
        """The place of a route, or of all beneath a mount or a host."""
        is_known = self.is_known and is_as_written(route)
        return _Place(
            getattr(route, "host", None) or self.host,
            self.path + path_of(route),
            self.outer if subtree_of(route) is None else combined(self.outer, declared_for_all(route)),
            self.paths + path_of(route) if is_known else self.paths,
            is_known,
        )

    def leaf(self, app: object, methods: tuple[str, ...], own: Declaration | None, *, beneath: str = "") -> Leaf:
        """What is served here."""
        paths = self.paths + (beneath if self.is_known else ALL_BENEATH)
        is_misdecorated = is_guarded_elsewhere(app)
        return Leaf(methods, self.host, self.path + beneath, _name(app), own, self.outer, paths, is_misdecorated)


def leaves(router: Starlette | Router) -> Iterator[Leaf]:
    """All of them, in the order in which the router asks its routes."""
    return _leaves(router, _Place())


def _leaves(router: Starlette | Router, place: _Place) -> Iterator[Leaf]:
    for route in routes_of(router):
        here = place.of(route)
        app = subtree_of(route)
        if app is None:
            by_dependencies = _declared_by_dependencies(getattr(route, "dependant", None))
            for methods, own in _declared_by_endpoint(route):
                yield here.leaf(route.endpoint, methods, combined(own, *by_dependencies))
            continue
        inner = router_of(app)
        if inner is not None:
            # FastAPI(root_path=…) takes the place of the mount's: then its routes see more of the
            # path than lies beneath
            yield from _leaves(inner, replace(here, is_known=False) if root_path_of(inner) else here)
        else:
            *_, innermost = layers(app)
            methods = ("GET", "HEAD") if isinstance(innermost, StaticFiles) else ()
            yield here.leaf(innermost, methods, None, beneath=ALL_BENEATH)


def _declared_by_endpoint(route: Any) -> Iterator[tuple[tuple[str, ...], Declaration | None]]:
    """The methods of a route, in groups that declare the same."""
    endpoint = route.endpoint
    methods = tuple(sorted(OTHER if method == WEBSOCKET else method for method in getattr(route, "methods", None) or ()))
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
