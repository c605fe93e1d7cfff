"""Reads one string member without parsing the JSON.

Anyone can send tokens. To parse one costs several times as much as to see that it names an unknown
issuer or key. What is seen here may only be used to refuse. In a well-formed payload it is the
value of ``iss``, unless ``iss`` is missing or not a string, and such tokens are refused as well.
``kid`` may be missing from a good header, so a header is looked at only if it holds no nested
object.
"""

import re
from typing import Final

from bearerguard.keys.jwk_set import MAX_KID

ISSUER: Final = re.compile(rb'"iss"[ \t\r\n]*:[ \t\r\n]*"([^"]*)"')
KID: Final = re.compile(rb'"kid"[ \t\r\n]*:[ \t\r\n]*"([ !#-~]{1,%d})"' % MAX_KID)


def sole_text(member: re.Pattern[bytes], octets: bytes) -> str | None:
    """The value of the only member of this name, at any depth; ``None`` if there is any doubt.

    Without a backslash, each quotation mark begins or ends a string. So no string can look like a
    member.
    """
    found: list[bytes] = member.findall(octets)
    if len(found) != 1 or b"\\" in octets or not found[0].isascii():
        return None
    return found[0].decode()
