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
from bearerguard.token.packing import Packed, Packing

Digest: TypeAlias = bytes
_SHARE_AT_HAND: Final = 32


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
