"""Judges a request before a thread is taken for it, and before a middleware of its route.

An endpoint that is not async runs in the thread pool, and so would its guard: callers who may not
use it could fill the pool. A middleware of a route stands between route and guard, and could answer
without it, as a cache does. What serves such a route is therefore put behind the same requirement.
"""

import inspect

from starlette._utils import is_async_callable
from starlette.applications import Starlette
from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send

from bearerguard.authorization.combination import Requirement
from bearerguard.web.declaration import (
    HANDLED,
    all_declared,
    declared,
    declared_by_class,
    declared_for,
    handler_of,
    method_of,
)
from bearerguard.web.guard import admits
from bearerguard.web.routes import FRAMEWORKS, routes_beneath, serving


class JudgedFirst:
    """What serves a route, behind what its endpoint declares.

    Attributes:
        app: What serves the route.
    """

    def __init__(self, app: ASGIApp, endpoint: object) -> None:
        self.app = app
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, or answer the refusal."""
        requirement = declared_for(self._endpoint, method_of(scope))
        if not isinstance(requirement, Requirement) or await admits(requirement, scope, receive, send):
            await self.app(scope, receive, send)


def judge_first(router: Starlette | Router) -> None:
    """Put every route of an application whose endpoint would judge too late behind its guard.

    Where FastAPI shows an included route by proxy, what it stands for is put behind the guard. Once
    is enough: what is behind it already is left alone.
    """
    for route in routes_beneath(router):
        served = serving(route)
        app, endpoint = getattr(served, "app", None), getattr(route, "endpoint", None)
        if app is None or isinstance(app, JudgedFirst):
            continue
        if _judges_in_a_thread(endpoint) or _judges_behind_a_middleware(app, endpoint):
            served.app = JudgedFirst(app, endpoint)


def _judges_in_a_thread(endpoint: object) -> bool:
    if not inspect.isclass(endpoint):
        return isinstance(declared(endpoint), Requirement) and not is_async_callable(endpoint)
    if declared_by_class(endpoint) is not None:
        return False
    return any(_judges_in_a_thread(handler_of(endpoint, method)) for method in HANDLED)


def _judges_behind_a_middleware(app: object, endpoint: object) -> bool:
    """Whether what serves the route is neither the endpoint nor what a framework makes of it."""
    if app is endpoint or getattr(app, "__globals__", {}).get("__name__") in FRAMEWORKS:  # ``functools.wraps`` copies no globals
        return False
    return any(isinstance(one, Requirement) for one in all_declared(endpoint))
