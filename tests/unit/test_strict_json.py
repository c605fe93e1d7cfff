"""One reading only, and bounded before the work."""

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bearerguard.strict_json import NotStrictJson, parse_object

ACCEPTED: dict[str, tuple[bytes, dict[str, Any]]] = {
    "empty": (b"{}", {}),
    "white-space-around": (b' \t\r\n{"a": 1} \t\r\n', {"a": 1}),
    "every-type": (
        b'{"s": "x", "i": -1, "f": 1.5e3, "t": true, "n": null, "l": [1, {}]}',
        {"s": "x", "i": -1, "f": 1500.0, "t": True, "n": None, "l": [1, {}]},
    ),
    "utf-8": ('{"ä": "鍵 🔑"}'.encode(), {"ä": "鍵 🔑"}),
    "escaped": (b'{"\\u0061": "\\ud83d\\udd11\\n"}', {"a": "🔑\n"}),
    "20-levels": (b'{"a":' * 19 + b"{}" + b"}" * 19, json.loads('{"a":' * 19 + "{}" + "}" * 19)),
    "512-members": (
        json.dumps({str(n): n for n in range(512)}).encode(),
        {str(n): n for n in range(512)},
    ),
    "20-digits": (b'{"a": 12345678901234567890}', {"a": 12_345_678_901_234_567_890}),
    "20-digits-below-zero": (b'{"a": -12345678901234567890}', {"a": -12_345_678_901_234_567_890}),
    "many-brackets-in-text": (json.dumps({"a": "[{" * 100}).encode(), {"a": "[{" * 100}),
    "one-name-at-two-levels": (b'{"a": {"a": 1}}', {"a": {"a": 1}}),
    "names-that-differ-in-form-alone": ('{"é": 1, "e\u0301": 2}'.encode(), {"é": 1, "e\u0301": 2}),
}

REFUSED: dict[str, bytes] = {
    "nothing": b"",
    "white-space": b"  ",
    "array": b"[]",
    "text": b'"a"',
    "number": b"1",
    "null": b"null",
    "true": b"true",
    "truncated": b'{"a": 1',
    "text-behind": b'{"a": 1} x',
    "two-objects": b"{}{}",
    "nul-behind": b"{}\x00",
    "comma-at-the-end": b'{"a": 1,}',
    "single-quotes": b"{'a': 1}",
    "comment": b'{"a": 1 /* one */}',
    "name-without-quotes": b"{a: 1}",
    "control-character-in-text": b'{"a": "x\ny"}',
    "nan": b'{"a": NaN}',
    "infinity": b'{"a": Infinity}',
    "minus-infinity": b'{"a": -Infinity}',
    "hexadecimal": b'{"a": 0x10}',
    "plus": b'{"a": +1}',
    "leading-zero": b'{"a": 01}',
    "name-twice": b'{"a": 1, "a": 1}',
    "name-twice-once-escaped": b'{"a": 1, "\\u0061": 2}',
    "name-twice-inside": b'{"a": {"b": 1, "b": 2}}',
    "name-twice-in-a-list": b'{"a": [{"b": 1, "b": 2}]}',
    "utf-16": '{"a": 1}'.encode("utf-16"),
    "utf-16-le": '{"a": 1}'.encode("utf-16-le"),
    "utf-32": '{"a": 1}'.encode("utf-32"),
    "byte-order-mark": b'\xef\xbb\xbf{"a": 1}',
    "latin-1": '{"a": "é"}'.encode("latin-1"),
    "overlong-utf-8": b'{"a": "\xc0\xaf"}',
    "half-a-pair-in-utf-8": b'{"a": "\xed\xa0\x80"}',
    "lone-surrogate": b'{"a": "\\ud800"}',
    "lone-surrogate-in-a-name": b'{"\\udc00": 1}',
    "surrogates-in-the-wrong-order": b'{"a": "\\udd11\\ud83d"}',
    "no-break-space-around": "\u00a0{}".encode(),
    "form-feed-around": b"\x0c{}",
    "21-levels": b'{"a":' * 20 + b"{}" + b"}" * 20,
    "21-levels-of-arrays": b'{"a":' + b"[" * 20 + b"]" * 20 + b"}",
    "1000-levels": b'{"a":' * 999 + b"{}" + b"}" * 999,
    "100000-levels": b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "100000-levels-open": b"[" * 100_000,
    "1025-objects": b'{"a": [' + b",".join([b"{}"] * 1_023) + b"]}",
    "20002-elements": b'{"a": [' + b",".join([b"1"] * 20_002) + b"]}",
    "513-members": json.dumps({str(n): n for n in range(513)}).encode(),
    "21-digits": b'{"a": 123456789012345678901}',
    "21-digits-below-zero": b'{"a": -123456789012345678901}',
    "5000-digits": b'{"a": ' + b"1" * 5_000 + b"}",
}


@pytest.mark.parametrize(("text", "value"), ACCEPTED.values(), ids=ACCEPTED)
def test_a_strict_object_is_read(text: bytes, value: dict[str, Any]) -> None:
    assert parse_object(text) == value
    assert parse_object(text, spoiled_members_are_null=True) == value


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_anything_else_is_refused(text: bytes) -> None:
    with pytest.raises(NotStrictJson):
        parse_object(text)


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_the_reason_holds_nothing_of_the_text(text: bytes) -> None:
    """What is refused may be a token."""
    with pytest.raises(NotStrictJson) as caught:
        parse_object(text.replace(b"{", b'{"S3cr3t": 0, ', 1))
    assert "S3cr3t" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


FORGIVEN: dict[str, tuple[bytes, dict[str, Any]]] = {
    "name-twice-inside": (b'{"a": [{"b": 1, "b": 2}, {"c": 3}]}', {"a": [None, {"c": 3}]}),
    "513-members-inside": (
        json.dumps({"a": [{str(n): n for n in range(513)}, 1]}).encode(),
        {"a": [None, 1]},
    ),
    "lone-surrogate": (b'{"a": ["\\ud800"]}', {"a": ["\ud800"]}),
}


@pytest.mark.parametrize(("text", "value"), FORGIVEN.values(), ids=FORGIVEN)
def test_where_asked_for_an_inner_object_that_is_spoiled_spoils_nothing_else(text: bytes, value: dict[str, Any]) -> None:
    assert parse_object(text, spoiled_members_are_null=True) == value


def test_where_asked_for_too_long_an_integer_is_no_number() -> None:
    found = parse_object(b'{"a": 123456789012345678901, "b": 1}', spoiled_members_are_null=True)
    assert found["a"] != found["a"]
    assert found["b"] == 1


JUDGED_LATER = re.compile("surrogate|digits|name-twice-in")


@pytest.mark.parametrize("name", [name for name in REFUSED if not JUDGED_LATER.search(name)])
def test_the_rest_stays_strict(name: str) -> None:
    with pytest.raises(NotStrictJson):
        parse_object(REFUSED[name], spoiled_members_are_null=True)


# --- properties

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20) + 1, 10**20 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.text(), VALUES, max_size=6))
def test_what_json_writes_is_read_back(value: dict[str, Any]) -> None:
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False)):
        assert parse_object(text.encode()) == value


@given(st.binary(max_size=200) | st.text(alphabet='{}[]":,\\u0d8 12eE.-ntf', max_size=60).map(str.encode))
def test_any_octets_are_an_object_or_refused(text: bytes) -> None:
    for forgiving in (False, True):
        try:
            value = parse_object(text, spoiled_members_are_null=forgiving)
        except NotStrictJson:
            continue
        assert type(value) is dict


HALVES = ["\\ud83d", "\\ude00", "\\uD83D\\uDE00", "\\ud83d\\ude00"]
OTHERS = ["\\u0041", "\\ue000", "\\\\", "\\n", '\\"', "ud800", "d83d", "x", "é", "🔑"]


@given(st.lists(st.lists(st.sampled_from(HALVES + OTHERS), max_size=8).map("".join), min_size=1, max_size=3))
def test_half_a_character_is_found_wherever_it_is_escaped(texts: list[str]) -> None:
    """RFC 8259 §8.2: a lone surrogate is no text. Python's own encoder is the judge."""
    written = ", ".join(f'"{text}"' for text in texts)
    data = f'{{"a": [{written}]}}'.encode()
    values = json.loads(data)["a"]
    try:
        " ".join(values).encode()
    except UnicodeEncodeError:
        with pytest.raises(NotStrictJson):
            parse_object(data)
    else:
        assert parse_object(data) == {"a": values}
