"""Who may call an operation of the OpenAPI document, from the rows of the audit."""

import functools
import inspect
import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from fastapi import FastAPI
from starlette.routing import PARAM_REGEX

from bearerguard.authorization.combination import Requirement
from bearerguard.authorization.policy_row import Public
from bearerguard.authorization.requirement import authenticated
from bearerguard.web.audit import audit
from bearerguard.web.middleware import AccessTokenMiddleware
from bearerguard.web.route_table import AuditedRoute

Operation: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call an operation.

    Attributes:
        requirement: What callers must meet; where paths of the operation are treated differently,
            one of several. ``None`` where no token is of any use.
        is_public: Some of its paths, or all, are reachable without a token.
        is_closed: Some of its paths, or all, are named by no row of the policy.
    """

    requirement: Requirement | None = None
    is_public: bool = False
    is_closed: bool = False


def is_ours(layer: Any) -> bool:
    """Whether an entry of ``app.user_middleware`` is an ``AccessTokenMiddleware``."""
    return inspect.isclass(layer.cls) and issubclass(layer.cls, AccessTokenMiddleware)


def access_by_operation(app: FastAPI) -> dict[Operation, Access]:
    """By method in lower case and path in the document's notation, without what nobody guards."""
    layers: list[Any] = app.user_middleware
    guarded = any(map(is_ours, layers))
    found: dict[Operation, list[AuditedRoute]] = {}
    for row in audit(app):
        path = PARAM_REGEX.sub(r"{\1}", row.path)
        for method in row.methods:
            found.setdefault((method.lower(), path), []).append(row)
    every: Mapping[Operation, Access] = {one: access_of(rows, guarded=guarded) for one, rows in found.items()}
    return {one: access for one, access in every.items() if access != Access()}


def access_of(rows: Iterable[AuditedRoute], *, guarded: bool) -> Access:
    """Who may call one operation, by its rows.

    The first route that has it serves it, whatever others say.

    Args:
        rows: At least one, in the router's order.
        guarded: Whether a middleware asks for a token where nobody said who may call.
    """
    first, *others = rows
    own = [first, *(row for row in others if row.endpoint == first.endpoint)]
    closed = [row for row in own if row.decided_by == "no row"]
    accesses = [authenticated() if row.access is None and guarded else row.access for row in own if row not in closed]
    asked = [authenticated() if access is Public.OPTIONAL else access for access in accesses]
    requirements = list(dict.fromkeys(access for access in asked if isinstance(access, Requirement)))
    requirement = functools.reduce(operator.or_, requirements) if requirements else None
    return Access(requirement, any(isinstance(access, Public) for access in accesses), bool(closed))
