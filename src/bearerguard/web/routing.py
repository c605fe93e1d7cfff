"""Are the routes still those that were judged when the application started?

A route may be added at any time, and ``router.default`` may be set. Nobody has judged what is new,
so the middleware reads the application again before it serves the next request.
"""

from collections.abc import Iterator
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Router

from bearerguard.web.routes import router_of, subtree_of


class Routing:
    """The routers of an application as they were when they were read.

    Args:
        router: The application; ``None`` where its routes cannot be read, so that nothing changes.
    """

    __slots__ = ("_lists", "_routers")

    def __init__(self, router: Starlette | Router | None) -> None:
        routers = [] if router is None else list(_routers(router))
        self._routers = tuple((one, one.default) for one in routers)
        self._lists = tuple((one, name, list(found)) for one in routers for name, found in _lists_of(one))

    def is_current(self) -> bool:
        """Whether nothing was added, removed or replaced; the same objects compare fast."""
        for holder, name, routes in self._lists:
            if getattr(holder, name) != routes:
                return False
        for router, default in self._routers:  # noqa: SIM110  a generator costs a request more
            if router.default is not default:
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


def _lists_of(router: Any) -> Iterator[tuple[str, list[Any]]]:
    for name in ("routes", "_low_priority_routes"):  # the latter: FastAPI's app.frontend
        if isinstance(found := getattr(router, name, None), list):
            yield name, found
