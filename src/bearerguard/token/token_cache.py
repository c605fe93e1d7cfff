"""Verified tokens, remembered as long as they are good and their key is current.

A machine-to-machine caller sends one token for up to an hour. An entry means "this key of this
issuer verified these octets". It authorizes nothing: requirements are judged for each request.
Only good tokens enter, so that a flood of bad ones evicts nothing. Entries are found by a digest,
so that a memory dump holds no token.
"""

from hashlib import sha256
from threading import Lock
from typing import Final, TypeAlias

from cachetools import LRUCache

from bearerguard.after_fork import renew_after_fork
from bearerguard.clock import Clock
from bearerguard.principal import Principal
from bearerguard.token.remembered import Packed, Packing, Remembered

Digest: TypeAlias = bytes
_AT_HAND: Final = 32  # one entry in so many may also be kept ready made
_SPARE_VERIFIERS: Final = 1_000


class _Entries(LRUCache[Digest, Packed]):
    """Shows nothing that a token says."""

    def __repr__(self) -> str:
        return f"<{len(self)} verified tokens>"


class TokenCache:
    """A bounded memory, least recently used first to go.

    Entries are packed. An entry that is found again is also kept unpacked, at hand, which makes the
    next hit twice as fast. A hit at hand does not count as use. But so few entries are at hand, and
    so briefly, that none in use is among the first to go.

    Args:
        size: Entries; 0 turns it off.
        clock: Judges each hit anew.
    """

    def __init__(self, size: int, clock: Clock) -> None:
        self._size: Final = size
        self._most_at_hand: Final = size // _AT_HAND
        self.is_on: Final = size > 0
        self._now: Final = clock.now
        self._monotonic: Final = clock.monotonic
        self._begin()
        renew_after_fork(self)

    def _begin(self) -> None:
        self._entries = _Entries(maxsize=self._size)
        self._packing = Packing()
        self._at_hand: dict[Digest, Remembered] = {}
        self._changes = 0
        # event loops of several threads may share a resource server; a hit at hand takes no lock
        self._changing = Lock()

    def after_fork(self) -> None:
        """In a forked child: keep no entries if another thread may have half changed them."""
        if self._changing.locked():
            self._begin()

    def recall(self, token: bytes) -> Principal | None:
        """The principal of a token verified before and still good; else ``None``."""
        if not self.is_on:
            return None
        digest = sha256(token).digest()
        found = self._at_hand.get(digest) or self._fetched(digest)
        if found is None:
            return None
        principal, key, source, begins, ends, forgotten_at = found
        wall, monotonic = self._now(), self._monotonic()
        if begins <= wall < ends and monotonic < forgotten_at:
            key_set = source.known_at(wall, monotonic)
            if key_set is None:
                return None  # keys have to be fetched first: this one may be withdrawn
            if key in key_set.members:
                return principal
        with self._changing:
            self._entries.pop(digest, None)
            self._at_hand.pop(digest, None)
        return None

    def remember(self, token: bytes, found: Remembered) -> None:
        """Keep a token that has just been verified. Not to be called when the cache is off."""
        digest = sha256(token).digest()
        with self._changing:
            if self._packing.verifiers > self._size + _SPARE_VERIFIERS:
                self._clear()
            self._entries[digest] = self._packing.pack(found)
            self._at_hand.pop(digest, None)
            self._count_change()

    def clear(self) -> None:
        """Forget everything."""
        with self._changing:
            self._clear()

    def _fetched(self, digest: Digest) -> Remembered | None:
        """An entry that was not at hand, and is from now on."""
        if digest not in self._entries:
            return None
        # a look-up reorders entries: cachetools 6 and 7 break if one is removed meanwhile
        with self._changing:
            packed = self._entries.get(digest)
            found = None if packed is None else self._packing.unpack(packed)
            if found is not None and self._most_at_hand:
                self._count_change()
                self._at_hand[digest] = found
            return found

    def _count_change(self) -> None:
        """Drop what is at hand before enough entries have come to evict one of it."""
        self._changes += 1
        if self._changes >= self._most_at_hand:
            self._changes = 0
            self._at_hand.clear()

    def _clear(self) -> None:
        self._entries.clear()
        self._at_hand.clear()
        self._packing.clear()
