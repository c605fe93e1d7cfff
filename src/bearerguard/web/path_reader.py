"""How applications other than Starlette's routers are known to read paths.

Each treats slashes in its own way, so all are assumed to ignore a doubled or trailing one. They
differ in the root path, in prefixes of their own, and in mounts that end inside a segment.

Sources: ``litestar/_asgi/asgi_router.py`` and ``routing_trie/traversal.py`` of Litestar 2.25,
``blacksheep/server/routing.py`` and ``application.py`` of BlackSheep 2.6, ``quart/asgi.py`` of
Quart 0.22, ``django/core/handlers/asgi.py`` of Django 6.1.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from bearerguard.web.routes import layers

_TAIL: Final = "/?(?P<tail>.*)"


@dataclass(frozen=True, slots=True)
class PathReader:
    """What is known of one application.

    Attributes:
        takes_off_root_path: It takes ``scope["root_path"]`` off the front of the path, once.
        prefix: It takes this off the path instead, whatever the root path is; else empty.
        boundless: Patterns of its mounts and catch-alls that match without a slash behind them; the
            group ``tail`` is what they serve.
        served_apart: Paths that go to none of these.
        routes_by_raw_path: It looks for the root path in ``raw_path``, where that is encoded.
        ignores_case: Its routes match letters in any case.
        is_known: It is one of the frameworks that are known here.
    """

    takes_off_root_path: bool = False
    prefix: str = ""
    boundless: tuple[re.Pattern[str], ...] = ()
    served_apart: frozenset[str] = frozenset()
    routes_by_raw_path: bool = False
    ignores_case: bool = False
    is_known: bool = True

    @property
    def can_hide_anything(self) -> bool:
        """Whether paths without an odd character may have two readings, too."""
        return bool(self.boundless or self.prefix) or self.routes_by_raw_path or self.ignores_case

    def behind_a_slash(self, path: str) -> Iterator[str]:
        """A path that a mount takes without a slash behind it, as if there were one."""
        for pattern in () if path in self.served_apart else self.boundless:
            found = pattern.match(path)
            if found is not None and path[found.start("tail") - 1] != "/":
                yield f"{path[: found.start('tail')]}/{found['tail']}"


def framework_of(app: object) -> tuple[str, Any]:
    """The name of an application's framework, and the application beneath what it is wrapped in.

    The name is empty where the framework is not one of those that are known here.
    """
    *_, innermost = layers(app)
    packages = (kind.__module__.partition(".")[0] for kind in type(innermost).__mro__)
    return next((package for package in packages if package in _KNOWN), ""), innermost


def path_reader(app: object) -> PathReader:
    """The reader of an application, beneath what it is wrapped in."""
    name, innermost = framework_of(app)
    if not name:
        return PathReader(prefix=_django_prefix(), is_known=False)  # it may be a function that calls Django
    return _KNOWN[name](innermost)


def _starlette(app: Any) -> PathReader:
    prefix = getattr(app, "root_path", "")  # FastAPI(root_path=…)
    return PathReader(takes_off_root_path=not prefix, prefix=prefix)


def _quart(_app: Any) -> PathReader:
    return PathReader(takes_off_root_path=True)


def _django(_app: Any) -> PathReader:
    prefix = _django_prefix()
    return PathReader(takes_off_root_path=not prefix, prefix=prefix)


def _django_prefix() -> str:
    """``FORCE_SCRIPT_NAME``, read as Django does; settings are not loaded for it."""
    settings = getattr(sys.modules.get("django.conf"), "settings", None)
    if settings is None or not settings.configured:
        return ""
    return settings.FORCE_SCRIPT_NAME or ""


def _litestar(app: Any) -> PathReader:
    """Its mounts match by ``re.match``, without a boundary; they cut ``path`` alone."""
    mounts = [route for route in app.routes if getattr(getattr(route, "route_handler", None), "is_mount", False)]
    paths = [route.path.rstrip("/") for route in mounts]
    return PathReader(
        takes_off_root_path=all(route.route_handler.is_static for route in mounts),
        boundless=tuple(re.compile(re.escape(path) + _TAIL) for path in paths if path),
        served_apart=frozenset(route.path for route in app.routes if not getattr(route, "path_parameters", ())) - {*paths},
    )


def _blacksheep(app: Any) -> PathReader:
    """``/files/*`` matches ``/filesx``; mounts are found by the path with its root path."""
    mounted = getattr(getattr(app, "mount_registry", None), "mounted_apps", ())
    router = app.router
    started = [route for routes in router.routes.values() for route in routes]
    waiting = [route for _, route in getattr(router, "_registered_routes", ())]  # until the start
    patterns = {route.pattern: route.rx.pattern for route in [*started, *waiting, *mounted]}
    found = [pattern.decode() for written, pattern in patterns.items() if written.endswith(b"/*") and written != b"/*"]
    return PathReader(
        takes_off_root_path=not mounted,
        boundless=tuple(re.compile(pattern, re.IGNORECASE) for pattern in found),
        routes_by_raw_path=True,
        ignores_case=True,
    )


_KNOWN: Final = {
    "starlette": _starlette,
    "fastapi": _starlette,
    "litestar": _litestar,
    "quart": _quart,
    "django": _django,
    "blacksheep": _blacksheep,
}
