"""What middlewares say of paths, and what that means for a route."""

import functools
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from bearerguard.authorization.combination import Requirement
from bearerguard.authorization.path_policy import PathPolicy
from bearerguard.authorization.policy_row import PolicyRow, Public
from bearerguard.authorization.route_segment import RouteSegment
from bearerguard.web.declaration import Declaration, combined
from bearerguard.web.leaves import Leaf

_OPENNESS: Final[Mapping[Declaration | None, int]] = {Public.OPTIONAL: 1, Public.PUBLIC: 2}

DecidedBy: TypeAlias = Literal["endpoint", "mount", "public=", "policy", "no row", "nothing"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who gets through to a route, or to a part of its paths; see ``AuditedRoute``."""

    access: Declaration | None
    decided_by: DecidedBy
    row: str = ""
    in_part: bool = False


@dataclass(frozen=True, slots=True)
class PathRules:
    """What a middleware says of paths.

    Attributes:
        policy: Its table, or ``None``.
        public: Its ``public=`` as a table, or ``None``.
    """

    policy: PathPolicy | None = None
    public: PathPolicy | None = None

    def verdicts(self, leaf: Leaf, method: str, segments: Sequence[RouteSegment]) -> list[Verdict]:
        """Who may call an endpoint by each row for some of its paths; last, without a row."""
        table = self.policy or self.public
        rows: Sequence[PolicyRow | None] = (None,) if table is None else table.rows_of(method, segments)
        found = [self._past_all_rows(leaf) if row is None else self._by_row(leaf, row) for row in rows]
        if rows[-1] is None and self.policy is None and all(verdict.access == found[-1].access for verdict in found):
            return found[-1:]  # public= changes nothing
        return found

    def _by_row(self, leaf: Leaf, row: PolicyRow) -> Verdict:
        by: DecidedBy = "public=" if self.policy is None else "policy"
        return Verdict(combined(row.requirement, leaf.own, leaf.outer), by, row.text)

    def _past_all_rows(self, leaf: Leaf) -> Verdict:
        if self.policy is not None:
            return Verdict(None, "no row")
        by: DecidedBy = "nothing" if leaf.outer is None else "mount"
        return Verdict(combined(leaf.own, leaf.outer), by if leaf.own is None else "endpoint")


def verdicts(leaf: Leaf, method: str, segments: Sequence[RouteSegment], rules: Sequence[PathRules]) -> list[Verdict]:
    """Who gets through all middlewares to an endpoint: a verdict for all its paths or for parts.

    Open verdicts come last: taking the first one for the whole is never too open.
    """
    ways = itertools.product(*(one.verdicts(leaf, method, segments) for one in rules))
    found = list(dict.fromkeys(functools.reduce(_both, way) for way in ways))
    found.sort(key=lambda verdict: _OPENNESS.get(verdict.access, 0))
    return [replace(verdict, in_part=True) for verdict in found] if len(found) > 1 else found


def _both(outer: Verdict, inner: Verdict) -> Verdict:
    """What two middlewares decide together: both hold; public only if both say so."""
    for one in (outer, inner):
        if one.decided_by == "no row":
            return one
    requiring = [one for one in (outer, inner) if isinstance(one.access, Requirement)]
    if not requiring:
        return inner if inner.access is None or inner.access is Public.OPTIONAL else outer
    rows = " and ".join(dict.fromkeys(one.row for one in requiring if one.row))
    return replace(requiring[0], access=combined(*(one.access for one in requiring)), row=rows)
