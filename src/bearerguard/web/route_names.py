"""Templates of routes, such as ``/orders/{id}``: what metrics and logs may be grouped by.

A path has as many values as callers like, and may name a person; a template has neither.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from starlette.applications import Starlette
from starlette.routing import Router
from starlette.types import Scope

from bearerguard.events import logger
from bearerguard.web.destination import full_match
from bearerguard.web.routes import path_of, root_path_of, router_of, routes_of, subtree_of

Names: TypeAlias = Mapping[int, tuple[object, str]]
"""The template of each route and endpoint, by its ``id``, which stays its own while the object is
kept beside it."""

_AMBIGUOUS: Final = ""


class RouteNames:
    """The templates of one application, as it was when it was read.

    Args:
        router: Its router.

    Attributes:
        names: An empty template stands for several.
    """

    __slots__ = ("_router", "names")

    def __init__(self, router: Starlette | Router) -> None:
        self._router = router
        names: dict[int, tuple[object, str]] = {}
        for one, name in _named(router):
            known = names.setdefault(id(one), (one, name))
            if known[1] != name:
                names[id(one)] = (one, _AMBIGUOUS)
        self.names: Names = names

    def taken_by(self, scope: Mapping[str, Any]) -> str:
        """The template of the route, or of the innermost mount, that has taken a request."""
        for key in ("route", "endpoint"):  # older ones of Starlette name the endpoint alone
            _, name = self.names.get(id(scope.get(key)), (None, ""))
            if name:
                return name
        return ""

    def asked(self, scope: Mapping[str, Any]) -> str:
        """The same of a request that no router has seen yet."""
        try:
            return _walked(self._router, dict(scope))
        except Exception:  # noqa: BLE001  the router would fail alike; a name is not worth an error
            logger.debug("the routes could not be asked which of them is meant", exc_info=True)
            return ""


class NamesInApp:
    """Of whatever Starlette application serves a request, where no middleware has read it."""

    __slots__ = ("_read",)

    def __init__(self) -> None:
        self._read: tuple[object, RouteNames | None] = (None, None)

    def __call__(self, scope: Mapping[str, Any], *, is_served: bool) -> str:
        """The template of the route that takes a request; empty where that cannot be told."""
        app = scope.get("app")
        if app is not self._read[0]:
            router = router_of(app)
            self._read = (app, None if router is None else RouteNames(router))
        names = self._read[1]
        return names.taken_by(scope) if names is not None and is_served else ""


def mounted_at(scope: Mapping[str, Any]) -> str:
    """The template of the mounts in front of a middleware; empty where it is around them all."""
    outermost = scope.get("app_root_path")
    if outermost is None:
        return ""
    prefix: str = scope.get("root_path", "")[len(outermost) :]
    names = {str(value): name for name, value in (scope.get("path_params") or {}).items()}
    return "/".join(f"{{{names[part]}}}" if part in names else part for part in prefix.split("/"))


def _named(router: Starlette | Router, prefix: str = "") -> Iterator[tuple[object, str]]:
    """Routes and endpoints, each with the template that leads to it."""
    for route in routes_of(router):
        name = prefix + path_of(route)
        yield getattr(route, "original_route", route), name
        inner = router_of(subtree_of(route))
        if inner is not None:
            yield from _named(inner, name)
        elif (endpoint := getattr(route, "endpoint", None)) is not None:
            yield endpoint, name


def _walked(router: Starlette | Router, scope: Scope) -> str:
    name = ""
    while True:
        if root_path := root_path_of(router):
            scope = {**scope, "root_path": root_path}
        found = full_match(router, scope)
        if found is None:
            return name
        route, scope = found
        name += path_of(route)
        inner = router_of(subtree_of(route))
        if inner is None:
            return name
        router = inner
