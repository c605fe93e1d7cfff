"""Verified tokens, remembered as long as they are good and their key is current.

A machine-to-machine caller sends one token for up to an hour. What is remembered is the finding "this key of this issuer verified
these octets", never an authorization: requirements are judged for each request. Only good tokens enter, so that a flood of bad
ones evicts nothing; entries are found by a digest, so that a memory dump holds no token.
"""

from dataclasses import dataclass
from hashlib import sha256
from threading import Lock
from typing import Final, TypeAlias

from cachetools import LRUCache

from bearerguard.clock import Clock
from bearerguard.keys.jwk_set import VerificationKey
from bearerguard.keys.key_source import KeySource
from bearerguard.principal import Principal

Digest: TypeAlias = bytes


@dataclass(frozen=True, slots=True, eq=False)
class Remembered:
    """A verified token, and what its goodness depends on.

    Attributes:
        principal: What it says.
        key: The key that verified it.
        source: Whose current set must still hold that very key.
        begins: Wall time from which it is good, leeway included.
        ends: Wall time at which it is not good any more, leeway included.
        forgotten_at: Monotonic time that bounds the same life, so that a wall clock set back cannot lengthen it.
    """

    principal: Principal
    key: VerificationKey
    source: KeySource
    begins: float
    ends: float
    forgotten_at: float


class TokenCache:
    """A bounded memory, least recently used first to go.

    Args:
        size: Entries; 0 turns it off.
        clock: Judges each hit anew.
    """

    def __init__(self, size: int, clock: Clock) -> None:
        self._entries: Final[LRUCache[Digest, Remembered]] = LRUCache(maxsize=size)
        self.is_on: Final = size > 0
        self._clock = clock
        self._changing = Lock()  # event loops of several threads may share one resource server; a hit takes no lock

    def recall(self, token: bytes) -> Principal | None:
        """The principal of a token that was verified before and is good now; ``None`` where it has to be verified."""
        if not self.is_on:
            return None
        digest = sha256(token).digest()
        try:
            found = self._entries[digest]
        except KeyError:
            return None
        if found.begins <= self._clock.now() < found.ends and self._clock.monotonic() < found.forgotten_at:
            key_set = found.source.known()
            if key_set is None:
                return None  # the keys have to be fetched first: whether this one is still among them will be seen
            if found.key in key_set:
                return found.principal
        with self._changing:
            self._entries.pop(digest, None)
        return None

    def remember(self, token: bytes, found: Remembered) -> None:
        """Keep a token that has just been verified. Not to be called when the cache is off."""
        with self._changing:
            self._entries[sha256(token).digest()] = found

    def clear(self) -> None:
        """Forget everything."""
        with self._changing:
            self._entries.clear()
