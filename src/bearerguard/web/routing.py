"""Are the routes still those that were judged when the application started?

A route may be added at any time, and ``router.default`` may be set. Nobody has judged what is new,
so the middleware reads the application again before it serves the next request.
"""

from collections.abc import Iterator
from operator import is_
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Router

from bearerguard.web.routes import router_of, subtree_of


class Routing:
    """The routers of an application as they were when they were read.

    Args:
        router: The application; ``None`` where its routes cannot be read, so that nothing changes.
    """

    __slots__ = ("_frontends", "_mounted", "_of_fastapi", "_routers")

    def __init__(self, router: Starlette | Router | None) -> None:
        routers = [] if router is None else list(_routers(router))
        self._routers = tuple((one, list(one.routes), one.default) for one in routers)
        # its routes count as equal whatever they depend on
        self._of_fastapi = tuple((one, routes) for one, routes, _ in self._routers if any(map(_has_dependencies, routes)))
        self._mounted = tuple((route, route.app) for one in routers for route in one.routes if subtree_of(route) is not None)
        self._frontends = tuple((files, list(files)) for files in map(_frontends_of, routers) if files is not None)

    def is_current(self) -> bool:
        """Whether nothing was added, removed or replaced; lists of the same objects compare fast."""
        for router, routes, default in self._routers:
            if router.routes != routes or router.default is not default:
                return False
        for router, routes in self._of_fastapi:
            if not all(map(is_, router.routes, routes)):
                return False
        for mount, app in self._mounted:
            if mount.app is not app:
                return False
        for files, kept in self._frontends:  # noqa: SIM110  a generator costs a request more
            if files != kept:
                return False
        return True


def _routers(router: Starlette | Router) -> Iterator[Any]:
    inner: Any = getattr(router, "router", router)
    yield inner
    for route in inner.routes:
        included = getattr(route, "original_router", None)  # FastAPI's include_router
        beneath = router_of(subtree_of(route)) if included is None else included
        if beneath is not None:
            yield from _routers(beneath)


def _has_dependencies(route: object) -> bool:
    return getattr(route, "dependant", None) is not None


def _frontends_of(router: Any) -> list[Any] | None:
    """The groups of files of FastAPI's ``app.frontend``, in the list to which later ones are added."""
    return getattr(router, "_low_priority_routes", None)
