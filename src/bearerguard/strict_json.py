"""JSON as a security decision needs it: one reading only, and bounded before the work.

Standards: RFC 8259 §4 leaves duplicate names open and RFC 7515 §4 and RFC 7519 §4 let a reader
refuse them; here they are refused everywhere. UTF-8 only, no byte order mark (RFC 7519 §7.2, RFC
8725 §3.7), no NaN or Infinity (RFC 8259 §6).
"""

import json
import re
from typing import Any, Final

MAX_DEPTH: Final = 20
MAX_MEMBERS: Final = 512
MAX_DIGITS: Final = 20
_MAX_CONTAINERS: Final = 1024  # keeps the C scanner far from its recursion limit
_MAX_COMMAS: Final = 20_000
_FEW_NUMBERS: Final = 64
_WHITE_SPACE: Final = b" \t\r\n"
_SIMPLER: Final = bytes.maketrans(b"-123456789:[", b"0000000000,,")
_BACKSLASH: Final = ord("\\")
_FEW: Final = 4
_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_WHOLE_CHARACTERS: Final = re.compile(
    rb"""(?: [^\\]++
           | \\ [^u]                                           # \n, and a backslash by two
           | \\u (?! [dD][89a-fA-F] )
           | \\u [dD][89abAB][0-9a-fA-F]{2} \\u [dD][c-fC-F]      # high and low, in this order
         )*+""",
    re.VERBOSE,
)


class NotStrictJson(ValueError):
    """The text is not one strict JSON object.

    The message says what is wrong and holds nothing of the text.
    """


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) == len(pairs) <= MAX_MEMBERS:
        return members
    if len(pairs) > MAX_MEMBERS:
        raise NotStrictJson(f"an object has more than {MAX_MEMBERS} members")
    raise NotStrictJson("a member name is listed twice in one object")


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS and _too_long(digits):
        raise NotStrictJson(f"an integer has more than {MAX_DIGITS} digits")
    return int(digits)


def _integer_or_nan(digits: str) -> int | float:
    return float("nan") if _too_long(digits) else int(digits)


def _too_long(digits: str) -> bool:
    return len(digits.lstrip("-")) > MAX_DIGITS


def _constant(_name: str) -> Any:
    raise NotStrictJson("NaN and Infinity are not JSON")


def _members_or_nothing(pairs: list[tuple[str, Any]]) -> dict[str, Any] | None:
    try:
        return _members(pairs)
    except NotStrictJson:
        return None


_scan: Final = json.JSONDecoder(object_pairs_hook=_members, parse_int=_integer, parse_constant=_constant).raw_decode
_scan_list: Final = json.JSONDecoder(
    object_pairs_hook=_members_or_nothing, parse_int=_integer_or_nan, parse_constant=_constant
).raw_decode


def parse_object(
    data: bytes,
    max_containers: int = _MAX_CONTAINERS,
    max_commas: int = _MAX_COMMAS,
    *,
    spoiled_members_are_null: bool = False,
) -> dict[str, Any]:
    """Read one JSON object from UTF-8 bytes.

    ``max_containers`` and ``max_commas`` bound the work before it begins: an object or a number
    costs up to a hundred times what the same octets of text do. Both are counted in the octets,
    inside of strings too.

    With ``spoiled_members_are_null`` one bad key of a JWK Set does not sink the good ones: an inner
    object with a duplicate name or too many members reads as ``None``, an integer with too many
    digits as NaN, and text may hold a lone surrogate. The outer object stays strict.

    Raises:
        NotStrictJson: not UTF-8, not JSON, not an object, a duplicate name, a lone surrogate, NaN,
            or over a limit (depth 20, 512 members an object, integers of 20 digits).
    """
    try:
        text = data.decode().strip(" \t\r\n")
        if not (text.startswith("{") and text.endswith("}")):  # what was cut is seen here
            raise NotStrictJson("the JSON text is not one object")
        opened = _opened(data)
        if opened > max_containers:
            raise NotStrictJson("too many nested objects and arrays")
        if len(data) > max_commas and data.count(b",") > max_commas:
            raise NotStrictJson("too many members and elements")
        value, end = (_scan_list if spoiled_members_are_null else _scan)(text)
    except UnicodeError:
        raise NotStrictJson("the text is not UTF-8") from None
    except (json.JSONDecodeError, RecursionError):
        raise NotStrictJson("the text is not JSON") from None
    if end != len(text):
        raise NotStrictJson("there is text behind the JSON object")
    if not spoiled_members_are_null and _has_lone_surrogate(data):
        raise NotStrictJson("an escape stands for half a character")
    if type(value) is not dict:
        raise NotStrictJson("the JSON text is not one object with unique names")
    if opened > MAX_DEPTH and _is_deeper(value, MAX_DEPTH):
        raise NotStrictJson(f"objects and arrays are nested more than {MAX_DEPTH} levels deep")
    return value


def work_in(data: bytes) -> int:
    """An upper bound of the work to read JSON text, beyond its length, in strings of an array.

    An object, an array or a number takes as long as eight strings, a backslash a quarter of one.
    All are counted in the octets, inside of strings too.
    """
    commas, opened, escapes = data.count(b","), _opened(data), data.count(b"\\")
    numbers = commas + opened  # there are no more
    if numbers > _FEW_NUMBERS:
        # all digits made one and the same: a number begins behind a comma, a colon or a bracket
        numbers = data.translate(_SIMPLER, _WHITE_SPACE).count(b",0")
    return commas + 8 * (opened + numbers) + escapes // 4


def _opened(data: bytes) -> int:
    """How many objects and arrays are begun, at most; a bracket within text counts, too.

    Most tokens are one object with a few arrays in it, and to see that by ``find`` (memchr) takes
    a third as long as to count.
    """
    arrays, place = 0, data.find(b"[")
    while place >= 0 and arrays < _FEW:
        arrays, place = arrays + 1, data.find(b"[", place + 1)
    if place < 0 and data.find(b"{", 1) < 0:
        return 1 + arrays
    return data.count(b"{") + data.count(b"[")


def _has_lone_surrogate(data: bytes) -> bool:
    """Whether valid JSON escapes half of a surrogate pair, which is not text and would fail later.

    Told by the octets: looking at the values would take as long as reading them.
    """
    return _BACKSLASH in data and _SURROGATE.search(data) is not None and not _WHOLE_CHARACTERS.fullmatch(data)


def _is_deeper(value: object, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [
            child
            for container in level
            for child in (container.values() if isinstance(container, dict) else container)  # type: ignore[attr-defined]
            if isinstance(child, (dict, list))
        ]
        if not level:
            return False
    return True
