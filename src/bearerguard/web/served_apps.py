"""Does a route still serve what it did when its endpoint was judged?

A route is judged by its endpoint and serves by its attribute ``app``, which it makes of the
endpoint. Whoever puts another application there takes the guard away, and nobody has judged what
stands in its place.
"""

from typing import Any

from starlette.applications import Starlette
from starlette.routing import Router

from bearerguard.errors import ConfigurationError
from bearerguard.web.routes import layers, path_of, routes_beneath, serving


class ServedApps:
    """What each route of an application served when it was first read.

    An object whose ``app`` is what the route served first is a wrapper around it. It changes nothing.
    """

    __slots__ = ("_first",)

    def __init__(self) -> None:
        self._first: dict[int, tuple[Any, Any]] = {}

    def read(self, router: Starlette | Router) -> None:
        """Learn of routes that are new, and forget those that are gone.

        Raises:
            ConfigurationError: A route serves something else than before.
        """
        known, self._first = self._first, {}
        routes = list(routes_beneath(router))
        for route in map(serving, routes):
            self._first[id(route)] = known.get(id(route), (route, getattr(route, "app", None)))
        replaced = [path_of(route) for route in routes if not self.is_unchanged(route)]
        if replaced:
            problem = (
                f"another application was put in place of the one that serves {', '.join(replaced)}, and nobody has judged it"
            )
            raise ConfigurationError("route.app", problem, example='app.router.routes.append(Mount("/new", app=…))')

    def is_unchanged(self, route: Any) -> bool:
        """Whether a route, if it was read, serves what it did then."""
        now = serving(route)
        _, first = self._first.get(id(now), (None, None))
        return first is None or now.app is first or any(layer is first for layer in layers(now.app))
