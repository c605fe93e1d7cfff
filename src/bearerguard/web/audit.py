"""Who gets through to which route: the same table that the middleware judges when an application starts."""

from typing import Any

from starlette.applications import Starlette
from starlette.types import ASGIApp

from bearerguard.errors import ConfigurationError, show
from bearerguard.web.middleware import AccessTokenMiddleware, public_rows
from bearerguard.web.route_table import AuditedRoute, PathRules, route_table
from bearerguard.web.routes import layers, router_of

__all__ = ["AuditedRoute", "audit"]


def audit(app: ASGIApp) -> tuple[AuditedRoute, ...]:
    """Every route of a Starlette or FastAPI application with the requirement that guards it, in the router's order.

    Mounts, hosts, nested routers and applications, websockets and static files are included; ``policy`` and ``public`` of an
    ``AccessTokenMiddleware`` around the application or among its middlewares are taken into account. ``print(*audit(app),
    sep="\\n")`` shows a table. Nothing is started, and nothing is refused.

    Does not see what an application that is no Starlette does, nor FastAPI's ``frontend`` files: both need a valid token.

    Raises:
        ConfigurationError: the application's routes cannot be read.
    """
    router = router_of(app)
    if router is None:
        raise ConfigurationError("app", f"the routes of {show(app)} cannot be read", example="Starlette(routes=[…])")
    return route_table(router, _rules(app))


def _rules(app: ASGIApp) -> PathRules:
    for layer in layers(app):
        if isinstance(layer, AccessTokenMiddleware):
            return layer.rules
        if isinstance(layer, Starlette):
            entries: list[Any] = layer.user_middleware
            for entry in entries:
                if entry.cls is AccessTokenMiddleware:
                    options = entry.kwargs
                    return PathRules(options.get("policy"), public_rows(options.get("public", ())))
    return PathRules()
