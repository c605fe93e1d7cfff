"""A table finds the one row that names a path, and takes no two that name the same."""

import itertools
import time
from random import Random

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from starlette.routing import compile_path

from bearerguard.authorization.path_table import PathTable
from bearerguard.authorization.policy_row import CONVERTERS, REST, PolicyRow, read_row
from bearerguard.authorization.requirement import role
from bearerguard.authorization.route_segment import TEXTS as TEXTS_OF
from bearerguard.authorization.route_segment import RouteSegment
from bearerguard.errors import ConfigurationError

READ = role("Read.All")


def table_of(*texts: str) -> PathTable:
    table = PathTable()
    for text in texts:
        table.add(read_row(text, READ))
    return table


def names(row: PolicyRow, path: str) -> bool:
    """The reference: one segment after the other, as the documentation says it."""
    if any(ord(character) < 0x20 or character in "\x7f\ufffd" for character in path):
        return False
    beginning, *texts = path.split("/")
    segments = row.segments
    if segments[-1] is REST:
        if len(texts) < len(segments):
            return False
        segments, texts = segments[:-1], texts[: len(segments) - 1]
    return (
        not beginning
        and len(segments) == len(texts)
        and all(
            segment == text if isinstance(segment, str) else bool(segment.takes(text))
            for segment, text in zip(segments, texts, strict=True)
        )
    )


UUID = "8f3c1d52-0b6e-4c49-9d55-2f1f6a0f3b11"
TEXTS = ["", "a", "b", "7", "1.5", "1" * 32, UUID]
PARAMETERS = ["str", "int", "float", "uuid"]
PATHS = ["/" + "/".join(texts) for length in (1, 2, 3) for texts in itertools.product(TEXTS, repeat=length)]


def pattern(segments: list[str]) -> str:
    # each parameter under a name of its own
    return "/" + "/".join(f"{{p{at}:{text}}}" if text in CONVERTERS else text for at, text in enumerate(segments))


PATTERNS = st.builds(
    lambda segments, end: pattern(segments + end),
    st.lists(st.sampled_from(["a", "b", "7", "", *PARAMETERS]), max_size=2),
    st.sampled_from([[text] for text in ["a", "", "7", *PARAMETERS, "path"]]),
)


@given(st.lists(PATTERNS, min_size=2, max_size=5, unique=True))
def test_rows_are_refused_exactly_when_some_path_is_named_by_two(texts: list[str]) -> None:
    rows = [read_row(text, READ) for text in texts]
    overlap = any(sum(names(row, path) for row in rows) > 1 for path in PATHS)
    try:
        table_of(*texts)
    except ConfigurationError:
        assert overlap
    else:
        assert not overlap


@st.composite
def disjoint_rows(draw: st.DrawFn) -> list[PolicyRow]:
    rows: list[PolicyRow] = []
    table = PathTable()
    for text in draw(st.lists(PATTERNS, min_size=1, max_size=12, unique=True)):
        row = read_row(text, READ)
        try:
            table.add(row)
        except ConfigurationError:
            continue
        rows.append(row)
    return rows


SEGMENTS = st.sampled_from([*TEXTS, "A", "a\n", "\n", " a", "a ", "..", "%61", "aa", "a?", "{p0}", "٣", "\ufffd"]) | st.text(
    max_size=3
)
REQUEST_PATHS = st.builds(lambda texts: "/" + "/".join(texts), st.lists(SEGMENTS, max_size=5)) | st.text(max_size=10)


@given(disjoint_rows(), st.lists(REQUEST_PATHS | st.sampled_from(PATHS), min_size=1, max_size=30))
def test_a_path_is_found_exactly_when_the_reference_says_so(rows: list[PolicyRow], paths: list[str]) -> None:
    table = PathTable()
    for row in rows:
        table.add(row)
    for path in paths:
        expected = [row for row in rows if names(row, path)]
        assert len(expected) <= 1
        assert table.find(path) == next(iter(expected), None)


@given(disjoint_rows(), st.randoms(use_true_random=False), st.lists(st.sampled_from(PATHS), min_size=1, max_size=30))
def test_the_order_of_the_rows_means_nothing(rows: list[PolicyRow], random: Random, paths: list[str]) -> None:
    shuffled = random.sample(rows, len(rows))
    one, other = table_of(*(row.text for row in rows)), table_of(*(row.text for row in shuffled))
    for path in paths:
        assert one.find(path) == other.find(path)


@given(PATTERNS, REQUEST_PATHS | st.sampled_from(PATHS))
@example("/files/{p0:path}", "/files/")
@example("/files/{p0:path}", "/files")
@example("/{p0:path}", "/")
@example("/{p0:int}", "/٣")
def test_a_row_takes_the_paths_of_a_starlette_route_of_its_spelling(text: str, path: str) -> None:
    """Where there is no control character: there Starlette's ``$`` lets ``/orders\\n`` pass for ``/orders``."""
    assume(not any(ord(character) < 0x20 or character in "\x7f\ufffd" for character in path))
    regex, _, _ = compile_path(text)
    assert (table_of(text).find(path) is not None) == bool(regex.match(path))


@given(st.text())
def test_no_path_makes_a_search_fail(path: str) -> None:
    table = table_of("/a/{x}/b", "/{y}/c/d", "/a/c/{z:int}", "/files/of/{path:path}", "/", "//")
    table.find(path)
    table.find("/" + path)
    table.find("/a/" + path)
    table.find("/files/of/" + path)


BRANCHING = ["/a/{x}/b", "/{y}/c/d", "/a/c/{z:int}", "/{n:uuid}/{m}/e"]
FOUND = [
    ("/a/1/b", "/a/{x}/b"),
    ("/a/c/b", "/a/{x}/b"),
    ("/a/c/d", "/{y}/c/d"),
    ("/a/c/7", "/a/c/{z:int}"),
    ("/q/c/d", "/{y}/c/d"),
    (f"/{UUID}/c/d", "/{y}/c/d"),
    (f"/{UUID}/c/e", "/{n:uuid}/{m}/e"),
    ("/a/c/e", None),
    ("/a/c", None),
    ("/a/c/b/", None),
    ("/a//b", None),
]


@pytest.mark.parametrize(("path", "text"), FOUND, ids=[row[0] for row in FOUND])
def test_every_way_through_the_tree_is_tried(path: str, text: str | None) -> None:
    row = table_of(*BRANCHING).find(path)
    assert (row and row.text) == text


OVERLAPPING = [
    ("the same with another name", "/orders/{id}", "/orders/{number}"),
    ("a literal that a parameter takes", "/orders/{id}", "/orders/export"),
    ("a parameter that takes a literal", "/orders/export", "/orders/{id}"),
    ("a number that a number takes", "/orders/7", "/orders/{id:int}"),
    ("two converters", "/orders/{id:int}", "/orders/{id:uuid}"),
    ("a converter and any text", "/orders/{id:int}", "/orders/{id}"),
    ("crosswise", "/a/{x}", "/{y}/b"),
    ("a rest over a literal", "/files/{path:path}", "/files/a"),
    ("a literal under a rest", "/files/a/b", "/files/{path:path}"),
    ("a rest over a deep parameter", "/{path:path}", "/a/b/{c}/d"),
    ("an empty rest over a trailing slash", "/files/{path:path}", "/files/"),
    ("a rest over a rest", "/{path:path}", "/files/{path:path}"),
    ("a rest under a rest", "/files/{path:path}", "/{path:path}"),
    ("a rest beside a parameter", "/{name}/{path:path}", "/files/{id}"),
    ("two rests", "/files/{a:path}", "/files/{b:path}"),
]


@pytest.mark.parametrize(("one", "other"), [row[1:] for row in OVERLAPPING], ids=[row[0] for row in OVERLAPPING])
def test_an_overlap_names_both_rows(one: str, other: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        table_of(one, other)
    assert caught.value.parameter == "policy"
    assert repr(one) in str(caught.value)
    assert repr(other) in str(caught.value)


DISJOINT = [
    ("a trailing slash", "/orders", "/orders/"),
    ("case", "/orders", "/Orders"),
    ("a literal that the converter does not take", "/orders/export", "/orders/{id:int}"),
    ("an empty segment that no parameter takes", "/orders/", "/orders/{id}"),
    ("lengths", "/{a}", "/{a}/{b}"),
    ("a rest and what it begins with", "/files/{path:path}", "/files"),
    ("a later literal", "/{a}/x", "/{a}/y"),
    ("two doubled slashes", "//", "///"),
]


@pytest.mark.parametrize(("one", "other"), [row[1:] for row in DISJOINT], ids=[row[0] for row in DISJOINT])
def test_rows_without_a_common_path_stand_side_by_side(one: str, other: str) -> None:
    for texts in ((one, other), (other, one)):
        table_of(*texts)


def test_a_path_deeper_than_any_row_is_only_taken_by_a_rest() -> None:
    table = table_of("/a/{b}", "/files/{path:path}")
    deep = "/b" * 60_000
    assert table.find("/a" + deep) is None
    assert table.find(deep) is None
    assert table.find("/files" + deep) is not None


def cost(table: PathTable, path: str) -> float:
    """Processor seconds of the fastest of several searches."""
    spent = []
    for _ in range(50):
        begin = time.process_time_ns()
        for _ in range(100):
            table.find(path)
        spent.append(time.process_time_ns() - begin)
    return min(spent) / 1e9


@pytest.mark.parametrize(
    ("row", "found", "missed"),
    [("/service{}/{{id}}", "/service9/42", "/nothing/42"), ("/{{id}}/service{}", "/42/service9", "/42/nothing")],
    ids=["a literal first", "a parameter first"],
)
def test_a_thousand_rows_cost_about_what_ten_cost(row: str, found: str, missed: str) -> None:
    few, many = (table_of(*(row.format(number) for number in range(count))) for count in (10, 1_000))
    # a scan would cost a hundredfold; ten is far from the noise of a busy machine
    assert cost(many, found) < 10 * cost(few, found)
    assert cost(many, missed) < 10 * cost(few, missed)


# --- which rows name the paths of a whole route


FRESH = ["q", "9", "9.5", "2" * 32, "8f3c1d52-0b6e-4c49-9d55-2f1f6a0f3b12"]  # of each kind of text one that no pattern has
ROUTE_SEGMENTS = st.sampled_from(["a", "b", "7", "", *PARAMETERS])


def taken(segment: str) -> list[str]:
    """Texts that stand for all that a segment of a route takes."""
    texts = [*TEXTS, *FRESH]
    return [text for text in texts if CONVERTERS[segment].takes(text)] if segment in CONVERTERS else [segment]


def routes_paths(segments: list[str]) -> list[str]:
    if segments[-1] != "path":
        ways = [segments]
    else:
        rests = [list(rest) for length in (1, 2) for rest in itertools.product([*TEXTS, *FRESH], repeat=length)]
        ways = [[*segments[:-1], *rest] for rest in [*rests, ["q", "q", "q", "q"], ["a", "a", "a", "a"]]]
    return ["/" + "/".join(texts) for way in ways for texts in itertools.product(*map(taken, way))]


@settings(max_examples=60)
@given(disjoint_rows(), st.lists(ROUTE_SEGMENTS, min_size=1, max_size=2), st.sampled_from([[], ["path"]]))
def test_the_rows_of_a_route_are_exactly_those_that_name_one_of_its_paths(
    rows: list[PolicyRow], segments: list[str], end: list[str]
) -> None:
    table = PathTable()
    for row in rows:
        table.add(row)
    route: list[RouteSegment] = [TEXTS_OF[segment] if segment in CONVERTERS else segment for segment in segments]
    assert table.rows_of([*route, *([REST] if end else [])]) == {table.find(path) for path in routes_paths(segments + end)}


ROWS_OF_ROUTES: list[tuple[str, list[RouteSegment], set[str | None]]] = [
    ("a text", ["orders"], {"/orders"}),
    ("another text", ["Orders"], {None}),
    ("more than the row", ["orders", "x"], {None}),
    ("a number under a number", ["orders", TEXTS_OF["int"]], {"/orders/{id:int}"}),
    ("any text over a number and a text", ["orders", TEXTS_OF["str"]], {"/orders/{id:int}", "/orders/latest", None}),
    ("decimals over a number", ["orders", TEXTS_OF["float"]], {"/orders/{id:int}", None}),
    ("UUIDs, of which some are numbers", ["orders", TEXTS_OF["uuid"]], {"/orders/{id:int}", None}),
    ("anything beneath a rest", ["files", TEXTS_OF["str"], REST], {"/files/{path:path}"}),
    ("anything over rows", ["orders", REST], {"/orders/{id:int}", "/orders/latest", None}),
    ("a segment before anything", [REST], {"/orders", "/orders/{id:int}", "/orders/latest", "/files/{path:path}", None}),
    ("a dot segment, which no rest takes", ["files", "..", "x"], {None}),
    ("a control character, which no rest takes", ["files", "a\n"], {None}),
]


@pytest.mark.parametrize(("segments", "expected"), [row[1:] for row in ROWS_OF_ROUTES], ids=[row[0] for row in ROWS_OF_ROUTES])
def test_the_rows_of_a_route(segments: list[RouteSegment], expected: set[str | None]) -> None:
    table = table_of("/orders", "/orders/{id:int}", "/orders/latest", "/files/{path:path}")
    assert {row and row.text for row in table.rows_of(segments)} == expected


def test_rows_that_share_all_paths_of_a_route_leave_none() -> None:
    every = ["/a/", "/a/{x}", "/a/{x}/{r:path}", "/a//{r:path}"]
    assert {row and row.text for row in table_of(*every).rows_of(["a", REST])} == set(every)
    assert None in table_of(*every[:-1]).rows_of(["a", REST])
