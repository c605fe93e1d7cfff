"""Roles that come with other roles, to the end of the chain."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bearerguard.authorization.implied_roles import ImpliedRoles
from bearerguard.errors import ConfigurationError
from support.ids import stable_repr

READ_WRITE = {"ReadWrite.All": ["Read.All", "Write.All"]}
ADMIN = READ_WRITE | {"Admin": ("ReadWrite.All", "Audit")}
CYCLE = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"d"}}

CASES: list[tuple[str, Mapping[str, Collection[str]] | None, set[str], set[str]]] = [
    ("nothing", None, {"a"}, {"a"}),
    ("an empty mapping", {}, {"a"}, {"a"}),
    ("the roles it names", READ_WRITE, {"ReadWrite.All"}, {"ReadWrite.All", "Read.All", "Write.All"}),
    ("not the other way round", READ_WRITE, {"Read.All", "Write.All"}, {"Read.All", "Write.All"}),
    ("nothing to other roles", READ_WRITE, {"Other"}, {"Other"}),
    ("nothing to nobody", READ_WRITE, set(), set()),
    (
        "what is implied by what is implied",
        ADMIN,
        {"Admin", "x"},
        {"Admin", "x", "ReadWrite.All", "Audit", "Read.All", "Write.All"},
    ),
    ("in a cycle, each the others", CYCLE, {"b"}, {"a", "b", "c"}),
    ("itself, harmlessly", CYCLE, {"d"}, {"d"}),
    ("nothing where the list is empty", {"a": []}, {"a"}, {"a"}),
    ("by its exact name", READ_WRITE, {"readwrite.all", "ReadWrite.All "}, {"readwrite.all", "ReadWrite.All "}),
]


@pytest.mark.parametrize(("implied", "roles", "effective"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_role_implies(implied: Mapping[str, Collection[str]] | None, roles: set[str], effective: set[str]) -> None:
    assert ImpliedRoles(implied).effective(frozenset(roles)) == effective


NAMES = st.sampled_from("abcdef")


@given(st.dictionaries(NAMES, st.lists(NAMES)), st.frozensets(NAMES))
def test_the_effective_roles_are_the_smallest_closed_set(implied: dict[str, list[str]], roles: frozenset[str]) -> None:
    closed = set(roles)
    while not all(closed.issuperset(implied.get(role, ())) for role in closed):
        closed.update(*(implied.get(role, ()) for role in set(closed)))
    assert ImpliedRoles(implied).effective(roles) == closed


def test_roles_that_imply_nothing_come_back_as_the_same_object() -> None:
    roles = frozenset({"Read.All"})
    assert ImpliedRoles(None).effective(roles) is roles
    assert ImpliedRoles(READ_WRITE).effective(roles) is roles


def test_changing_the_mapping_later_changes_nothing() -> None:
    names = ["Read.All"]
    implied = {"a": names}
    roles = ImpliedRoles(MappingProxyType(implied))
    names.append("Admin")
    implied["b"] = ["Admin"]
    assert roles.effective(frozenset({"a", "b"})) == {"a", "b", "Read.All"}


def test_a_very_long_chain_is_followed() -> None:
    chain = {f"r{number}": [f"r{number + 1}"] for number in range(1_200)}
    assert len(ImpliedRoles(chain).effective(frozenset({"r0"}))) == 1_201


BAD: list[object] = [
    "ReadWrite.All",
    [("a", ["b"])],
    {"a": "Read.All"},
    {"a": b"Read.All"},
    {"a": {"b": "c"}},
    {"a": None},
    {"a": 1},
    {"a": iter(["b"])},
    {"a": [""]},
    {"a": [" b"]},
    {"a": [None]},
    {"a": [["b"]]},
    {"": ["b"]},
    {"a ": ["b"]},
    {1: ["b"]},
    {None: ["b"]},
]


@pytest.mark.parametrize("implied", BAD, ids=stable_repr)
def test_what_is_no_mapping_of_names_to_names_is_refused_when_built(implied: object) -> None:
    with pytest.raises(ConfigurationError) as caught:
        ImpliedRoles(implied)  # type: ignore[arg-type]
    assert caught.value.parameter == "implied_roles"


class Roles(StrEnum):
    ADMIN = "Admin"
    READ = "Read.All"


def test_members_of_an_enumeration_are_names() -> None:
    effective = ImpliedRoles({Roles.ADMIN: [Roles.READ]}).effective(frozenset({"Admin"}))
    assert {type(role) for role in effective} == {str}


def test_it_prints_what_each_role_implies_in_the_end() -> None:
    assert repr(ImpliedRoles({"b": ["c"], "a": ["b"]})) == "ImpliedRoles({'a': ['b', 'c'], 'b': ['c']})"
