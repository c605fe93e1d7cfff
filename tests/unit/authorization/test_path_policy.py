"""A policy names who may reach what; what it does not name stays closed."""

import pickle
from collections.abc import Mapping
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bearerguard.authorization.combination import Requirement
from bearerguard.authorization.path_policy import PathPolicy
from bearerguard.authorization.policy_row import METHODS, Public
from bearerguard.authorization.requirement import role
from bearerguard.errors import ConfigurationError

READ, WRITE, ADMIN, LIVE = role("Read.All"), role("Write.All"), role("Admin"), role("Live")
PUBLIC = PathPolicy.PUBLIC

POLICY = PathPolicy(
    {
        "GET /orders": READ,
        "GET /orders/{id}": READ,
        "PUT,PATCH /orders/{id}": WRITE,
        "POST /orders": WRITE,
        "GET /reports/latest": READ,
        "GET /reports/{number:int}": WRITE,
        "WEBSOCKET /live": LIVE,
        "GET /live": READ,
        "/admin": ADMIN,
        "/admin/{path:path}": ADMIN,
        "HEAD /size": READ,
        "OPTIONS /size": WRITE,
        "/health": PUBLIC,
    }
)

CASES: list[tuple[str, str, Requirement | Public | None]] = [
    ("GET", "/orders", READ),
    ("HEAD", "/orders", READ),
    ("POST", "/orders", WRITE),
    ("DELETE", "/orders", None),
    ("OPTIONS", "/orders", None),
    ("WEBSOCKET", "/orders", None),
    ("get", "/orders", None),
    ("Get", "/orders", None),
    ("", "/orders", None),
    ("GET ", "/orders", None),
    ("GET,POST", "/orders", None),
    ("GET", "/orders/7", READ),
    ("HEAD", "/orders/7", READ),
    ("PUT", "/orders/7", WRITE),
    ("PATCH", "/orders/7", WRITE),
    ("POST", "/orders/7", None),
    ("GET", "/reports/latest", READ),
    ("GET", "/reports/7", WRITE),
    ("GET", "/reports/other", None),
    ("GET", "/reports/{number:int}", None),
    ("WEBSOCKET", "/live", LIVE),
    ("GET", "/live", READ),
    ("POST", "/live", None),
    ("HEAD", "/size", READ),
    ("GET", "/size", None),
    ("OPTIONS", "/size", WRITE),
    ("GET", "/admin", ADMIN),
    ("WEBSOCKET", "/admin", ADMIN),
    ("OPTIONS", "/admin", ADMIN),
    ("PROPFIND", "/admin", ADMIN),
    ("get", "/admin", ADMIN),
    ("DELETE", "/admin/users/7", ADMIN),
    ("MKCOL", "/admin/", ADMIN),
    ("GET", "/administrator", None),
    ("GET", "/health", PUBLIC),
    ("POST", "/health", PUBLIC),
    ("WEBSOCKET", "/health", PUBLIC),
    ("GET", "/", None),
    ("GET", "", None),
    ("OPTIONS", "*", None),
    ("GET", "http://evil/health", None),
]


@pytest.mark.parametrize(("method", "path", "requirement"), CASES, ids=[f"{row[0]} {row[1]}" for row in CASES])
def test_a_request_meets_the_one_row_that_names_it(method: str, path: str, requirement: Requirement | Public | None) -> None:
    """Default deny; a row without methods covers all; GET covers HEAD; OPTIONS is not special."""
    assert POLICY.requirement_for(method, path) is requirement


LOOKALIKES = [
    ("a trailing newline: Spring CVE-2022-22978", "/orders\n"),
    ("a trailing newline behind a parameter", "/orders/7\n"),
    ("a newline for a parameter", "/orders/\n"),
    ("a newline in the public path", "/health\n"),
    ("a carriage return", "/health\r"),
    ("a null", "/health\x00"),
    ("a null behind a parameter", "/orders/7\x00"),
    ("an escape in the rest", "/admin/\x1b"),
    ("a delete in the rest", "/admin/x\x7fy"),
    ("undecodable bytes", "/orders/\ufffd"),
    ("a query: Istio CVE-2020-8595, oauth2-proxy CVE-2025-54576", "/health?x"),
    ("a fragment: Istio CVE-2021-39156", "/health#x"),
    ("a fragment without text", "/health#"),
    ("a semicolon parameter", "/health;x"),
    ("a doubled slash: Istio CVE-2021-31920", "//health"),
    ("a doubled slash at the end", "/orders//"),
    ("a doubled slash before a parameter", "/orders//7"),
    ("a slash that was %2F before it was decoded", "/orders/7/8"),
    ("a percent-encoded letter", "/%68ealth"),
    ("a percent-encoded slash", "/orders%2F7"),
    ("a backslash", "\\health"),
    ("a dot segment", "/./health"),
    ("a double-dot segment", "/x/../health"),
    ("a trailing dot", "/health/."),
    ("case: Istio CVE-2021-39155", "/HEALTH"),
    ("case of one letter", "/healtH"),
    ("a trailing slash", "/health/"),
    ("a trailing slash behind a parameter", "/orders/7/"),
    ("an empty parameter", "/orders/"),
    ("a longer word", "/healthy"),
    ("a longer path", "/health/x"),
    ("an inner path", "/x/health"),
    ("no leading slash", "health"),
    ("a leading space", " /health"),
    ("a trailing space", "/health "),
    ("a letter that looks alike", "/he\u0430lth"),
    ("another Unicode form", "/heálth"),
    ("a pattern of its own", "/orders/{id}/x"),
    ("a mount's root path in front", "/api/health"),
]


@pytest.mark.parametrize("path", [row[1] for row in LOOKALIKES], ids=[row[0] for row in LOOKALIKES])
def test_a_path_that_only_looks_like_a_row_is_named_by_none(path: str) -> None:
    """CVE-2022-22978, CVE-2020-8595: paths match whole, exact, case-sensitive, on the string given."""
    assert POLICY.requirement_for("GET", path) is None


@pytest.mark.parametrize("path", ["/files/../admin", "/files/a/..", "/files/./a", "/files/.."])
def test_no_rest_takes_a_dot_segment(path: str) -> None:
    """An application that hands requests on may resolve it (RFC 3986 §5.2.4), and so leave what the row names."""
    policy = PathPolicy({"/files/{path:path}": PathPolicy.PUBLIC})
    assert policy.requirement_for("GET", path) is None
    assert policy.requirement_for("GET", "/files/.well-known/..a/b.") is PathPolicy.PUBLIC


def test_text_of_a_row_is_never_a_regular_expression() -> None:
    policy = PathPolicy({"/a.c": READ, "/(a|b)+": READ, "/[^/]+": READ, "/$": READ})
    assert [policy.requirement_for("GET", path) for path in ("/abc", "/aab", "/a", "/", "/x")] == [None] * 5
    assert policy.requirement_for("GET", "/(a|b)+") is READ


METHOD_OVERLAPS = [
    ("GET covers HEAD", "GET /x", "HEAD /x"),
    ("a method in two lists", "GET,POST /x", "PUT,POST /x"),
    ("all methods and one", "/x", "DELETE /x"),
    ("all methods and websockets", "/x", "WEBSOCKET /x"),
    ("all methods, two patterns", "/{a}", "/x"),
    ("a literal beside a parameter", "GET /orders/{id}", "GET /orders/export"),
    ("all methods over a method and a parameter", "/files/{path:path}", "GET /files/{id}"),
]


@pytest.mark.parametrize(("one", "other"), [row[1:] for row in METHOD_OVERLAPS], ids=[row[0] for row in METHOD_OVERLAPS])
def test_rows_that_name_one_request_twice_are_refused_with_both_names(one: str, other: str) -> None:
    """Even where they agree: what shadows what would be a matter of order."""
    for rows in ({one: READ, other: WRITE}, {other: READ, one: READ}):
        with pytest.raises(ConfigurationError) as caught:
            PathPolicy(rows)
        assert repr(one) in str(caught.value)
        assert repr(other) in str(caught.value)


def test_other_methods_may_name_overlapping_paths() -> None:
    policy = PathPolicy({"GET /orders/export": READ, "POST /orders/{id}": WRITE, "WEBSOCKET /{path:path}": LIVE})
    assert policy.requirement_for("GET", "/orders/export") is READ
    assert policy.requirement_for("POST", "/orders/export") is WRITE
    assert policy.requirement_for("WEBSOCKET", "/orders/export") is LIVE
    assert policy.requirement_for("PUT", "/orders/export") is None


@given(st.text() | st.sampled_from(sorted(METHODS)), st.text())
def test_any_text_as_method_and_path_is_answered(method: str, path: str) -> None:
    assert POLICY.requirement_for(method, path) in {READ, WRITE, ADMIN, LIVE, PUBLIC, None}
    assert POLICY.requirement_for(method, "/admin/" + path) in {ADMIN, None}


@given(st.dictionaries(st.sampled_from(sorted(METHODS)), st.sampled_from([READ, WRITE, PUBLIC]), min_size=1), st.text(max_size=5))
def test_a_method_is_covered_exactly_when_a_row_names_it(rows: dict[str, Requirement | Public], unknown: str) -> None:
    both = "GET" in rows and "HEAD" in rows
    if both:
        del rows["HEAD"]
    policy = PathPolicy({f"{method} /x": requirement for method, requirement in rows.items()})
    for method in (*METHODS, unknown):
        expected = rows.get("GET") if method == "HEAD" and "HEAD" not in rows else rows.get(method)
        assert policy.requirement_for(method, "/x") is expected


BAD: list[object] = [None, {}, MappingProxyType({}), [], [("/x", READ)], "GET /x", READ, {"/x": None}, {"x": READ}, {None: READ}]


@pytest.mark.parametrize("rows", BAD, ids=repr)
def test_what_is_no_table_of_requirements_is_refused_when_built(rows: object) -> None:
    with pytest.raises(ConfigurationError) as caught:
        PathPolicy(rows)  # type: ignore[arg-type]
    assert caught.value.parameter == "policy"


def test_the_rows_are_listed_as_they_were_written() -> None:
    table: Mapping[str, Requirement | Public] = {"POST,GET /orders/{id:int}": READ | WRITE, "/health": PUBLIC}
    rows = PathPolicy(table).rows
    assert [(row.methods, row.path, row.requirement) for row in rows] == [
        (("POST", "GET"), "/orders/{id:int}", READ | WRITE),
        ((), "/health", PUBLIC),
    ]
    assert [row.text for row in rows] == list(table)


def test_changing_the_mapping_later_changes_nothing() -> None:
    table: dict[str, Requirement | Public] = {"/x": READ}
    policy = PathPolicy(table)
    table["/x"], table["/y"] = PUBLIC, PUBLIC
    assert policy.requirement_for("GET", "/x") is READ
    assert policy.requirement_for("GET", "/y") is None


def test_a_policy_prints_as_it_was_written() -> None:
    policy = PathPolicy({"GET /orders": READ, "/health": PathPolicy.PUBLIC})
    assert repr(policy) == """PathPolicy({'GET /orders': role("Read.All"), '/health': PathPolicy.PUBLIC})"""


def test_public_is_one_value_and_no_requirement() -> None:
    assert repr(PathPolicy.PUBLIC) == "PathPolicy.PUBLIC"
    assert pickle.loads(pickle.dumps(PathPolicy.PUBLIC)) is PathPolicy.PUBLIC  # noqa: S301  of this test's own making
    with pytest.raises(ConfigurationError):
        READ | PathPolicy.PUBLIC
