"""Canonical base64url without padding, decoded in C: one text for each sequence of octets.

Source: RFC 7515 §2, RFC 4648 §3.5. A reader that tolerates other spellings lets a refused token
come back in new clothes (CVE-2026-102269). What decides is here; ``pybase64`` (extra ``speed``),
where it is installed, or else the standard library only turns characters into octets.
"""

from binascii import Error, a2b_base64
from collections.abc import Callable
from typing import Final

try:
    import pybase64
except ImportError:
    pybase64 = None  # type: ignore[assignment]

_PADDING: Final = (b"", b"", b"==", b"=")
_LAST: Final[tuple[frozenset[int], ...]] = (  # the unused low bits of the last character must be zero
    frozenset(range(256)),
    frozenset(),
    frozenset(b"AQgw"),
    frozenset(b"AEIMQUYcgkosw048"),
)
_PLUS, _SLASH, _EQUALS = b"+/="  # numbers: to look for a number in bytes is memchr and nothing else


class NotBase64Url(ValueError):
    """The text is not canonical base64url."""


def by_standard_library(padded: bytes) -> bytes:
    """Octets of padded text without ``+`` and ``/``.

    Raises:
        Error: a character of another alphabet.
    """
    return a2b_base64(padded.replace(b"-", b"+").replace(b"_", b"/"), strict_mode=True)


def by_pybase64(padded: bytes) -> bytes:
    """The same, by SIMD instructions."""
    return pybase64.b64decode(padded, b"-_", True)


def decoder(octets: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """``decode`` by one of the two above."""

    def decode(text: bytes) -> bytes:
        """The octets of a non-empty canonical base64url text.

        Raises:
            NotBase64Url: empty, another alphabet, padding, an impossible length, or unused bits
                that are not zero.
        """
        rest = len(text) & 3
        if not text or text[-1] not in _LAST[rest] or _PLUS in text or _SLASH in text or _EQUALS in text:
            raise NotBase64Url
        try:
            return octets(text + _PADDING[rest])
        except Error:
            raise NotBase64Url from None

    return decode


decode: Final = decoder(by_standard_library if pybase64 is None else by_pybase64)
