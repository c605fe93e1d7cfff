"""What is remembered of a token, packed so that the garbage collector need not look into it."""

import gc
from typing import Final

from bearerguard.keys.jwk_set import VerificationKey, read_key
from bearerguard.keys.static_key_source import StaticKeySource
from bearerguard.principal import PayloadClaims, Principal
from bearerguard.token.remembered import Packing, Remembered
from support.sealed import ALL_KEYS, ISSUER, claims, judge, key_set, seal, server

SOURCE: Final = StaticKeySource(ISSUER, key_set(*ALL_KEYS))
KEY: Final = read_key(ALL_KEYS[0].public_jwk())


def remembered(*, subject: str = "5f1d", roles: frozenset[str] = frozenset({"b", "a"}), key: VerificationKey = KEY) -> Remembered:
    """A verified token."""
    claimed = PayloadClaims(b'{"sub":"%s"}' % subject.encode())
    issuer, client = (name[:3] + name[3:] for name in (ISSUER, "reader"))  # equal texts, but new ones, as a parser makes them
    principal = Principal(issuer, subject, client, "contoso", roles, frozenset({"s"}), True, 99.5, claimed, SOURCE.age)
    return Remembered(principal, key, SOURCE, 1.0, 160.0, 2.5)


def test_what_was_packed_is_unpacked_as_it_was() -> None:
    """The same caller, key, source and times."""
    packing = Packing()
    found = remembered()

    unpacked = packing.unpack(packing.pack(found))

    assert unpacked is not None
    assert unpacked.principal == found.principal
    assert unpacked.principal.claims == found.principal.claims
    assert unpacked.principal.key_age == 0
    assert (unpacked.key, unpacked.source) == (KEY, SOURCE)
    assert (unpacked.begins, unpacked.ends, unpacked.forgotten_at) == (1.0, 160.0, 2.5)


def test_a_packed_token_is_nothing_to_the_garbage_collector() -> None:
    """With 10 000 principals a full collection takes as long as hundreds of verifications."""
    packed = Packing().pack(remembered())

    gc.collect()
    gc.collect()

    assert not any(gc.is_tracked(part) for part in (packed, *packed))


def test_entries_share_what_they_have_in_common() -> None:
    """At most 1.4 kB for an entry."""
    packing = Packing()
    first, second = (packing.pack(remembered(roles=frozenset({"a", "b"}), subject=str(number))) for number in range(2))

    assert all(one is other for one, other in zip(first, second, strict=True) if isinstance(one, tuple))
    assert first[4] is second[4]
    assert first[6] is second[6]
    assert packing.verifiers == 1


def test_what_is_shared_is_bounded() -> None:
    """Ten thousand sets of roles, or clients that register themselves, must not stay for ever."""
    packing = Packing()
    early = packing.pack(remembered())
    for number in range(3_000):
        found = remembered(roles=frozenset({str(number)}))
        packed = packing.pack(found)
        unpacked = packing.unpack(packed)
        assert unpacked is not None
        assert unpacked.principal.roles == {str(number)}

    for number in range(1_001):
        packing._shared(frozenset({f"Role.{number}"}))
        assert max(len(packing._names), len(packing._sets)) <= 1_000
    assert packing.unpack(early) == remembered()
    for number in range(3_000):
        packing._text(f"client {number}")
    assert len(packing._texts) <= 1_000


def test_after_clearing_nothing_that_was_packed_can_be_unpacked() -> None:
    """A number stands for one key of one issuer, for ever: it must not come back for another."""
    packing = Packing()
    before = packing.pack(remembered())

    packing.clear()
    assert packing.unpack(before) is None
    after = packing.pack(remembered(key=read_key(ALL_KEYS[1].public_jwk())))

    assert packing.unpack(before) is None
    assert after[0] != before[0]


def test_two_keys_with_the_same_members_are_two_verifiers() -> None:
    """Identity counts: an issuer's key that went and came back is not the one that verified."""
    packing = Packing()
    packing.pack(remembered())
    packing.pack(remembered(key=read_key(ALL_KEYS[0].public_jwk())))

    assert packing.verifiers == 2


def test_a_caller_from_the_cache_equals_the_one_that_was_verified() -> None:
    """Whatever a token says: packed and unpacked, nothing is lost or added."""
    api = server(token_cache_size=1)  # so few that none is at hand
    tokens = [
        seal(payload=claims(**changes))
        for changes in (
            {},
            {"roles": [], "scope": "a b", "sub": ""},
            {"client_id": 7, "exp": 1_767_270_000.5},
            {"roles": ["é", "a b"], "idtyp": "app"},
        )
    ]

    for token in tokens:
        verified = judge(api, token)
        again = api.recall(token)
        assert again is not None
        assert again is not verified
        assert again == verified
        assert again.claims == verified.claims
