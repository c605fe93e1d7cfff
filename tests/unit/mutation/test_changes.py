"""Which mistakes mutation testing makes, and that each is one alone."""

from textwrap import dedent

import pytest

from mutation.changes import Place, changes
from mutation.rooms import ROOMS, equivalent, judging_files, subjects
from support.pages import ROOT

PACKAGE = ROOT / "src" / "bearerguard"


def mistakes(source: str) -> set[tuple[str, str]]:
    return {(change.before, change.after) for change in changes(dedent(source))}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("if a.b:\n    pass", {("a.b", "True"), ("a.b", "False")}),
        ("[x for x in y if x.ok]", {("x.ok", "True"), ("x.ok", "False")}),
        ("a = b and c", {("b and c", "b"), ("b and c", "c")}),
        ("a = b or c or d", {("b or c or d", "c or d"), ("b or c or d", "b or d"), ("b or c or d", "b or c")}),
        ("a = b == c", {("b == c", "b != c")}),
        ("a = b is None", {("b is None", "b is not None")}),
        ("a = not b", {("not b", "b")}),
        ("while a < b:\n    pass", {("a < b", "True"), ("a < b", "False"), ("a < b", "a <= b")}),
        ("A = 512", {("512", "513")}),
        ("a = b - c", {("b - c", "b + c")}),
        ("raise ValueError('x' if True else 'y')", {("raise ValueError('x' if True else 'y')", "pass")}),
        ("a.b = c", {("a.b = c", "pass")}),
        ("a(b)", {("a(b)", "pass")}),
        ("A = frozenset({'x', 'y'})", {("{'x', 'y'}", "{'y'}"), ("{'x', 'y'}", "{'x'}")}),
        ("for a in b:\n    c = a", {("for a in b:", "pass")}),
        ("def f() -> bool:\n    return a", {("return a", "return True"), ("return a", "return False")}),
        ("def f() -> str:\n    return a", {("return a", "return None")}),
    ],
)
def test_a_mistake_is_made_where_one_can_be(source: str, expected: set[tuple[str, str]]) -> None:
    assert mistakes(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        '"""A text."""',
        "__slots__ = ('a', 'b')",
        "a: Literal['x', 'y']",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    x = 1",
        "def f(a: Literal[1, 2]) -> Literal[1, 2]: ...",
        "a = f(expected=1)",
        "a = f'{b + 1}'",
    ],
)
def test_texts_types_and_declarations_are_left_alone(source: str) -> None:
    assert mistakes(source) == set()


def test_a_place_is_named_by_the_functions_around_it() -> None:
    source = """
        class A:
            @property
            def b(self):
                def c():
                    return d
    """
    (change,) = changes(dedent(source))

    assert change.place == Place(name="A.b.c", function="A.b", first_line=3)


def test_a_module_with_a_mistake_is_compiled_and_the_tree_left_as_it_was() -> None:
    source = "A = 1\nB = 2\n"
    results = []
    for change in changes(source):
        namespace: dict[str, int] = {}
        exec(change.code("a.py"), namespace)  # noqa: S102  its own constants
        results.append((namespace["A"], namespace["B"]))

    assert results == [(2, 2), (1, 3)]


def test_every_room_has_modules_and_tests() -> None:
    for room in ROOMS:
        assert subjects(PACKAGE, room, [])
        assert all(path.exists() for path in judging_files(room))


def test_every_equivalent_mutant_is_one_that_can_be_made() -> None:
    """What a rewritten function no longer holds goes from the list."""
    texts = {(room, subject.short): subject.path.read_text() for room in ROOMS for subject in subjects(PACKAGE, room, [])}
    possible = {
        (short, change.place.name, change.before, change.after) for (_, short), text in texts.items() for change in changes(text)
    }

    assert equivalent().keys() - possible == set()
    assert all(why.endswith(".") for why in equivalent().values())
