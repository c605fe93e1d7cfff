"""Access rules as one table, for any ASGI application. What no row names is refused."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final, Literal

from bearerguard.authorization.combination import Requirement
from bearerguard.authorization.path_table import PathTable
from bearerguard.authorization.policy_row import DOT_SEGMENTS, METHODS, PolicyRow, Public, read_row
from bearerguard.authorization.route_segment import RouteSegment
from bearerguard.errors import ConfigurationError, show

_EXAMPLE: Final = '{"GET /orders/{id}": role("Read.All"), "/health": PathPolicy.PUBLIC}'


class PathPolicy:
    """Which requirement guards which method and path; default deny.

    ::

        PathPolicy({
            "GET /orders/{id}": role("Read.All"),        # GET covers HEAD
            "PUT,PATCH /orders/{id}": role("Write.All"),
            "WEBSOCKET /orders/live": role("Read.All"),
            "GET /reports/latest": role("Read.All"),     # no overlap: "latest" is not an int
            "GET /reports/{number:int}": role("Read.All"),
            "/files/{path:path}": authenticated(),       # everything below /files/, every method
            "/health": PathPolicy.PUBLIC,
            "/feed": PathPolicy.OPTIONAL,                # without a token or with a good one
        })

    A row is methods in capitals, separated by commas, then one space and a path. A row without
    methods covers every method, known or not, and websockets. OPTIONS is not special.

    The path is the percent-decoded string that the router matches. It matches as a whole, code
    point by code point, case-sensitively. Nothing is normalised, neither ``//`` nor a trailing
    slash. A path with a segment ``.`` or ``..`` matches no row: an application that hands requests
    on could leave the row with it.

    ``{name}`` takes one segment that is not empty. ``{name:int}``, ``{name:float}`` and
    ``{name:uuid}`` take what Starlette's converters of that name take. ``{name:path}``, only at the
    end, takes the rest with its slashes, even an empty rest: ``/files/{path:path}`` names
    ``/files/``, as Starlette's routes and mounts do, but not ``/files``. No parameter takes a
    control character or U+FFFD (CVE-2022-22978). Other frameworks' parameters, ``<id>``, ``:id``
    and ``*``, are an error.

    At most one row names a request, so the order of rows means nothing. Rows that overlap are an
    error, and so is a literal that a ``{name}`` of another row would take.

    Not checked: whether the application has a route for a row, and what it does with a path that it
    rewrites.

    Args:
        rows: A requirement for each row, or ``PathPolicy.PUBLIC`` or ``OPTIONAL``. Copied.

    Raises:
        ConfigurationError: There is no row, a row is malformed, or two rows overlap. The message
            shows the rows.
    """

    PUBLIC: ClassVar[Literal[Public.PUBLIC]] = Public.PUBLIC
    OPTIONAL: ClassVar[Literal[Public.OPTIONAL]] = Public.OPTIONAL

    __slots__ = ("_other_methods", "_rows", "_tables")

    def __init__(self, rows: Mapping[str, Requirement | Public]) -> None:
        if not isinstance(rows, Mapping) or not rows:
            raise ConfigurationError(
                "policy", f"{show(rows)} is not a mapping of rows to requirements, or is empty", example=_EXAMPLE
            )
        self._rows = tuple(read_row(text, requirement) for text, requirement in rows.items())
        self._other_methods = PathTable()
        self._tables = {method: PathTable() for method in METHODS if any(method in _covered(row) for row in self._rows)}
        for row in self._rows:
            for table in self._tables_of(row):
                table.add(row)

    @property
    def rows(self) -> tuple[PolicyRow, ...]:
        """The rows in the order they were written."""
        return self._rows

    def requirement_for(self, method: str, path: str) -> Requirement | Public | None:
        """The requirement of the row that names this request; ``None`` if no row does: refuse it.

        Args:
            method: HTTP method as the server received it (RFC 9110 §9.1: case-sensitive), or
                ``WEBSOCKET`` for a websocket. An HTTP request may use WEBSOCKET as its method; the
                caller of this function must not let it pass as a websocket.
            path: The percent-decoded path that the router matches. Any string is safe.
        """
        row = self.row_for(method, path)
        return None if row is None else row.requirement

    def row_for(self, method: str, path: str) -> PolicyRow | None:
        """The row that names this request; see ``requirement_for``."""
        table = self._tables.get(method, self._other_methods)
        row = table.literal.get(path)
        if row is None and not ("/." in path and not DOT_SEGMENTS.isdisjoint(path.split("/"))):
            row = table.find(path)
        return row

    def rows_in_any_case(self, method: str, path: str) -> set[PolicyRow]:
        """All rows that name this request if the application ignores case."""
        return self._tables.get(method, self._other_methods).find_in_any_case(path)

    def rows_of(self, method: str, segments: Sequence[RouteSegment]) -> tuple[PolicyRow | None, ...]:
        """For an audit: the rows that name a route's requests, and last ``None`` if some have none.

        Paths that never have a row are left out: a parameter of the route may take control
        characters and dot segments.

        Args:
            method: As for ``requirement_for``.
            segments: The segments of the route's path.
        """
        found = self._tables.get(method, self._other_methods).rows_of(segments)
        written = [row.text for row in self._rows]
        rows = sorted((row for row in found if row is not None), key=lambda row: written.index(row.text))
        return (*rows, None) if None in found else (*rows,)

    def _tables_of(self, row: PolicyRow) -> list[PathTable]:
        if not row.methods:
            return [*self._tables.values(), self._other_methods]
        return [self._tables[method] for method in _covered(row)]

    def __repr__(self) -> str:
        return f"PathPolicy({{{', '.join(f'{row.text!r}: {row.requirement!r}' for row in self._rows)}}})"


def _covered(row: PolicyRow) -> frozenset[str]:
    # RFC 9110 §9.3.2: HEAD is GET without the content
    return frozenset(row.methods) | ({"HEAD"} if "GET" in row.methods else frozenset())
