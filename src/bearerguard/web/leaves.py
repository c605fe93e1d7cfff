"""Every place where a router hands a request over, with what is declared there.

That is an endpoint, or an application whose routes cannot be read.
"""

import functools
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from starlette.applications import Starlette
from starlette.routing import Router, WebSocketRoute
from starlette.staticfiles import StaticFiles

from bearerguard.authorization.combination import Requirement
from bearerguard.authorization.requirement import scope
from bearerguard.web.declaration import (
    OTHER,
    WEBSOCKET,
    Declaration,
    combined,
    declared,
    declared_by_class,
    declared_by_methods,
    enforces_scopes,
    is_guarded_elsewhere,
    is_hidden,
)
from bearerguard.web.route_paths import ALL_BENEATH, is_as_written
from bearerguard.web.routes import (
    declared_for_all,
    default_of,
    frontends_of,
    is_dispatcher,
    layers,
    path_of,
    root_path_of,
    router_of,
    routes_of,
    subtree_of,
)

Treatment = TypeVar("Treatment")

_FILES: Final = ("GET", "HEAD")
_TOO_HIGH: Final = "; @requires guards a function made of this one, not this one: put it beneath @app.get or @router.get"
_HIDDEN: Final = (
    "; another decorator is around @requires or @public, and would answer without it: put @requires outermost, "
    "beneath @app.get or @router.get alone"
)
_UNREADABLE: Final = (
    "; routes of your own classes cannot be read: put what this one serves into a Mount guarded by requires(…), or "
    "list its paths in public="
)
_DISPATCHER: Final = "; it has an attribute app, but may serve something else: guard it as a whole by requires(…)"
_FRONTEND: Final = (
    "; app.frontend serves files to anyone with a token: give the application or the router dependencies, such as "
    "[Depends(require(…))], or list the paths in public="
)
_DEFAULT: Final = "; router.default serves what no route does: guard it by requires(…)"


@dataclass(frozen=True, slots=True)
class Leaf:
    """One route, or those of its methods that declare the same.

    Attributes:
        methods: HTTP methods or ``WEBSOCKET``; if empty, all of them.
        host: Pattern of the ``Host`` around it, or empty.
        path: Path template, mounts included, in Starlette's notation.
        name: Module and name of what serves it.
        own: What the endpoint and its dependencies declare.
        outer: What the mounts around it declare.
        paths: A template of all its paths; of more than these, where they cannot be read from
            ``path``.
        advice: What is likely to be wrong if it is undeclared; mostly empty.
    """

    methods: tuple[str, ...]
    host: str
    path: str
    name: str
    own: Declaration | None
    outer: Declaration | None
    paths: str
    advice: str = ""


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
            combined(self.outer, declared_for_all(route)),
            self.paths + path_of(route) if is_known else self.paths,
            is_known,
        )

    def leaf(
        self, app: object, methods: tuple[str, ...], own: Declaration | None, *, beneath: str = "", advice: str = ""
    ) -> Leaf:
        """What is served here."""
        paths = self.paths + (beneath if self.is_known else ALL_BENEATH)
        return Leaf(methods, self.host, self.path + beneath, _name(app), own, self.outer, paths, advice or _advice(app))


def leaves(router: Starlette | Router) -> Iterator[Leaf]:
    """All of them, in the order in which the router asks its routes."""
    return _leaves(router, _Place())


def leaves_of_dispatcher(app: object) -> Iterator[Leaf]:
    """One, where the outermost application may serve something else than its ``.app``."""
    *_, innermost = layers(app)
    if is_dispatcher(innermost):
        own = combined(*map(declared, layers(app)))
        yield _Place().leaf(innermost, (), own, beneath=ALL_BENEATH, advice=_DISPATCHER)


def _leaves(router: Starlette | Router, place: _Place) -> Iterator[Leaf]:
    for route in routes_of(router):
        here = place.of(route)
        app = subtree_of(route)
        if app is None:
            yield from _leaves_of_endpoint(route, here)
            continue
        inner = router_of(app)
        if inner is not None:
            # FastAPI(root_path=…) takes the place of the mount's: then its routes see more of the
            # path than lies beneath
            yield from _leaves(inner, replace(here, is_known=False) if root_path_of(inner) else here)
        else:
            *_, innermost = layers(app)
            methods = _FILES if isinstance(innermost, StaticFiles) else ()
            advice = _DISPATCHER if is_dispatcher(innermost) else ""
            yield here.leaf(innermost, methods, None, beneath=ALL_BENEATH, advice=advice)
    yield from _leaves_of_fallbacks(router, place)


def _leaves_of_endpoint(route: Any, here: _Place) -> Iterator[Leaf]:
    if getattr(route, "endpoint", None) is None:
        yield here.leaf(getattr(route, "original_route", route), (), None, beneath=ALL_BENEATH, advice=_UNREADABLE)
        return
    by_dependencies = list(_required_by_dependencies(getattr(route, "dependant", None)))
    for methods, own in _declared_by_endpoint(route):
        yield here.leaf(route.endpoint, methods, combined(own, *by_dependencies))


def _leaves_of_fallbacks(router: Starlette | Router, place: _Place) -> Iterator[Leaf]:
    """What serves the paths that no route takes."""
    for group in frontends_of(router):
        own = combined(*_required_by_dependencies(group.dependant))
        for files in getattr(group, "original_route", group).routes:
            path = (getattr(group, "frontend_prefix", "") + files.path).rstrip("/")
            here = replace(place, path=place.path + path, paths=place.paths + path)
            for beneath in ("", ALL_BENEATH) if path else (ALL_BENEATH,):
                yield here.leaf(files.app, _FILES, own, beneath=beneath, advice=_FRONTEND)
    default = default_of(router)
    if default is not None:
        own = combined(*map(declared, layers(default)))
        yield place.leaf(default, (), own, beneath=ALL_BENEATH, advice=_DEFAULT)


def _advice(endpoint: object) -> str:
    return _TOO_HIGH if is_guarded_elsewhere(endpoint) else _HIDDEN if is_hidden(endpoint) else ""


def _declared_by_endpoint(route: Any) -> Iterator[tuple[tuple[str, ...], Declaration | None]]:
    """The methods of a route, in groups that declare the same."""
    endpoint = route.endpoint
    methods = tuple(sorted(OTHER if method == WEBSOCKET else method for method in getattr(route, "methods", None) or ()))
    if not inspect.isclass(endpoint):
        # FastAPI shows an included route by proxy
        if isinstance(getattr(route, "original_route", route), WebSocketRoute):
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


def _required_by_dependencies(dependant: Any) -> Iterator[Declaration | None]:
    """What the functions that a route of FastAPI depends on require, at every depth.

    A dependency that is ``@public`` opens itself, and no route.
    """
    for dependency in getattr(dependant, "dependencies", ()):
        own = declared(dependency.call)
        yield own if isinstance(own, Requirement) else None
        if enforces_scopes(dependency.call):
            yield from map(scope, (*(dependency.parent_oauth_scopes or ()), *(dependency.own_oauth_scopes or ())))
        yield from _required_by_dependencies(dependency)


def _name(endpoint: Any) -> str:
    while isinstance(endpoint, functools.partial):
        endpoint = endpoint.func
    named = endpoint if hasattr(endpoint, "__qualname__") else type(endpoint)
    return f"{named.__module__}.{named.__qualname__}"
