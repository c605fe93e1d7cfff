"""Every route of an application and who gets through to it: the rows of the audit."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from starlette.applications import Starlette
from starlette.routing import PARAM_REGEX, Router

from bearerguard.authorization.path_policy import PathPolicy
from bearerguard.authorization.policy_row import METHODS, Public
from bearerguard.errors import ConfigurationError
from bearerguard.web.declaration import Declaration, combined
from bearerguard.web.leaves import Leaf, grouped, leaves

DecidedBy = Literal["endpoint", "mount", "public=", "policy", "no row", "nothing"]

_EVERY_METHOD: Final = (*sorted(METHODS), "other")  # the last stands for all that no rule can name
# One path for each converter that fits no other, where that can be: what a rule says of it, it says of the whole route.
_SAMPLES: Final = {"int": "7", "float": "7.5", "uuid": "8f3c1d52-0b6e-4c49-9d55-2f1f6a0f3b11", "path": "any/path"}
_SAMPLE: Final = "any-text"
_EXAMPLE: Final = (
    '@requires(role("Read.All")) or @public above the endpoint, Depends(require(…)) with FastAPI, requires(…)(Mount(…)), '
    'public=["/docs"]'
)


@dataclass(frozen=True, slots=True)
class AuditedRoute:
    """One route, or those of its methods that are treated alike.

    Attributes:
        methods: HTTP methods or ``WEBSOCKET``; empty stands for all of them.
        path: Path with its parameters, mounts included; ``//host/path`` behind a ``Host``.
        endpoint: Module and name of the function, class or application that serves it.
        access: Requirement, ``PathPolicy.PUBLIC``, or ``None`` where nobody said who may.
        decided_by: The ``endpoint`` or one of its dependencies, a ``mount`` around it, ``public=`` or ``policy`` of the
            middleware; ``no row`` of the policy, so that it is refused; or ``nothing``.
    """

    methods: tuple[str, ...]
    path: str
    endpoint: str
    access: Declaration | None
    decided_by: DecidedBy

    def __str__(self) -> str:
        """One line of a table."""
        return f"{','.join(self.methods) or '*':<20} {self.path:<32} {self._who():<40} {self.endpoint}"

    def _who(self) -> str:
        if isinstance(self.access, Public):
            return "public"
        if self.access is not None:
            return repr(self.access)
        return "refused: no row of the policy" if self.decided_by == "no row" else "UNDECLARED"


@dataclass(frozen=True, slots=True)
class PathRules:
    """What a middleware says of paths.

    Attributes:
        policy: Its table, or ``None``.
        public: Its ``public=`` as a table, or ``None``.
    """

    policy: PathPolicy | None = None
    public: PathPolicy | None = None

    def access(self, leaf: Leaf, method: str, path: str) -> tuple[Declaration | None, DecidedBy]:
        """Who gets through to an endpoint, and who said so."""
        if self.policy is not None:
            row = self.policy.requirement_for(method, path)
            return (None, "no row") if row is None else (combined(row, leaf.own, leaf.outer), "policy")
        if self.public is not None and self.public.requirement_for(method, path) is Public.PUBLIC:
            return combined(Public.PUBLIC, leaf.own, leaf.outer), "public="
        by: DecidedBy = "nothing" if leaf.outer is None else "mount"
        return combined(leaf.own, leaf.outer), by if leaf.own is None else "endpoint"


def route_table(router: Starlette | Router, rules: PathRules) -> tuple[AuditedRoute, ...]:
    """A row for every route, in the order in which the router asks them."""
    return tuple(row for leaf in leaves(router) for row in _rows(leaf, rules))


def check_declared(rows: Sequence[AuditedRoute]) -> None:
    """Raises ``ConfigurationError`` naming each route that nobody declared."""
    lines = [f"\n  {','.join(row.methods) or '*'} {row.path} ({row.endpoint})" for row in rows if row.decided_by == "nothing"]
    if lines:
        problem = (
            f"these routes declare neither @requires or require nor @public and are not listed in public=:{''.join(lines)}\n"
        )
        raise ConfigurationError("undeclared", problem, example=_EXAMPLE)


def _rows(leaf: Leaf, rules: PathRules) -> Iterator[AuditedRoute]:
    sample = PARAM_REGEX.sub(_sample, leaf.path)
    decided = {method: rules.access(leaf, method, sample) for method in leaf.methods or _EVERY_METHOD}
    path = f"//{leaf.host}{leaf.path}" if leaf.host else leaf.path
    for (access, by), methods in grouped(decided).items():
        yield AuditedRoute(() if methods == _EVERY_METHOD else methods, path, leaf.name, access, by)


def _sample(parameter: re.Match[str]) -> str:
    converter = parameter.group(2) or ":str"
    return _SAMPLES.get(converter.removeprefix(":"), _SAMPLE)
