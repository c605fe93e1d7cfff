"""Reads a token as far as it can be read.

A person sees what is inside even where it must be refused. Nothing here decides anything:
the strict parser and the table of checks judge.
"""

import binascii
import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

_JWS_PARTS: Final = 3
_JWE_PARTS: Final = 5


@dataclass(frozen=True, slots=True)
class Decoded:
    """A token, decoded leniently.

    Attributes:
        parts: How many parts its dots make.
        header: The decoded header; empty where it cannot be read.
        claims: The decoded claims; empty where they cannot be read.
        problems: What could not be read, one sentence each.
    """

    parts: int
    header: Mapping[str, Any] = field(default_factory=dict, repr=False)
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False)
    problems: tuple[str, ...] = ()

    @property
    def is_opaque(self) -> bool:
        """Whether nothing can be read from the token: it is not a JWT."""
        return not self.header and not self.claims and self.parts != _JWE_PARTS

    @property
    def is_encrypted(self) -> bool:
        """Whether it is a JWE in its compact form (RFC 7516 §3.1)."""
        return self.parts == _JWE_PARTS

    def text(self, claim: str) -> str:
        """A claim that is a string, else an empty one."""
        value = self.claims.get(claim)
        return value if isinstance(value, str) else ""

    def texts(self, claim: str) -> list[str]:
        """A claim that is a string, or the strings of an array, as ``aud`` may be."""
        value = self.claims.get(claim)
        return [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]


def decode_token(token: str) -> Decoded:
    """Decode a token. Never raises."""
    parts = token.split(".")
    problems: list[str] = []
    header = _object(parts[0], "header", problems)
    claims = _object(parts[1], "payload", problems) if len(parts) in (_JWS_PARTS - 1, _JWS_PARTS) else {}
    if len(parts) == 1:
        problems = []  # it is not a JWT at all, which is said elsewhere
    return Decoded(len(parts), header, claims, tuple(problems))


def _object(part: str, name: str, problems: list[str]) -> dict[str, Any]:
    try:
        octets = urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (binascii.Error, ValueError):
        problems.append(f"The {name} is not base64url: characters are missing or were changed.")
        return {}
    try:
        text = octets.decode()
    except UnicodeDecodeError as why:
        problems.append(f"The {name} is not UTF-8: the byte 0x{octets[why.start]:02X} at position {why.start} is damaged.")
        text = octets.decode(errors="replace")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        problems.append(f"The {name} is not JSON: the token was cut off or changed.")
        return {}
    if not isinstance(found, dict):
        problems.append(f"The {name} is not a JSON object.")
        return {}
    return found
