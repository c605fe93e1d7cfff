"""Roles that include other roles: ``ReadWrite.All`` includes ``Read.All``."""

from collections.abc import Collection, Mapping
from typing import Final

from bearerguard.errors import ConfigurationError, show

_EXAMPLE: Final = '{"ReadWrite.All": ["Read.All", "Write.All"]}'


class ImpliedRoles:
    """Which roles a role implies, directly or through others. Worked out once, when it is built.

    In a cycle each role implies all others. Names match exactly: case-sensitive, whole names. The
    mapping is copied, so changing it later has no effect.

    Args:
        implied: Roles by the role that implies them; ``None`` or an empty mapping implies nothing.

    Raises:
        ConfigurationError: ``implied_roles`` is not a mapping of names to collections of names, or
            a name is empty.
    """

    __slots__ = ("_closure", "_implying")

    def __init__(self, implied: Mapping[str, Collection[str]] | None = None) -> None:
        direct = _checked({} if implied is None else implied)
        self._closure = {role: _reachable(role, direct) for role in direct}
        self._implying = frozenset(self._closure)

    def effective(self, roles: frozenset[str]) -> frozenset[str]:
        """The roles and all that they imply; the same object if they imply nothing."""
        if self._implying.isdisjoint(roles):
            return roles
        return roles.union(*(self._closure[role] for role in roles & self._implying))

    def __repr__(self) -> str:
        rows = (f"{role!r}: {sorted(self._closure[role] - {role})!r}" for role in sorted(self._closure))
        return f"ImpliedRoles({{{', '.join(rows)}}})"


def _reachable(role: str, direct: Mapping[str, frozenset[str]]) -> frozenset[str]:
    found = {role}
    pending = [role]
    while pending:
        new = direct.get(pending.pop(), frozenset()) - found
        found |= new
        pending.extend(new)
    return frozenset(found)


def _checked(implied: object) -> dict[str, frozenset[str]]:
    if not isinstance(implied, Mapping):
        raise ConfigurationError("implied_roles", f"{show(implied)} is not a mapping", example=_EXAMPLE)
    direct = {}
    for role, names in implied.items():
        # a string is a collection, too: each letter would become a role
        if isinstance(names, str | bytes | Mapping) or not isinstance(names, Collection):
            raise ConfigurationError(
                "implied_roles", f"{show(role)} implies {show(names)}, which is not a collection of names", example=_EXAMPLE
            )
        direct[_name(role)] = frozenset(map(_name, names))
    return direct


def _name(name: object) -> str:
    if not isinstance(name, str) or not name or name != name.strip():
        raise ConfigurationError("implied_roles", f"{show(name)} is not the name of a role", example=_EXAMPLE)
    return str.__str__(name)  # the plain text of an enum member
