"""Canonical base64url: one text for each sequence of octets."""

import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Callable
from importlib.util import find_spec
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bearerguard.token import base64url
from bearerguard.token.base64url import NotBase64Url, by_pybase64, by_standard_library, decode, decoder

ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def encode(octets: bytes) -> bytes:
    """RFC 7515 §2."""
    return urlsafe_b64encode(octets).rstrip(b"=")


def naive(text: bytes) -> bytes | None:
    """Reference: bits, character by character; ``None`` where the text is not what ``encode`` would write."""
    if not text or any(character not in ALPHABET for character in text) or len(text) % 4 == 1:
        return None
    bits = "".join(f"{ALPHABET.index(character):06b}" for character in text)
    whole = len(bits) // 8 * 8
    if "1" in bits[whole:]:
        return None
    return bytes(int(bits[start : start + 8], 2) for start in range(0, whole, 8))


DECODERS: Final = {"standard library": decoder(by_standard_library), "pybase64": decoder(by_pybase64)}
needs_pybase64 = pytest.mark.skipif(find_spec("pybase64") is None, reason="pybase64 is not installed: it is of the group test")
each_decoder = pytest.mark.parametrize(
    "decode",
    [DECODERS["standard library"], pytest.param(DECODERS["pybase64"], marks=needs_pybase64)],
    ids=["standard library", "pybase64"],
)


def decoded(text: bytes, decode: Callable[[bytes], bytes] = decode) -> bytes | None:
    """``decode``, with ``None`` for a refusal."""
    try:
        return decode(text)
    except NotBase64Url:
        return None


@each_decoder
@given(octets=st.binary(min_size=1, max_size=200))
def test_what_was_encoded_is_decoded(octets: bytes, decode: Callable[[bytes], bytes]) -> None:
    """RFC 7515 §2."""
    assert decode(encode(octets)) == octets


@each_decoder
@given(text=st.text(alphabet=ALPHABET.decode() + "+/= \n", min_size=0, max_size=12).map(str.encode) | st.binary(max_size=12))
@example(text=b"")
@example(text=b"A")
@example(text=b"AA==")
def test_decoding_agrees_with_a_naive_reference(text: bytes, decode: Callable[[bytes], bytes]) -> None:
    """RFC 4648 §5, §3.5."""
    assert decoded(text, decode) == naive(text)


@each_decoder
@given(text=st.text(alphabet=ALPHABET.decode(), max_size=40).map(str.encode))
def test_only_the_canonical_text_is_accepted(text: bytes, decode: Callable[[bytes], bytes]) -> None:
    """RFC 4648 §3.5, CVE-2026-102269: another spelling of a token would pass a list of revoked texts."""
    octets = decoded(text, decode)

    assert octets is None or encode(octets) == text


@each_decoder
def test_of_all_pairs_of_characters_a_sixteenth_is_canonical(decode: Callable[[bytes], bytes]) -> None:
    """RFC 4648 §3.5: two characters hold 8 bits and 4 unused ones, which must be zero."""
    pairs = [bytes((first, second)) for first in ALPHABET for second in ALPHABET]

    assert [pair for pair in pairs if decoded(pair, decode) is not None] == [pair for pair in pairs if naive(pair) is not None]
    assert sum(decoded(pair, decode) is not None for pair in pairs) == 256


@each_decoder
@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"A", id="one character"),
        pytest.param(b"AAAAA", id="length of 4n + 1"),
        pytest.param(b"AA==", id="padding"),
        pytest.param(b"AAA=", id="short padding"),
        pytest.param(b"AAAA====", id="padding behind a whole group"),
        pytest.param(b"AB", id="unused bits in two characters"),
        pytest.param(b"AAB", id="unused bits in three characters"),
        pytest.param(b"AA+A", id="plus of plain base64"),
        pytest.param(b"AA/A", id="slash of plain base64"),
        pytest.param(b"AA A", id="space"),
        pytest.param(b"AAAA\n", id="newline behind"),
        pytest.param(b"AA\r\nAA", id="CRLF within"),
        pytest.param(b"AA\x00A", id="NUL"),
        pytest.param(b"AA!A", id="exclamation mark, onto which foreign characters are mapped"),
        pytest.param(b"AA.A", id="dot"),
        pytest.param("AAÄA".encode(), id="UTF-8"),
        pytest.param(b"\xff\xfe\xfd\xfc", id="bytes"),
    ],
)
def test_any_other_spelling_is_refused(text: bytes, decode: Callable[[bytes], bytes]) -> None:
    """RFC 7515 §2: no padding, no line breaks, no white space, no other characters."""
    assert decoded(text, decode) is None


# --- with and without the extra ``speed``


@st.composite
def spoiled(draw: st.DrawFn) -> bytes:
    """Canonical text of up to 3 kB, changed in one to three places: replaced, inserted, removed."""
    text = bytearray(encode(draw(st.binary(min_size=1, max_size=2_200))))
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(text)))
        kept = draw(st.integers(0, 2))
        text[place : place + kept] = draw(
            st.binary(max_size=2) | st.sampled_from([b"=", b"==", b"-", b"_", b"+", b"/", b"\n", b"B"])
        )
    return bytes(text)


@needs_pybase64
@given(spoiled())
@example(b"A" * 1_023 + b"+")
@example(b"A" * 1_024 + b"A")
@example(b"A" * 1_024 + b"AB")
@example(b"A" * 1_024 + b"AAB")
@example(b"A" * 1_024 + b"AA==")
@example(b"A" * 1_023 + b"=" + b"A" * 1_024)
@example(b"A" * 64 + b"\x80" + b"A" * 63)
def test_both_implementations_read_the_same_and_refuse_the_same(text: bytes) -> None:
    """Alphabet, padding, unused bits and length: where SIMD works on whole blocks, too."""
    standard, fast = (decoded(text, decode) for decode in DECODERS.values())

    assert standard == fast
    assert standard is None or encode(standard) == text


@needs_pybase64
@pytest.mark.parametrize("length", [*range(1, 10), *range(42, 50), *range(60, 70), 88, 96, 127, 128, 129])
def test_each_octet_at_each_place_of_a_block_is_judged_alike(length: int) -> None:
    """A block of SIMD has up to 64 characters: the end of each length is somewhere else in it."""
    whole = bytearray(b"A" * length)
    for octet in range(256):
        for place in {0, length // 2, length - 1}:
            text = bytes(whole[:place] + bytes([octet]) + whole[place + 1 :])
            assert decoded(text, DECODERS["standard library"]) == decoded(text, DECODERS["pybase64"]) == naive(text)


def test_without_pybase64_the_standard_library_decodes() -> None:
    """The extra is found by itself, and nothing needs it."""
    program = """
import sys
sys.modules["pybase64"] = None
from bearerguard.token import base64url
assert base64url.pybase64 is None
assert base64url.decode(b"_-8") == b"\\xff\\xef"
"""
    subprocess.run([sys.executable, "-c", program], check=True)


@needs_pybase64
def test_with_pybase64_it_decodes() -> None:
    assert vars(base64url)["pybase64"] is sys.modules["pybase64"]
