"""Values read from claims, each by a declared path.

A value of the wrong JSON type grants nothing (CVE-2026-35039).
"""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

ClaimPath: TypeAlias = tuple[str, ...]
"""Member names, one per level: ``("realm_access", "roles")``. Names match by code point."""

Claims: TypeAlias = Mapping[str, Any]
NOTHING: Final[frozenset[str]] = frozenset()
_ONLY_TEXT: Final = frozenset({str})


def claim_at(claims: Claims, path: ClaimPath) -> Any:
    """The value at a path, ``None`` where a member is missing or its parent is not an object."""
    value: Any = claims
    for name in path:
        if not isinstance(value, dict):  # JSON objects only; an isinstance of Mapping costs as much as the rest
            return None
        value = value.get(name)
    return value


def first_claim(claims: Claims, paths: tuple[ClaimPath, ...]) -> Any:
    """The value at the first path that is present, else ``None``."""
    for path in paths:
        value = claims.get(path[0]) if len(path) == 1 else claim_at(claims, path)
        if value is not None:
            return value
    return None


def text_or_none(value: object) -> str | None:
    """The value if it is a non-empty string."""
    return value if type(value) is str and value else None


def names_in_array(value: object) -> frozenset[str]:
    """The strings of an array; nothing unless every element is a non-empty string."""
    if type(value) is not list or not _ONLY_TEXT.issuperset(map(type, value)) or "" in value:
        return NOTHING
    return frozenset(value)


def scopes_in(value: object) -> frozenset[str]:
    """Scopes of a space-delimited string (RFC 6749 §3.3) or of an array of strings (Okta)."""
    if value is None:
        return NOTHING
    if type(value) is str:
        names = value.split(" ")
        return frozenset(filter(None, names) if "" in names else names)
    return names_in_array(value)
