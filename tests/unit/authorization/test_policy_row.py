"""A row of a policy is read as it is meant, or refused when it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bearerguard.authorization.combination import Requirement
from bearerguard.authorization.policy_row import CONVERTERS, REST, Public, Segment, read_row
from bearerguard.authorization.requirement import role
from bearerguard.errors import ConfigurationError
from support.ids import stable_repr

READ = role("Read.All")
STR, INT, UUID = CONVERTERS["str"], CONVERTERS["int"], CONVERTERS["uuid"]

ROWS: list[tuple[str, tuple[str, ...], str, tuple[Segment, ...]]] = [
    ("/", (), "/", ("",)),
    ("/health", (), "/health", ("health",)),
    ("GET /orders", ("GET",), "/orders", ("orders",)),
    ("GET /orders/", ("GET",), "/orders/", ("orders", "")),
    ("POST,GET /orders", ("POST", "GET"), "/orders", ("orders",)),
    ("WEBSOCKET /live", ("WEBSOCKET",), "/live", ("live",)),
    ("/orders/{id}", (), "/orders/{id}", ("orders", STR)),
    ("/orders/{id:str}/lines/{_line2:int}", (), "/orders/{id:str}/lines/{_line2:int}", ("orders", STR, "lines", INT)),
    ("/{id:uuid}", (), "/{id:uuid}", (UUID,)),
    ("/{path:path}", (), "/{path:path}", (REST,)),
    ("DELETE /files/{rest:path}", ("DELETE",), "/files/{rest:path}", ("files", REST)),
    ("/a//b", (), "/a//b", ("a", "", "b")),
    ("GET /my file.v1+(x)", ("GET",), "/my file.v1+(x)", ("my file.v1+(x)",)),
    ("POST /v1/orders:cancel", ("POST",), "/v1/orders:cancel", ("v1", "orders:cancel")),
    ("/100%", (), "/100%", ("100%",)),
    ("/Größe/注文", (), "/Größe/注文", ("Größe", "注文")),
]


@pytest.mark.parametrize(("text", "methods", "path", "segments"), ROWS, ids=[row[0] for row in ROWS])
def test_a_row_is_methods_and_whole_segments(
    text: str, methods: tuple[str, ...], path: str, segments: tuple[Segment, ...]
) -> None:
    row = read_row(text, READ)
    assert (row.text, row.methods, row.path, row.segments, row.requirement) == (text, methods, path, segments, READ)
    assert row.is_literal == ("{" not in text)


MALFORMED = [
    ("no string", 1),
    ("bytes", b"GET /x"),
    ("none", None),
    ("empty", ""),
    ("no path", "GET"),
    ("no path after the method", "GET "),
    ("no slash", "health"),
    ("no slash after the method", "GET health"),
    ("two spaces", "GET  /x"),
    ("a leading space", " /x"),
    ("a trailing space", "/x "),
    ("a trailing ideographic space", "/x\u3000"),
    ("a tab for the space", "GET\t/x"),
    ("a URL", "https://api.example/orders"),
    ("an unknown method", "FETCH /x"),
    ("a lower-case method", "get /x"),
    ("a mixed-case method", "Get /x"),
    ("any method spelled as a star", "* /x"),
    ("a space after the comma", "GET, POST /x"),
    ("a comma too many", "GET, /x"),
    ("no method before the comma", ",GET /x"),
    ("a bar for the comma", "GET|POST /x"),
    ("a method twice", "GET,POST,GET /x"),
    ("a query", "/x?y=1"),
    ("a fragment", "/x#y"),
    ("a percent-encoded slash", "/a%2Fb"),
    ("a percent-encoded letter", "/%61dmin"),
    ("a dot segment", "/./x"),
    ("a double-dot segment", "/{id}/.."),
    ("a newline", "/x\n"),
    ("a newline within", "/x\ny"),
    ("a null", "/x\x00"),
    ("a delete", "/x\x7f"),
    ("a replacement character", "/x\ufffd"),
    ("an open brace", "/orders/{id"),
    ("a closing brace", "/orders/id}"),
    ("braces the wrong way round", "/orders/}id{"),
    ("braces in braces", "/orders/{{id}}"),
    ("empty braces", "/orders/{}"),
    ("braces around a slash", "/orders/{a/b}"),
    ("text before a parameter", "/orders/v{id}"),
    ("text behind a parameter", "/orders/{id}.json"),
    ("two parameters in a segment", "/orders/{a}{b}"),
    ("a parameter that is no name", "/orders/{1}"),
    ("a parameter with a dash", "/orders/{order-id}"),
    ("a parameter with a space", "/orders/{ id}"),
    ("a parameter beyond ASCII", "/orders/{größe}"),
    ("a parameter without a name", "/orders/{:int}"),
    ("a converter without a name", "/orders/{id:}"),
    ("an unknown converter", "/orders/{id:slug}"),
    ("a regular expression", "/orders/{id:[0-9]+}"),
    ("a converter in capitals", "/orders/{id:INT}"),
    ("a parameter twice", "/orders/{id}/lines/{id}"),
    ("a parameter twice, once as the rest", "/orders/{id}/{id:path}"),
    ("a rest in the middle", "/files/{path:path}/edit"),
    ("a rest before a slash", "/files/{path:path}/"),
    ("a parameter of Flask or Django", "/orders/<id>"),
    ("a parameter of Flask or Django, with a converter", "/orders/<int:id>/lines"),
    ("half a parameter of Flask", "/orders/<id"),
    ("the other half", "/orders/id>"),
    ("a parameter of Express", "/orders/:id"),
    ("a parameter of Express in the middle", "/orders/:id/lines"),
    ("a star", "/orders/*"),
    ("two stars", "/files/**"),
    ("a star in a text", "/files/*.pdf"),
    ("a star behind a parameter", "/files/{name}*"),
    ("two rests", "/files/{a:path}/{b:path}"),
]


@pytest.mark.parametrize("text", [row[1] for row in MALFORMED], ids=[row[0] for row in MALFORMED])
def test_a_malformed_row_is_refused_and_shown(text: object) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_row(text, READ)
    assert caught.value.parameter == "policy"
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize("text", ["/orders/<int:id>", "/orders/:id", "/orders/*"])
def test_what_is_a_parameter_in_other_frameworks_comes_with_the_notation_of_ours(text: str) -> None:
    """As a mere text it named no real request, and callers got a 403 that nobody could explain."""
    with pytest.raises(ConfigurationError) as caught:
        read_row(text, READ)
    assert "{name:int}" in str(caught.value)


@pytest.mark.parametrize("value", [None, True, "Read.All", "public", role, Requirement, [READ], Public], ids=stable_repr)
def test_a_row_without_a_requirement_is_refused_and_shown(value: object) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_row("GET /orders", value)
    assert "'GET /orders'" in str(caught.value)


STANDARD = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"]


@pytest.mark.parametrize("method", [*STANDARD, "WEBSOCKET"])
def test_every_method_of_the_standards_and_websockets_can_be_named(method: str) -> None:
    """RFC 9110 §9.3, RFC 5789, RFC 10008."""
    assert read_row(f"{method} /x", READ).methods == (method,)


@given(st.text() | st.text(alphabet="GETPOST,/{}:ab%?# \n"))
def test_any_text_is_a_row_or_a_configuration_error(text: str) -> None:
    try:
        row = read_row(text, READ)
    except ConfigurationError:
        return
    assert text == (",".join(row.methods) + " " if row.methods else "") + row.path
    assert row.path.startswith("/")
    assert len(row.segments) == row.path.count("/")


TAKEN = [
    ("str", ["a", "A b", "1", "é", "..", "a\u2028", "{id}"], [""]),
    ("int", ["0", "007", "1" * 400], ["", "-1", "+1", "1.0", "1_0", " 1", "٣", "1\n", "x"]),
    ("float", ["0", "1.5", "00.00"], ["", ".5", "1.", "-1.5", "1e5", "nan", "1.5\n", "1,5"]),
    (
        "uuid",
        ["8f3c1d52-0b6e-4c49-9d55-2f1f6a0f3b11", "8F3C1D52-0B6E-4C49-9D55-2F1F6A0F3B11", "8f3c1d520b6e4c499d552f1f6a0f3b11"],
        ["", "8f3c1d52", "{8f3c1d52-0b6e-4c49-9d55-2f1f6a0f3b11}", "8f3c1d52-0b6e-4c49-9d55-2f1f6a0f3b11\n", "g" * 32],
    ),
    ("path", ["", "a", "a/b//c"], []),
]


@pytest.mark.parametrize(("name", "taken", "left"), TAKEN, ids=[row[0] for row in TAKEN])
def test_a_converter_takes_whole_segments_only(name: str, taken: list[str], left: list[str]) -> None:
    assert all(CONVERTERS[name].takes(text) for text in taken)
    assert not any(CONVERTERS[name].takes(text) for text in left)


def test_any_two_converters_have_texts_in_common() -> None:
    """The search for overlapping rows stands on this."""
    assert all(converter.takes("1" * 32) for converter in CONVERTERS.values())
