"""Every route of an application and who may call it: the rows of the audit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from starlette.applications import Starlette
from starlette.routing import Router

from bearerguard.authorization.policy_row import METHODS, Public
from bearerguard.errors import ConfigurationError
from bearerguard.web.declaration import OTHER, Declaration
from bearerguard.web.leaves import Leaf, leaves, leaves_of_dispatcher
from bearerguard.web.path_rules import DecidedBy, PathRules, Verdict, verdicts
from bearerguard.web.route_paths import segments_of

_EVERY_METHOD: Final = (*sorted(METHODS), OTHER)
_IN_PART: Final = "; public= lists only a part of its paths"
_EXAMPLE: Final = (
    '@requires(role("Read.All")) or @public next to the endpoint\'s function, beneath @app.get and the like, '
    'Depends(require(…)) with FastAPI, requires(…)(Mount(…)), public=["/docs"]'
)


@dataclass(frozen=True, slots=True)
class AuditedRoute:
    """One route, or those of its methods and paths that are treated alike.

    Attributes:
        methods: HTTP methods or ``WEBSOCKET``; if empty, all of them.
        path: Path with its parameters, mounts included; ``//host/path`` behind a ``Host``.
        endpoint: Module and name of the function, class or application that serves it.
        access: Requirement, ``PathPolicy.PUBLIC``, ``PathPolicy.OPTIONAL``, or ``None`` where
            nobody said who may call.
        decided_by: The ``endpoint`` or one of its dependencies, a ``mount`` around it, ``public=``
            or ``policy`` of the middleware; ``no row`` of the policy, so that it is refused; or
            ``nothing``.
        in_part: This holds for some of the route's paths; other rows are about the others.
        row: The row of the ``policy`` or of ``public=`` that decides, as it was written; else
            empty.
        advice: What is likely to be wrong with an undeclared route; mostly empty.
    """

    methods: tuple[str, ...]
    path: str
    endpoint: str
    access: Declaration | None
    decided_by: DecidedBy
    in_part: bool = False
    row: str = ""
    advice: str = ""

    def __str__(self) -> str:
        """One line of a table."""
        return f"{','.join(self.methods) or '*':<20} {self.path:<32} {self._who() + self._where():<40} {self.endpoint}"

    def _who(self) -> str:
        if isinstance(self.access, Public):
            return self.access.value
        if self.access is not None:
            return repr(self.access)
        return "refused: no row of the policy" if self.decided_by == "no row" else "UNDECLARED"

    def _where(self) -> str:
        if not self.in_part:
            return ""
        return f" in part: {self.row}" if self.row else " in part: all other paths"


def route_table(router: Starlette | Router, *rules: PathRules) -> tuple[AuditedRoute, ...]:
    """A row for every route, in the order in which the router asks them.

    A route whose paths are treated differently has several.

    Args:
        router: The application.
        rules: Of each middleware in front of it.
    """
    return tuple(row for leaf in leaves(router) for row in _rows(leaf, rules or (PathRules(),)))


def dispatchers(app: object) -> tuple[AuditedRoute, ...]:
    """A row for an application with an attribute ``app`` that may serve something else, too."""
    return tuple(row for leaf in leaves_of_dispatcher(app) for row in _rows(leaf, (PathRules(),)))


def check_declared(rows: Sequence[AuditedRoute]) -> None:
    """Raises ``ConfigurationError`` if a route is undeclared for some of its paths; names each."""
    lines = [
        f"\n  {','.join(row.methods) or '*'} {row.path} ({row.endpoint}{_IN_PART if row.in_part else ''}{row.advice})"
        for row in rows
        if row.decided_by == "nothing"
    ]
    if lines:
        wanted = "these routes declare neither @requires or require nor @public or @optional"
        problem = f"{wanted}, and are not listed in public=:{''.join(lines)}\n"
        raise ConfigurationError("undeclared", problem, example=_EXAMPLE)


def _rows(leaf: Leaf, rules: Sequence[PathRules]) -> Iterator[AuditedRoute]:
    segments = segments_of(leaf.paths)
    path = f"//{leaf.host}{leaf.path}" if leaf.host else leaf.path
    treated: dict[Verdict, tuple[str, ...]] = {}
    for method in leaf.methods or _EVERY_METHOD:
        for verdict in verdicts(leaf, method, segments, rules):
            treated[verdict] = (*treated.get(verdict, ()), method)
    for verdict, methods in treated.items():
        advice = leaf.advice if verdict.decided_by == "nothing" else ""
        row = AuditedRoute(methods, path, leaf.name, verdict.access, verdict.decided_by, verdict.in_part, verdict.row, advice)
        yield replace(row, methods=()) if methods == _EVERY_METHOD else row
