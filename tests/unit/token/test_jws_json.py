"""Header and payload of a token: one strict UTF-8 JSON object each."""

import json
from typing import Final

import pytest

from bearerguard.errors import InvalidToken
from bearerguard.token.jws import Parser
from support.sealed import claims, seal, server, verdict

CLAIMS: Final = json.dumps(claims()).encode()
API: Final = server(token_cache_size=0)


def members(text: str) -> bytes:
    """The good claims with these members of JSON text behind them."""
    return CLAIMS[:-1] + b"," + text.encode("utf-8", "surrogatepass") + b"}"


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"   ", id="blank"),
        pytest.param(b"null", id="null"),
        pytest.param(b"true", id="true"),
        pytest.param(b"1767268800", id="a number"),
        pytest.param(b'"text"', id="a string"),
        pytest.param(b"[]", id="an empty array"),
        pytest.param(b"[" + CLAIMS + b"]", id="an array of the object"),
        pytest.param(b"[[" * 400 + b"]]" * 400, id="800 nested arrays"),
        pytest.param(CLAIMS[:-1], id="cut"),
        pytest.param(CLAIMS + b"x", id="text behind"),
        pytest.param(CLAIMS + CLAIMS, id="two objects"),
        pytest.param(CLAIMS + b"\x00", id="NUL behind"),
        pytest.param(CLAIMS[:-1] + b",}", id="a comma too many"),
        pytest.param(CLAIMS.replace(b'"', b"'"), id="single quotes"),
        pytest.param(CLAIMS[:-1] + b"/**/}", id="a comment"),
        pytest.param(b"\xef\xbb\xbf" + CLAIMS, id="UTF-8 with a byte order mark"),
        pytest.param(CLAIMS.decode().encode("utf-16"), id="UTF-16 with a byte order mark"),
        pytest.param(CLAIMS.decode().encode("utf-16-le"), id="UTF-16 little endian"),
        pytest.param(CLAIMS.decode().encode("utf-16-be"), id="UTF-16 big endian"),
        pytest.param(CLAIMS.decode().encode("utf-32"), id="UTF-32"),
        pytest.param(members('"x":"é"').decode().encode("latin-1"), id="Latin-1"),
        pytest.param(members('"x":"y"').replace(b"y", b"\x9f"), id="byte 9F"),
        pytest.param(members('"x":"y"').replace(b"y", b"\xc0\xaf"), id="an overlong form"),
        pytest.param(members('"x":"y"').replace(b"y", b"\xed\xa0\x80"), id="a surrogate in UTF-8"),
        pytest.param(members('"x":"\\ud800"'), id="an escaped lone surrogate as value"),
        pytest.param(members('"x\\udc00":1'), id="an escaped lone surrogate as name"),
        pytest.param(members('"x":["\\ude00\\ud83d"]'), id="escaped surrogates in the wrong order"),
        pytest.param(members('"x":"a\nb"'), id="a raw line feed in a string"),
        pytest.param(members('"x":"\\x41"'), id="an escape JSON does not know"),
        pytest.param(members('"iss":"https://evil.test/"'), id="a name twice"),
        pytest.param(members('"\\u0069ss":"https://evil.test/"'), id="a name twice, once escaped"),
        pytest.param(members('"x":{"y":1,"y":2}'), id="a name twice in a nested object"),
        pytest.param(members('"x":[{"y":{"z":1,"z":1}}]'), id="a name twice, deep down and with one value"),
        pytest.param(members('"x":NaN'), id="NaN"),
        pytest.param(members('"x":Infinity'), id="Infinity"),
        pytest.param(members('"x":-Infinity'), id="-Infinity"),
        pytest.param(members('"x":{"y":[NaN]}'), id="nested NaN"),
        pytest.param(members('"x":+1'), id="a plus sign"),
        pytest.param(members('"x":01'), id="a leading zero"),
        pytest.param(members('"x":.5'), id="a leading point"),
        pytest.param(members('"x":0x10'), id="hexadecimal"),
        pytest.param(members('"x":1_000'), id="an underscore in a number"),
        pytest.param(members('"x":١٢'), id="Arabic-Indic digits"),
        pytest.param(members('"x":' + "1" * 21), id="21 digits"),
        pytest.param(members('"x":-' + "1" * 21), id="21 digits below zero"),
        pytest.param(members('"x":' + "1" * 5000), id="5000 digits"),
        pytest.param(members('"x":[' + "1," * 10 + "1" * 21 + "]"), id="21 digits in an array"),
        pytest.param(members('"x":' + "[" * 20 + "]" * 20), id="21 levels of arrays"),
        pytest.param(members('"x":' + '{"y":' * 20 + "1" + "}" * 20), id="21 levels of objects"),
        pytest.param(members('"x":[' + "[],"* 2100 + "1]"), id="2100 arrays"),
        pytest.param(members('"x":[' + "{}," * 512 + "1]"), id="513 objects side by side"),
        pytest.param(members('"x":[' + "1," * 2100 + "1]"), id="2100 numbers"),
        pytest.param(b"{" + b",".join(b'"%d":1' % number for number in range(513)) + b"}", id="513 members"),
        pytest.param(members('"x":{' + ",".join(f'"{number}":1' for number in range(513)) + "}"), id="513 nested members"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("part", ["header", "payload"])
def test_header_and_payload_are_one_strict_json_object_each(part: str, octets: bytes) -> None:
    """RFC 7515 §4, §5.2, RFC 7519 §4, §7.2, RFC 8725 §3.7. A payload of this kind is signed well."""
    token = seal(raw_header=octets) if part == "header" else seal(payload=octets)

    assert verdict(API, token) == "malformed_token"


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b" \t\r\n" + CLAIMS + b"\r\n", id="white space around"),
        pytest.param(json.dumps(claims(), indent=4).encode(), id="white space within"),
        pytest.param(members('"x":"\U0001f600 é \N{LATIN SMALL LETTER LONG S}"'), id="text beyond ASCII"),
        pytest.param(members('"x":"\\ud83d\\ude00 \\u00e9"'), id="escaped surrogates in pairs"),
        pytest.param(members('"x":"\\u0000"'), id="an escaped NUL"),
        pytest.param(members('"":"","é":1'), id="odd names"),
        pytest.param(members('"\u00e9":1,"e\u0301":2'), id="names that only normalisation makes equal"),
        pytest.param(members('"ISS":"https://evil.test/"'), id="names that differ in case"),
        pytest.param(members('"x":' + "9" * 20), id="20 digits"),
        pytest.param(members('"x":-' + "9" * 20), id="20 digits below zero"),
        pytest.param(members('"x":0.' + "1" * 50), id="a long fraction"),
        pytest.param(members('"x":1e400'), id="a number beyond every float"),
        pytest.param(members('"x":' + "[" * 19 + "]" * 19), id="20 levels of arrays"),
        pytest.param(members('"x":[' + "{},"* 500 + "1]"), id="500 objects side by side"),
        pytest.param(members('"x":"' + "[{" * 200 + '"'), id="brackets in a string are no levels"),
        pytest.param(members('"x":[' + '"Orders.Read",' * 800 + '"Orders.Write"]'), id="800 names in an array"),
        pytest.param(members('"x":{' + ",".join(f'"{number}":1' for number in range(512)) + "}"), id="512 members"),
        pytest.param(members('"sub2":"' + "1" * 30 + '"'), id="digits in a string are no number"),
    ],
)  # fmt: skip
def test_whatever_else_is_json_is_read(octets: bytes) -> None:
    """RFC 8259; unknown claims are ignored."""
    assert verdict(API, seal(payload=octets)) == "accepted"


@pytest.mark.parametrize(
    ("most", "one_too_many"),
    [
        pytest.param(b'{"x":[' + b"{}," * 509 + b"{}]}", b'{"x":[' + b"{}," * 510 + b"{}]}", id="512 objects and arrays"),
        pytest.param(b'{"x":[' + b"1," * 2048 + b"1]}", b'{"x":[' + b"1," * 2049 + b"1]}", id="2048 commas"),
    ],
)
def test_a_payload_may_have_so_many_parts_and_not_one_more(most: bytes, one_too_many: bytes) -> None:
    assert Parser().parse(seal(payload=most)).payload == most
    with pytest.raises(InvalidToken) as caught:
        Parser().parse(seal(payload=one_too_many))
    assert caught.value.code == "malformed_token"
