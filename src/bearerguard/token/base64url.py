"""Canonical base64url without padding, decoded in C: one text for each sequence of octets (RFC 7515
§2, RFC 4648 §3.5).

A reader that tolerates other spellings lets a refused token come back in new clothes
(CVE-2026-102269).
"""

from binascii import Error, a2b_base64
from typing import Final

_ALPHABET: Final = bytes.maketrans(b"-_+/=", b"+/!!!")
_PADDING: Final = (b"", b"", b"==", b"=")
_LAST: Final[tuple[frozenset[int], ...]] = (  # the unused low bits of the last character must be zero
    frozenset(range(256)),
    frozenset(),
    frozenset(b"AQgw"),
    frozenset(b"AEIMQUYcgkosw048"),
)


class NotBase64Url(ValueError):
    """The text is not canonical base64url."""


def decode(text: bytes) -> bytes:
    """The octets of a non-empty canonical base64url text.

    Raises:
        NotBase64Url: empty, another alphabet, padding, an impossible length, or unused bits that
            are not zero.
    """
    rest = len(text) & 3
    if not text or text[-1] not in _LAST[rest]:
        raise NotBase64Url
    try:
        return a2b_base64(text.translate(_ALPHABET) + _PADDING[rest], strict_mode=True)
    except Error:
        raise NotBase64Url from None
