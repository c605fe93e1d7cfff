"""Where do the application's routers hand a request over? The routes are asked, in their order."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Match, Router
from starlette.types import Scope

from bearerguard.web.declaration import Declaration
from bearerguard.web.route_paths import is_as_written
from bearerguard.web.routes import (
    declared_for_all,
    fallback_of,
    reads_paths_itself,
    root_path_of,
    router_of,
    routes_of,
    subtree_of,
)


@dataclass(frozen=True, slots=True, eq=False)
class Destination:
    """What serves a request, or takes its path in hand.

    Attributes:
        app: Endpoint of a route, or an application whose routes cannot be read.
        scope: As it gets there.
        whole: What the outermost mount that declares something declares for all beneath.
        prefixes: Of the ``FastAPI(root_path=…)`` that it passed; each replaces the root path.
        reads_paths_itself: It is given the path, not parameters of it.
        route: The innermost route that took the request; ``None`` where none did.
    """

    app: Any
    scope: Scope
    whole: Declaration | None
    prefixes: tuple[str, ...]
    reads_paths_itself: bool
    route: Any = None


def destination_of(router: Starlette | Router, scope: Scope) -> Destination | None:
    """Where a request ends, if a route takes it: only a full match counts."""
    whole: Declaration | None = None
    prefixes: tuple[str, ...] = ()
    if root_path := root_path_of(router):
        scope = {**scope, "root_path": root_path}
    while True:
        found = full_match(router, scope)
        if found is None:
            rest = fallback_of(router)
            return None if rest is None else Destination(rest, scope, whole, prefixes, reads_paths_itself=True)
        route, scope = found
        app = subtree_of(route)
        if app is None:
            endpoint = getattr(route, "endpoint", route)
            return Destination(endpoint, scope, whole, prefixes, reads_paths_itself(route), route)
        if whole is None:
            whole = declared_for_all(route)
        inner = router_of(app)
        if inner is None:
            return Destination(app, scope, whole, prefixes, reads_paths_itself=True)
        router = inner
        if root_path := root_path_of(router):
            prefixes += (root_path,)
            scope = {**scope, "root_path": root_path}


def full_match(router: Starlette | Router, scope: Scope) -> tuple[Any, Scope] | None:
    """The route of one router that takes a request, and the scope as it gets there."""
    for route in routes_of(router):
        match, child_scope = route.matches(scope)
        if match is Match.FULL:
            return route, {**scope, **child_scope}
    return None


def answers_405(router: Starlette | Router, scope: Scope) -> bool:
    """Whether a route has the path but not the method, and no other route takes the request."""
    has_path = False
    for route in routes_of(router):
        match, child_scope = route.matches(scope)
        if match is Match.FULL:
            inner = router_of(subtree_of(route))
            return inner is not None and answers_405(inner, {**scope, **child_scope})
        if match is Match.PARTIAL and not has_path:
            if not is_as_written(route):
                return False  # what it does with the request is its own affair
            has_path = True
    return has_path and fallback_of(router) is None


def readers_beneath(router: Starlette | Router) -> Iterator[object]:
    """Every application that reads paths itself, and every mounted ``FastAPI(root_path=…)``."""
    if (rest := fallback_of(router)) is not None:
        yield rest
    for route in routes_of(router):
        app = subtree_of(route)
        if app is None:
            if reads_paths_itself(route):
                yield getattr(route, "endpoint", route)
            continue
        inner = router_of(app)
        if inner is None:
            yield app
            continue
        if root_path_of(inner):
            yield inner
        yield from readers_beneath(inner)
