"""What the rows of middlewares mean for one route."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bearerguard import PathPolicy, public, requires, role
from bearerguard.web.path_rules import PathRules
from bearerguard.web.route_table import route_table

PUBLIC, OPTIONAL = PathPolicy.PUBLIC, PathPolicy.OPTIONAL
READ, WRITE = role("Read.All"), role("Write.All")


async def undeclared(request: Request) -> Response:
    return PlainTextResponse("served")


@public
async def opened(request: Request) -> Response:
    return PlainTextResponse("served")


@requires(WRITE)
async def guarded(request: Request) -> Response:
    return PlainTextResponse("served")


def table(rows: Mapping[str, Any]) -> PathRules:
    return PathRules(policy=PathPolicy(rows))


def listed(*paths: str) -> PathRules:
    return PathRules(public=PathPolicy(dict.fromkeys(paths, PUBLIC)))


def found(endpoint: Any, template: str, *rules: PathRules) -> Sequence[tuple[Any, str, bool]]:
    """Who gets through, by which row, and whether to a part of the paths only."""
    return [(row.access, row.row, row.in_part) for row in route_table(Starlette(routes=[Route(template, endpoint)]), *rules)]


def test_the_first_verdict_is_the_narrowest() -> None:
    """Whoever takes it for the whole route is never too open."""
    rows: dict[str, Any] = {"/a/x": PUBLIC, "/a/y": OPTIONAL}

    assert [access for access, _, _ in found(undeclared, "/a/{id}", table(rows))] == [None, OPTIONAL, PUBLIC]


def test_a_row_that_changes_nothing_is_not_named() -> None:
    assert found(opened, "/a/{id}", listed("/a/x")) == [(PUBLIC, "", False)]
    assert found(undeclared, "/a/{id}", listed("/a/x")) == [(None, "", True), (PUBLIC, "/a/x", True)]


@pytest.mark.parametrize(
    ("outer", "inner", "both"),
    [
        (PUBLIC, PUBLIC, PUBLIC),
        (PUBLIC, OPTIONAL, OPTIONAL),
        (OPTIONAL, PUBLIC, OPTIONAL),
        (OPTIONAL, OPTIONAL, OPTIONAL),
        (PUBLIC, READ, READ),
        (READ, OPTIONAL, READ),
        (READ, WRITE, READ & WRITE),
    ],
)
def test_of_two_middlewares_the_stricter_one_decides(outer: Any, inner: Any, both: Any) -> None:
    ((access, _, _),) = found(undeclared, "/a", table({"/a": outer}), table({"/a": inner}))

    assert access == both


def test_only_rows_that_ask_for_something_are_named() -> None:
    """What an endpoint declares itself has no row."""
    assert found(undeclared, "/a", table({"/a": READ}), table({"/{any}": WRITE})) == [(READ & WRITE, "/a and /{any}", False)]
    ((_, row, _),) = found(guarded, "/a", table({"/a": READ}), PathRules())
    assert row == "/a"


def test_no_row_of_either_policy_is_a_refusal() -> None:
    assert found(opened, "/a", table({"/a": PUBLIC}), table({"/b": PUBLIC})) == [(None, "", False)]
