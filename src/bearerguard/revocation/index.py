"""Finds the entries that may match a token."""

from collections.abc import Iterable
from typing import Final

from bearerguard.principal import Principal
from bearerguard.revocation.revoked_tokens import RevokedTokens, token_ids

_MOST_CLEARED: Final = 4096


class Index:
    """Entries by their narrowest condition, so that most tokens cost a few look-ups.

    A token that no entry matches is never matched later: entries end, and none begins later. So it
    is remembered, by this index alone, since the next one has other entries.

    Attributes:
        cleared: Callers whose token no entry matches, by identity.
        names: Subjects and clients that an entry names.
        is_wide: Whether an entry may match a token of any subject and client.
    """

    __slots__ = ("_by_client", "_by_subject", "_by_token", "_others", "cleared", "is_wide", "names")

    def __init__(self, entries: Iterable[RevokedTokens]) -> None:
        self._by_token: dict[str, list[RevokedTokens]] = {}
        self._by_subject: dict[str, list[RevokedTokens]] = {}
        self._by_client: dict[str, list[RevokedTokens]] = {}
        self._others: list[RevokedTokens] = []
        self.cleared: dict[int, Principal] = {}
        for entry in entries:
            self._add(entry)
        self.names = self._by_subject.keys() | self._by_client.keys()
        self.is_wide = bool(self._others or self._by_token)

    def matches(self, principal: Principal, now: float) -> bool:
        """Whether an entry matches the token."""
        if any(entry.matches(principal, now) for entry in self._candidates(principal)):
            return True
        if len(self.cleared) >= _MOST_CLEARED:
            self.cleared.clear()
        self.cleared[id(principal)] = principal
        return False

    def _add(self, entry: RevokedTokens) -> None:
        if entry.token_id is not None:
            self._by_token.setdefault(entry.token_id, []).append(entry)
        elif entry.subject is not None:
            self._by_subject.setdefault(entry.subject, []).append(entry)
        elif entry.client_id is not None:
            self._by_client.setdefault(entry.client_id, []).append(entry)
        else:
            self._others.append(entry)

    def _candidates(self, principal: Principal) -> list[RevokedTokens]:
        """Entries whose narrowest condition the token meets, and those for all tokens."""
        found = [*self._by_subject.get(principal.subject, ()), *self._by_client.get(principal.client_id or "", ())]
        if self._by_token:
            for token_id in token_ids(principal):
                found += self._by_token.get(token_id, ())
        return found + self._others
