"""A member's text, seen in JSON that has not been read.

Anybody can make us read a token, and to read it costs several times what it takes to see that it names an issuer or a key that is
unknown. What is seen may only be refused. In a well-formed payload it is what ``iss`` says; or ``iss`` is no text or is missing,
which is refused as well. A header may do without ``kid``, so that it is looked at only where it holds no other object.
"""

import re
from typing import Final

from bearerguard.keys.jwk_set import MAX_KID

ISSUER: Final = re.compile(rb'"iss"[ \t\r\n]*:[ \t\r\n]*"([^"]*)"')
KID: Final = re.compile(rb'"kid"[ \t\r\n]*:[ \t\r\n]*"([ !#-~]{1,%d})"' % MAX_KID)


def sole_text(member: re.Pattern[bytes], octets: bytes) -> str | None:
    """The text of the one member of this name, at whatever depth; ``None`` where that is in doubt.

    Without a backslash a quotation mark always begins or ends a text, so that no text can pose as a member.
    """
    found: list[bytes] = member.findall(octets)
    if len(found) != 1 or b"\\" in octets or not found[0].isascii():
        return None
    return found[0].decode()
