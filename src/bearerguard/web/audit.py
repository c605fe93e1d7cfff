"""Who may call which route: the table that the middleware checks when an application starts."""

import functools
import inspect
from collections.abc import Iterator
from typing import Any

from starlette.applications import Starlette
from starlette.types import ASGIApp

from bearerguard.errors import ConfigurationError, show
from bearerguard.web.middleware import AccessTokenMiddleware
from bearerguard.web.path_rules import PathRules
from bearerguard.web.route_table import AuditedRoute, route_table
from bearerguard.web.routes import layers, router_of


def audit(app: ASGIApp) -> tuple[AuditedRoute, ...]:
    """Every route of a Starlette or FastAPI application and who may call it, in the router's order.

    Includes mounts, hosts, nested routers and applications, websockets and static files, and
    considers ``policy`` and ``public`` of every ``AccessTokenMiddleware`` around or in the
    application. If rows treat paths of a route differently, the route is listed once for each of
    them, marked as "in part". ``print(*audit(app), sep="\\n")`` shows a table. Nothing is started
    and nothing is refused; a middleware of a class derived from ours is made, to be asked.

    A row holds for all paths of its route except those with control characters or a segment ``.``
    or ``..``, which are always refused.

    Does not see what an application other than Starlette's does, nor the middleware of a ``Mount``
    or a ``Router``, nor, before the application was first served, one that a function makes.

    Raises:
        ConfigurationError: the application's routes cannot be read.
    """
    router = router_of(app)
    if router is None:
        raise ConfigurationError("app", f"the routes of {show(app)} cannot be read", example="Starlette(routes=[…])")
    return route_table(router, *_rules(app))


def _rules(app: ASGIApp) -> Iterator[PathRules]:
    for layer in layers(app):
        if isinstance(layer, AccessTokenMiddleware):
            yield layer.rules
        elif isinstance(layer, Starlette):
            stack = (
                layers(layer.middleware_stack)
                if layer.middleware_stack is not None
                else (_made(one, layer) for one in layer.user_middleware)
            )
            yield from (made.rules for made in stack if isinstance(made, AccessTokenMiddleware))


def _made(entry: Any, app: Starlette) -> object:
    """A middleware as the application will make it, if it is ours; otherwise ``None``."""
    cls = entry.cls
    while isinstance(cls, functools.partial):
        cls = cls.func
    if not inspect.isclass(cls) or not issubclass(cls, AccessTokenMiddleware):
        return None
    made: object = entry.cls(app, *entry.args, **entry.kwargs)
    return made
