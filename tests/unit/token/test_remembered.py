"""What is remembered of a token, packed so that the garbage collector has nothing to look into."""

import gc
from typing import Any, Final

from bearerguard.principal import PayloadClaims
from bearerguard.resource_server import ResourceServer
from bearerguard.token.remembered import Packing, Remembered
from support.sealed import NOW, claims, judge, seal, server


def remembered(api: ResourceServer, token: bytes) -> Remembered:
    """What the resource server keeps of a token that it has just verified."""
    judge(api, token)
    found: Any = list(api._cache._at_hand.values())[-1]
    assert isinstance(found, Remembered)
    return found


TOKEN: Final = seal(payload=claims(roles=["Read.All", "Write.All"], scope="a b", realm={"roles": ["c"]}))


def test_what_is_unpacked_equals_what_was_packed() -> None:
    """Issue 4: a hit gives the same principal, whether it was at hand or not."""
    found, packing = remembered(server(), TOKEN), Packing()

    again = packing.unpack(packing.pack(found))

    assert again is not None
    assert again.principal == found.principal
    assert again.principal.claims == found.principal.claims
    assert again.principal.key_age == found.principal.key_age
    assert (again.key, again.source) == (found.key, found.source)
    assert (again.begins, again.ends, again.forgotten_at) == (found.begins, found.ends, found.forgotten_at)


def test_what_is_packed_is_no_work_for_the_garbage_collector() -> None:
    """Issue 4: entries are slim; ten thousand of them must not make a collection a pause."""
    packing = Packing()
    packed = packing.pack(remembered(server(), TOKEN))

    gc.collect()
    gc.collect()  # the tuples within go first

    assert not gc.is_tracked(packed)


def test_entries_share_the_sets_of_names_that_are_equal() -> None:
    """Issue 4: at most 1.4 kB for an entry."""
    api, packing = server(), Packing()
    first, second = (packing.pack(remembered(api, seal(payload=claims(jti=name)))) for name in "ab")

    assert first[8] is second[8]


def test_sets_of_names_are_shared_within_bounds() -> None:
    """An issuer that gives every caller roles of its own fills no memory."""
    api, packing = server(), Packing()

    for number in range(1_100):
        packing.pack(remembered(api, seal(payload=claims(roles=[f"role {number}"], exp=NOW + 10**6))))

    assert len(packing._names) <= 1_000


def test_after_clear_nothing_that_was_packed_comes_back() -> None:
    """A number stands for one key for ever: an old entry cannot be taken for one that another key has verified."""
    packing = Packing()
    old, other = remembered(server(), TOKEN), remembered(server(), TOKEN)
    packed = packing.pack(old)

    packing.clear()
    packing.pack(other)

    assert packing.unpack(packed) is None
    assert packing.verifiers == 1


def test_claims_of_an_unpacked_principal_are_read_only_claims() -> None:
    """Issue 4: parsed on first use from the kept payload bytes, and read-only."""
    packing = Packing()

    again = packing.unpack(packing.pack(remembered(server(), TOKEN)))

    assert again is not None
    assert isinstance(again.principal.claims, PayloadClaims)
    assert again.principal.claims["realm"]["roles"] == ("c",)
