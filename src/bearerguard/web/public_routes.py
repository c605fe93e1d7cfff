"""Which requests does the application's own router hand to a public endpoint?

Two answers that must agree: the router's, when the request gets there, and ours, before it. So the
routes themselves are asked, in the router's order, and only a full match counts. A filter made once
from the public routes' paths spares the walk to all other requests; it lets too much through, never
anything out.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from starlette.applications import Starlette
from starlette.routing import Router
from starlette.types import Scope

from bearerguard.authorization.policy_row import Public
from bearerguard.events import logger
from bearerguard.web.declaration import all_declared, declared, declared_for, method_of
from bearerguard.web.destination import answers_405, destination_of
from bearerguard.web.routes import declared_for_all, default_of, path_of, router_of, routes_of, subtree_of
from bearerguard.web.served_apps import ServedApps

_NAMED_GROUP: Final = re.compile(r"\(\?P<\w+>")
_REST: Final = "/(?P<path>.*)$"  # what Mount adds to its path
_ANYTHING: Final = ".*"


class PublicRoutes:
    """The public endpoints of one application, as they were when it was first served.

    Args:
        router: The application.
        served: What its routes serve. An endpoint is public as long as its route serves that.
    """

    __slots__ = ("_literal", "_patterns", "_router", "_served")

    def __init__(self, router: Starlette | Router, served: ServedApps | None = None) -> None:
        self._router = router
        self._served = served or ServedApps()
        found = set(_public_paths(router))
        self._literal = frozenset(path for path, pattern in found if pattern == re.escape(path))
        patterns = sorted(pattern for path, pattern in found if path not in self._literal)
        self._patterns = re.compile("|".join(patterns)) if patterns else None

    def __bool__(self) -> bool:
        """Whether there is anything public at all."""
        return bool(self._literal) or self._patterns is not None

    def open_for(self, scope: Scope, route_path: str) -> Public | None:
        """What the endpoint of this request declares, if that is ``PUBLIC`` or ``OPTIONAL``.

        Args:
            scope: Of the request.
            route_path: Its path as the router sees it.
        """
        if route_path not in self._literal and not (self._patterns is not None and self._patterns.fullmatch(route_path)):
            return None
        try:
            if scope.get("method") == "HEAD" and answers_405(self._router, scope):
                # FastAPI's GET takes no HEAD: the answer tells no more than GET's
                scope = {**scope, "method": "GET"}
            found = destination_of(self._router, scope)
        except Exception:  # noqa: BLE001  a converter failed: the router fails alike
            logger.debug("a route could not be asked whether it is public", exc_info=True)
            return None
        if found is None or not self._served.is_unchanged(found.route):
            return None  # no such route, or not for this method: only callers with a token learn that
        whole = declared_for(found.app, method_of(scope)) if found.whole is None else found.whole
        return whole if isinstance(whole, Public) else None


def _public_paths(router: Starlette | Router, path: str = "", pattern: str = "") -> Iterator[tuple[str, str]]:
    """Path and regular expression of each open route, with those of the mounts around it."""
    for route in routes_of(router):
        own = (path + path_of(route), pattern + _pattern(route))
        app = subtree_of(route)
        if app is None:
            if any(isinstance(one, Public) for one in all_declared(getattr(route, "endpoint", None))):
                yield own
        elif isinstance(declared_for_all(route), Public):
            yield own[0], own[1] + _ANYTHING
        elif declared_for_all(route) is None and (inner := router_of(app)) is not None:
            yield from _public_paths(inner, *own)
    if isinstance(declared(default_of(router)), Public):
        yield path + _ANYTHING, pattern + _ANYTHING


def _pattern(route: Any) -> str:
    regex = getattr(route, "path_regex", None)
    if regex is None:
        return "" if hasattr(route, "host_regex") else _ANYTHING
    pattern = regex.pattern
    if subtree_of(route) is not None:
        pattern = pattern.removesuffix(_REST)
    return _NAMED_GROUP.sub("(?:", pattern.removeprefix("^").removesuffix("$"))
