"""JSON with one reading only, and bounded before the work."""

import contextlib
import json
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bearerguard.strict_json import MAX_DEPTH, MAX_DIGITS, MAX_MEMBERS, NotStrictJson, parse_object

LIMIT: Final = 10**MAX_DIGITS - 1
text = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
numbers = st.integers(-LIMIT, LIMIT) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=20,
)


def nested(levels: int) -> bytes:
    """Objects and arrays in turn, so many levels deep."""
    opening = [b'{"a":' if level % 2 == 0 else b"[" for level in range(levels)]
    closing = [b"}" if level % 2 == 0 else b"]" for level in reversed(range(levels))]
    return b"".join([*opening, b"1", *closing])


@given(st.dictionaries(text, values, max_size=6), st.booleans(), st.sampled_from([None, 2]))
def test_plain_json_reads_as_the_standard_library_reads_it(value: dict[str, Any], escaped: bool, indent: int | None) -> None:
    """RFC 8259: the limits aside, nothing is read in a way of our own."""
    data = json.dumps(value, ensure_ascii=escaped, indent=indent).encode()

    assert parse_object(data) == json.loads(data) == value


@given(st.binary(max_size=80))
def test_any_bytes_are_an_object_or_no_strict_json(data: bytes) -> None:
    """No other error, whatever arrives."""
    with contextlib.suppress(NotStrictJson):
        assert type(parse_object(data)) is dict


@given(st.text(alphabet='{}[]",:0123456789.eE+-\\uaDd tfn', max_size=40))
def test_what_the_standard_library_refuses_is_refused(almost: str) -> None:
    """Strict is stricter, never laxer."""
    try:
        read = parse_object(almost.encode())
    except NotStrictJson:
        return
    assert json.loads(almost) == read


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), min_size=1, max_size=6))
def test_a_name_stands_once_in_an_object(pairs: list[tuple[str, int]]) -> None:
    """R25, RFC 7515 §4, RFC 7519 §4: the last would win for one reader and the first for another."""
    data = ("{" + ",".join(f'"{name}":{value}' for name, value in pairs) + "}").encode()
    if len({name for name, _ in pairs}) == len(pairs):
        assert parse_object(data) == dict(pairs)
        return
    for outer in (data, b'{"x":[' + data + b"]}"):
        with pytest.raises(NotStrictJson):
            parse_object(outer)


@pytest.mark.parametrize("levels", [1, 2, MAX_DEPTH - 1, MAX_DEPTH])
def test_levels_up_to_the_limit_are_read(levels: int) -> None:
    """Design §4: depth 20."""
    assert parse_object(nested(levels)) == json.loads(nested(levels))


@pytest.mark.parametrize("levels", [MAX_DEPTH + 1, 100, 1_000, 1_024, 1_025, 100_000])
def test_levels_beyond_the_limit_are_refused(levels: int) -> None:
    """R72: before the recursion of any reader ends (CVE-2025-53864)."""
    with pytest.raises(NotStrictJson):
        parse_object(nested(levels))


def test_a_wide_object_is_not_a_deep_one() -> None:
    """Many containers on one level."""
    data = json.dumps({str(number): [number] for number in range(MAX_MEMBERS)}).encode()

    assert len(parse_object(data)) == MAX_MEMBERS


@pytest.mark.parametrize("count", [MAX_MEMBERS + 1, 5_000])
def test_an_object_has_a_bounded_number_of_members(count: int) -> None:
    """Design §4: 512."""
    data = json.dumps({str(number): number for number in range(count)}).encode()

    for outer in (data, b'{"x":' + data + b"}"):
        with pytest.raises(NotStrictJson):
            parse_object(outer)


@pytest.mark.parametrize("sign", ["", "-"])
def test_an_integer_has_a_bounded_number_of_digits(sign: str) -> None:
    """Design §4: 20."""
    assert parse_object(f'{{"x":{sign}{LIMIT}}}'.encode()) == {"x": int(f"{sign}{LIMIT}")}
    for digits in (21, 4_301, 15_000):
        with pytest.raises(NotStrictJson):
            parse_object(f'{{"x":{sign}{"9" * digits}}}'.encode())


@given(st.binary(min_size=1, max_size=30))
def test_the_message_holds_nothing_of_the_text(data: bytes) -> None:
    """R127: it reaches the operator's text."""
    marked = b'{"' + data.hex().encode() * 3 + b'": }'
    with pytest.raises(NotStrictJson) as caught:
        parse_object(marked)

    assert data.hex() * 3 not in str(caught.value)
    assert caught.value.__suppress_context__


# --- key sets

KEY: Final = b'{"kid":"a"}'


@pytest.mark.parametrize(
    "spoiled",
    [
        pytest.param(b'{"kid":"b","kid":"c"}', id="a name twice"),
        pytest.param(b'{"x":{"y":1,"y":2}}', id="a name twice, deeper"),
        pytest.param(b'{"n":' + b"1" * 21 + b"}", id="21 digits"),
        pytest.param(b'{"kid":"\\ud800"}', id="a lone surrogate"),
        pytest.param(json.dumps({str(n): n for n in range(513)}).encode(), id="513 members"),
    ],
)
def test_a_spoiled_key_does_not_sink_the_others(spoiled: bytes) -> None:
    """R25, R33, RFC 7517 §5."""
    data = b'{"keys":[' + KEY + b"," + spoiled + b"," + KEY + b"]}"

    keys = parse_object(data, spoiled_members_are_null=True)["keys"]

    assert keys[0] == keys[2] == {"kid": "a"}
    assert len(keys) == 3
    with pytest.raises(NotStrictJson):
        parse_object(data)


@pytest.mark.parametrize("data", [b'{"keys":[],"keys":[]}', b"[]", b'{"keys":[NaN]}', b'{"keys":[}', nested(21), b"\xff{}"])
def test_a_key_set_that_is_spoiled_as_a_whole_is_refused(data: bytes) -> None:
    """The outer object stays strict."""
    with pytest.raises(NotStrictJson):
        parse_object(data, spoiled_members_are_null=True)
