"""Which rule holds for a request's path, in every way in which it may be read?

One place for ``policy``, ``public=`` and ``@public``, so that they cannot read a path differently.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.routing import Router
from starlette.types import Scope

from bearerguard import error_codes as codes
from bearerguard.authorization.combination import Requirement
from bearerguard.authorization.policy_row import PolicyRow, Public
from bearerguard.errors import InsufficientScope, show
from bearerguard.events import logger
from bearerguard.principal import Principal
from bearerguard.web.declaration import method_of
from bearerguard.web.destination import Destination, destination_of, readers_beneath
from bearerguard.web.path_reader import PathReader, path_reader
from bearerguard.web.path_rules import PathRules
from bearerguard.web.public_routes import PublicRoutes
from bearerguard.web.readings import Request, is_plain
from bearerguard.web.request_path import check, raw, route_path
from bearerguard.web.routes import root_path_of
from bearerguard.web.served_apps import ServedApps

Rule: TypeAlias = Requirement | Public | None
"""What a path needs; ``None`` stands for any valid token."""

_OPEN_ROUTES: Final = {one: PolicyRow(f"@{one.value}", (), "", one, ()) for one in Public}
_HINT: Final = (
    "Give both paths the same rule. If the application takes the server's root_path off the path, say so: "
    'AccessTokenMiddleware(…, root_path="/api")'
)


class PathJudge:
    """Judges the paths of one middleware.

    Args:
        rules: What the middleware says of paths.
        root_path: What the application takes off the path, as the middleware was told; ``None``
            where it was not.
    """

    def __init__(self, rules: PathRules, root_path: str | None) -> None:
        self._told = self._root_path = root_path
        self._app: object = None
        self._router: Starlette | Router | None = None
        self._served = ServedApps()
        self._public_routes: PublicRoutes | None = None
        self._readers: dict[int, tuple[object, PathReader]] = {}
        self._table = rules.policy or rules.public
        self._elsewhere = None if rules.policy is None else NO_ROW
        self._judges_every_path = self._has_rules = self._has_nothing_to_say = False

    def read(self, app: object, router: Starlette | Router | None) -> None:
        """Learn what the application does with paths, and what is public there.

        Args:
            app: The application.
            router: The router in it, if it has one that can be read.

        Raises:
            ConfigurationError: A route serves something else than when it was first read.
        """
        self._app, self._router = app, router
        if router is not None:
            self._served.read(router)
        beneath = [app] if router is None else list(readers_beneath(router))
        self._readers = {id(one): (one, path_reader(one)) for one in beneath}
        readers = [reader for _, reader in self._readers.values()]
        self._judges_every_path = any(reader.can_hide_anything for reader in readers)
        if self._told is None:
            own = root_path_of(router) if router is not None else readers[0].prefix if readers[0].is_known else ""
            self._root_path = own.rstrip("/") or None
        if router is not None and self._elsewhere is None:
            self._public_routes = PublicRoutes(router, self._served) or None
        self._has_rules = self._table is not None or self._public_routes is not None
        self._has_nothing_to_say = not self._has_rules and not self._readers

    def rule(self, scope: Scope) -> Rule:
        """What a request needs.

        Afterwards the path in the scope is the one that was judged.

        Raises:
            InvalidRequest: rules cannot judge such a path safely.
        """
        given = path = full = scope["path"]
        if self._root_path or (scope.get("root_path")):  # faster than scope.get
            path = route_path(scope, self._root_path)
            full = scope["path"]
        if not (full.isascii() and full.isprintable()) or "." in full:
            check(full)
        if self._has_nothing_to_say:
            return None
        if not self._readers:
            return self._rule_of(self._row(scope, path))
        if "%" in full:
            check(unquote(full))
        if scope.get("raw_path") != full.encode(errors="replace"):
            scope["raw_path"] = raw(full)
        row = self._row(scope, path) if self._has_rules else None
        is_certain = is_plain(path) and not self._judges_every_path and not scope.get("root_path")
        if is_certain or (row is None and self._elsewhere is NO_ROW):
            return self._rule_of(row)
        return self._in_every_reading(scope, path, row, is_in_front=path != given)

    def row_named(self, scope: Mapping[str, Any]) -> str:
        """The path of the row that names a request, as it is written; empty where none does."""
        if self._table is None or not isinstance(scope.get("path"), str):
            return ""
        copy = dict(scope)
        row = self._table.row_for(method_of(copy), route_path(copy, self._root_path))
        return "" if row is None else row.path

    def _row(self, scope: Scope, path: str) -> PolicyRow | None:
        """What is said of one path, letter by letter."""
        row = None
        if self._table is not None:
            row = self._table.row_for(method_of(scope), path)
        if row is None and self._public_routes is not None:
            declared = self._public_routes.open_for(scope, path)
            return None if declared is None else _OPEN_ROUTES[declared]
        return row

    def _rule_of(self, row: PolicyRow | None) -> Rule:
        return self._elsewhere if row is None else row.requirement

    def _in_every_reading(self, scope: Scope, path: str, row: PolicyRow | None, *, is_in_front: bool) -> Rule:
        rule, found = self._rule_of(row), self._destination(scope)
        if found is None:
            return rule
        request = Request(scope, path, found, self._reader_of(found), lambda other: self._destination(_moved(scope, other)))
        others = {*request.readings()}
        if self._root_path is None:
            if request.ignores_root_path():
                if not self._ends_there_too(request):
                    return Unclear(path, rule, request.full)
                others.add(request.without_root_path())
            if not is_in_front:
                others |= {*request.cut_in_the_middle()}
        for other in {path, *others}:
            other_row = self._row(_moved(scope, other), other) if self._has_rules else None
            rules = set() if other_row is None and _is_written_so(row, path, other) else {self._rule_of(other_row)}
            if request.reader.ignores_case and self._table is not None:
                rules |= {one.requirement for one in self._table.rows_in_any_case(method_of(scope), other)}
            if rules - {rule}:
                return None if self._elsewhere is None else Unclear(path, rule, other)
        return rule

    def _reader_of(self, found: Destination) -> PathReader:
        if not found.reads_paths_itself:  # a route, which Starlette has matched: FastAPI(root_path=…) takes that off
            return PathReader(takes_off_root_path=not found.prefixes)
        app, reader = self._readers.get(id(found.app), (None, None))
        return path_reader(found.app) if reader is None or app is not found.app else reader

    def _ends_there_too(self, request: Request) -> bool:
        """Whether the whole path leads to the same application, whose mount decides who may."""
        if self._elsewhere is not None or self._router is None:
            return True
        there = request.find(request.without_root_path())
        return there is not None and there.app is request.found.app

    def _destination(self, scope: Scope) -> Destination | None:
        if self._router is None:
            return Destination(self._app, scope, None, (), reads_paths_itself=True)
        try:
            return destination_of(self._router, scope)
        except Exception:  # noqa: BLE001  a convertor that cannot convert: the router fails alike
            logger.debug("the routes could not be asked where a path leads", exc_info=True)
            return None


def _moved(scope: Scope, path: str) -> Scope:
    """The scope of another path behind the same root path."""
    return {**scope, "path": (scope.get("root_path") or "") + path}


def _is_written_so(row: PolicyRow | None, path: str, other: str) -> bool:
    """Whether row and path both end in a slash, or both do not."""
    return row is not None and ((row.path.endswith("/") and other == path[:-1]) or other == path + "/")


class _Closed(Requirement):
    """A requirement that nobody meets."""

    __slots__ = ()

    def permits(self, principal: Principal) -> bool:  # noqa: ARG002  nobody may
        return False

    def refusal(self, principal: Principal) -> InsufficientScope:  # noqa: ARG002  whoever it is
        return InsufficientScope(codes.NOT_PERMITTED, verified=True)


class Unclear(_Closed):
    """What a request needs whose path names two things that are treated differently."""

    __slots__ = ("_other", "_path", "_rule")

    def __init__(self, path: str, rule: Rule, other: str) -> None:
        self._path, self._rule, self._other = path, rule, other

    def refusal(self, principal: Principal) -> InsufficientScope:
        if isinstance(self._rule, Requirement) and not self._rule.permits(principal):
            return self._rule.refusal(principal)
        return InsufficientScope(
            codes.NOT_PERMITTED,
            expected=f"the same rule for this path and for {show(self._other)}, which it may be read as",
            actual=self._path,
            at="path",
            hint=_HINT,
            verified=True,
        )


NO_ROW: Final = _Closed()
