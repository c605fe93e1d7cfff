"""Verified tokens, remembered as long as they are good and their key is current.

A machine-to-machine caller sends one token for up to an hour. An entry means "this key of this
issuer verified these octets". It authorizes nothing: requirements are judged for each request.
Only good tokens enter, so that a flood of bad ones evicts nothing. Nothing here can be sent: of a
token that is used again, header and payload are kept, and of no token the signature.
"""

from collections import OrderedDict
from hashlib import blake2b, sha256
from secrets import token_bytes
from threading import Lock
from typing import Final, TypeAlias

from bearerguard.after_fork import renew_after_fork
from bearerguard.clock import Clock
from bearerguard.principal import Principal
from bearerguard.token.remembered import Packed, Packing, Remembered

Digest: TypeAlias = bytes
_AT_HAND: Final = 32  # one entry in so many may also be kept ready made
_SPARE_VERIFIERS: Final = 1_000
_KEY_LENGTH: Final = 32
_LONGEST_SIGNATURE: Final = 1400  # in base64url characters: of an RSA key of 8192 bits, and a little


class _Entries(OrderedDict[Digest, Packed]):
    """By SHA-256 of the token, the least recently used first. Shows nothing that a token says."""

    def __repr__(self) -> str:
        return f"<{len(self)} verified tokens>"


class TokenCache:
    """A bounded memory, least recently used first to go.

    Entries are packed. One that is found twice is also kept unpacked, at hand, which makes the next
    hit three times as fast. A hit at hand does not count as use. But so few entries are at hand,
    and so briefly, that none in use is among the first to go.

    What is at hand is found by a digest of the signature, a fifth of the token, and by the rest of
    it, octet by octet. So only the very token finds it: another signature has another digest, and
    the same signature beneath another text is no hit, nor does it change anything. The digest is
    keyed: nobody outside of this process can tell where an entry goes.

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
        self._key: Final = token_bytes(_KEY_LENGTH)
        self._begin()
        renew_after_fork(self)

    def _begin(self) -> None:
        self._entries = _Entries()
        self._packing = Packing()
        self._at_hand: dict[Digest, tuple[bytes, Remembered]] = {}
        self._found_once: set[Digest] = set()
        self._last_found: tuple[Digest, Remembered] | None = None
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
        found: Remembered | None = None
        if self._at_hand:
            text, _, signature = token.rpartition(b".")
            if len(signature) < _LONGEST_SIGNATURE:
                at_hand = self._at_hand.get(blake2b(self._key + signature).digest())
                if at_hand is not None and at_hand[0] == text:
                    found = at_hand[1]
        if found is None:
            found = self._fetched(token)
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
            self._entries.pop(sha256(token).digest(), None)
            self._at_hand.pop(self._place(token)[0], None)
            self._last_found = None
        return None

    def remember(self, token: bytes, found: Remembered) -> None:
        """Keep a token that has just been verified. Not to be called when the cache is off."""
        digest = sha256(token).digest()
        with self._changing:
            if self._packing.verifiers > self._size + _SPARE_VERIFIERS:
                self._clear()
            if self._entries.pop(digest, None) is not None:  # verified twice at once
                self._forget_unpacked()
            elif len(self._entries) >= self._size:
                self._entries.popitem(last=False)
            self._entries[digest] = self._packing.pack(found)
            self._count_change()

    def clear(self) -> None:
        """Forget everything."""
        with self._changing:
            self._clear()

    def _fetched(self, token: bytes) -> Remembered | None:
        """An entry that is not at hand. From the second time on it is."""
        digest = sha256(token).digest()
        last = self._last_found
        if last is not None and last[0] == digest:  # one of a burst of requests
            found = last[1]
        else:
            packed = self._entries.get(digest)
            unpacked = None if packed is None else self._packing.unpack(packed)
            if unpacked is None:
                return None
            found = unpacked
        with self._changing:
            if digest not in self._entries:  # another thread was faster
                return None
            self._entries.move_to_end(digest)
            if self._most_at_hand:
                self._count_change()
                self._last_found = digest, found
                if digest in self._found_once:
                    tag, text = self._place(token)
                    if text:  # else nobody could tell whether there was a dot
                        self._at_hand[tag] = text, found
                else:
                    self._note_first_hit(digest)
        return found

    def _place(self, token: bytes) -> tuple[Digest, bytes]:
        """Where a token is at hand, and what is compared there; ``recall`` does the same in place.

        BLAKE2 has no length extension, so its key may stand in front.
        """
        text, _, signature = token.rpartition(b".")
        return blake2b(self._key + signature).digest(), text

    def _note_first_hit(self, digest: Digest) -> None:
        """If more tokens are in use than can be at hand, none is: it would be dropped before its
        next hit.
        """
        if len(self._found_once) >= self._most_at_hand:
            self._found_once.clear()
        self._found_once.add(digest)

    def _count_change(self) -> None:
        """Drop what is at hand before enough entries have come to evict one of it."""
        self._changes += 1
        if self._changes >= self._most_at_hand:
            self._forget_unpacked()

    def _forget_unpacked(self) -> None:
        self._changes = 0
        self._at_hand.clear()
        self._last_found = None

    def _clear(self) -> None:
        self._entries.clear()
        self._packing.clear()
        self._found_once.clear()
        self._forget_unpacked()
