"""Requirements in the terms of an OpenAPI document."""

import functools
import operator

import pytest

from bearerguard import application, authenticated, client, delegated, role, scope, tenant
from bearerguard.authorization.combination import Requirement
from bearerguard.errors import InsufficientScope
from bearerguard.fastapi.documented_requirement import described, scope_alternatives
from bearerguard.principal import Principal
from support.ids import stable_repr

A, B, C = scope("a"), scope("b"), scope("c")
R = role("Read.All")


class Weekday(Requirement):
    """A rule of a user's own."""

    def permits(self, principal: Principal) -> bool:
        raise NotImplementedError

    def refusal(self, principal: Principal) -> InsufficientScope:
        raise NotImplementedError

    def __repr__(self) -> str:
        return 'weekday("Monday")'


@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        (R, [()]),
        (authenticated(), [()]),
        (A, [("a",)]),
        (A & B, [("a", "b")]),
        (A | B, [("a",), ("b",)]),
        (R | A, [(), ("a",)]),
        (R & A, [("a",)]),
        ((A | B) & C, [("a", "c"), ("b", "c")]),
        ((A | B) & (A | C), [("a",), ("a", "c"), ("b", "a"), ("b", "c")]),
        (A & application() & client("x"), [("a",)]),
        (R | application(), [()]),
    ],
    ids=stable_repr,
)
def test_each_way_to_meet_it_lists_its_scopes(requirement: Requirement, expected: list[tuple[str, ...]]) -> None:
    """OpenAPI 3.1, Security Requirement Object: one of the list is enough, and all scopes of that one are needed."""
    assert list(scope_alternatives(requirement)) == expected


def test_too_many_ways_become_one_without_scopes() -> None:
    pairs = [scope(f"a{n}") | scope(f"b{n}") for n in range(40)]

    assert len(scope_alternatives(functools.reduce(operator.and_, pairs[:4]))) == 16
    assert scope_alternatives(functools.reduce(operator.and_, pairs)) == ((),)


@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        (R, 'role("Read.All")'),
        (R | A, 'role("Read.All") | scope("a")'),
        ((R | A) & B, '(role("Read.All") | scope("a")) & scope("b")'),
        (R | (A & B), 'role("Read.All") | scope("a") & scope("b")'),
        (application() & delegated(), "application() & delegated()"),
        (R & client("4e4c9d60", "d9c1a607"), 'role("Read.All") & client(…)'),
        (tenant("8f3c1d52"), "tenant(…)"),
        (Weekday(), "weekday(…)"),
    ],
    ids=stable_repr,
)
def test_roles_and_scopes_are_told_and_who_is_on_a_list_is_not(requirement: Requirement, expected: str) -> None:
    assert described(requirement) == expected
