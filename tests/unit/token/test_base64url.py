"""Canonical base64url: one text for each sequence of octets."""

from base64 import urlsafe_b64encode
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bearerguard.token.base64url import NotBase64Url, decode

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


def decoded(text: bytes) -> bytes | None:
    """``decode``, with ``None`` for a refusal."""
    try:
        return decode(text)
    except NotBase64Url:
        return None


@given(st.binary(min_size=1, max_size=200))
def test_what_was_encoded_is_decoded(octets: bytes) -> None:
    """RFC 7515 §2."""
    assert decode(encode(octets)) == octets


@given(st.text(alphabet=ALPHABET.decode() + "+/= \n", min_size=0, max_size=12).map(str.encode) | st.binary(max_size=12))
@example(b"")
@example(b"A")
@example(b"AA==")
def test_decoding_agrees_with_a_naive_reference(text: bytes) -> None:
    """RFC 4648 §5, §3.5."""
    assert decoded(text) == naive(text)


@given(st.text(alphabet=ALPHABET.decode(), max_size=40).map(str.encode))
def test_only_the_canonical_text_is_accepted(text: bytes) -> None:
    """RFC 4648 §3.5, CVE-2026-102269: another spelling of a token would pass a list of revoked texts."""
    octets = decoded(text)

    assert octets is None or encode(octets) == text


def test_of_all_pairs_of_characters_a_sixteenth_is_canonical() -> None:
    """RFC 4648 §3.5: two characters hold 8 bits and 4 unused ones, which must be zero."""
    pairs = [bytes((first, second)) for first in ALPHABET for second in ALPHABET]

    assert [pair for pair in pairs if decoded(pair) is not None] == [pair for pair in pairs if naive(pair) is not None]
    assert sum(decoded(pair) is not None for pair in pairs) == 256


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
def test_any_other_spelling_is_refused(text: bytes) -> None:
    """RFC 7515 §2: no padding, no line breaks, no white space, no other characters."""
    assert decoded(text) is None
