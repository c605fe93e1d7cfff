"""Tokens at hand: found by a digest of the signature and by the rest of the token, and as mortal as all others."""

import gc
import types
from base64 import urlsafe_b64decode
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from math import inf
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bearerguard.errors import AccessTokenError
from bearerguard.keys.static_key_source import StaticKeySource
from bearerguard.principal import Principal
from bearerguard.resource_server import ResourceServer
from bearerguard.testing import FakeClock, SigningKey
from bearerguard.token.remembered import Remembered
from bearerguard.token.token_cache import TokenCache
from support.published import LONG_AFTER, Published, background_work
from support.sealed import ABSENT, EC, ISSUER, NOW, claims, judge, key_set, seal, server, verdict

TOKEN: Final = seal()
HEAD, PAYLOAD, SIGNATURE = TOKEN.split(b".")
SOURCE: Final = StaticKeySource(ISSUER, key_set(EC))
NOBODY: Final = Principal(ISSUER, "nobody")


def at_hand(api: ResourceServer) -> Any:
    """What the cache holds unpacked."""
    return api._connection.cache._at_hand


def brought_to_hand(api: ResourceServer, token: bytes = TOKEN) -> Principal:
    """A token that was found often enough."""
    judge(api, token)
    for _ in range(3):
        found = api.recall(token)
    assert found is not None
    assert at_hand(api)
    assert api.recall(token) is found
    return found


def found_good(principal: Principal) -> Remembered:
    """What a verification leaves."""
    key_set_now = SOURCE.known()
    assert key_set_now is not None
    return Remembered(principal, key_set_now.keys[0], SOURCE, 0.0, NOW + 60.0, inf)


# --- one token never stands for another


def test_a_token_with_the_signature_of_one_at_hand_is_not_that_one() -> None:
    """CVE-2026-35039: what was signed counts, and it is compared octet by octet."""
    api = server()
    principal = brought_to_hand(api)
    admin = seal(payload=claims(roles=["Admin"])).split(b".")[1]
    forged = [b".".join((HEAD, admin, SIGNATURE)), b".".join((admin, PAYLOAD, SIGNATURE)), SIGNATURE, b"." + SIGNATURE]
    forged += [HEAD + b"." + SIGNATURE, TOKEN + b"." + SIGNATURE, b"." + TOKEN, b".".join((HEAD, PAYLOAD, b"", SIGNATURE))]

    for token in forged:
        assert api.recall(token) is None
        assert verdict(api, token) != "accepted"
        assert api.recall(token) is None
    assert api.recall(TOKEN) is principal


def test_a_token_with_the_text_of_one_at_hand_and_another_signature_is_not_that_one() -> None:
    """Whoever knows header and payload of a token, from a log, must not be able to send it."""
    api = server()
    principal = brought_to_hand(api)
    flipped = bytearray(SIGNATURE)
    flipped[10] ^= 1
    others = (b"", b"AAAA", bytes(flipped), SIGNATURE[:-1], SIGNATURE + b"A", SIGNATURE + b"=", SIGNATURE.swapcase())
    forged = [b".".join((HEAD, PAYLOAD, signature)) for signature in others] + [HEAD + b"." + PAYLOAD]

    for token in forged:
        assert api.recall(token) is None
        assert verdict(api, token) != "accepted"
    assert api.recall(TOKEN) is principal


def test_each_good_signature_of_one_text_is_verified_on_its_own() -> None:
    """ECDSA signs anew each time: two good tokens share header and payload."""
    api = server()
    brought_to_hand(api)
    again = seal()
    assert again.rpartition(b".")[0] == TOKEN.rpartition(b".")[0]
    assert again != TOKEN

    assert api.recall(again) is None
    assert verdict(api, again) == "accepted"
    assert api.recall(again) is not None


@pytest.mark.parametrize("hits", range(1, 5))
def test_two_tokens_under_one_signature_are_two_callers(hits: int) -> None:
    """No honest issuer makes them. Whoever does gets each for itself, in whatever form they are held."""
    cache = TokenCache(320, FakeClock(NOW))
    tokens = {name: b"head.%s.signature" % name.encode() for name in ("alice", "bob")}
    for name, token in tokens.items():
        cache.remember(token, found_good(replace(NOBODY, subject=name)))

    for turn in range(8):
        for name, token in tokens.items():
            for _ in range(hits if turn % 2 else 1):
                found = cache.recall(token)
                assert found is not None
                assert found.subject == name


NO_DATA: Final = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType)


@pytest.mark.parametrize(("text", "other"), [(b".", b""), (b".signature", b"signature")])
def test_a_dot_more_or_less_is_another_token(text: bytes, other: bytes) -> None:
    """No good token is so short; but what divides a text in two must tell whether there was something to divide."""
    cache = TokenCache(320, FakeClock(NOW))
    cache.remember(text, found_good(NOBODY))
    for _ in range(4):
        assert cache.recall(text) is not None

    assert cache.recall(other) is None


PARTS: Final = st.sampled_from([b"", b"a", b"b", b"a.a", b"."])
TEXTS: Final = st.builds(lambda head, signature: head + b"." + signature, PARTS, PARTS) | PARTS


@given(st.lists(st.tuples(st.booleans(), TEXTS), max_size=60), st.sampled_from([2, 64, 320]))
def test_what_is_recalled_is_what_was_remembered_for_that_very_text(steps: list[tuple[bool, bytes]], size: int) -> None:
    """Whatever parts tokens share, wherever their dots are, and in whatever order they come."""
    cache, remembered = TokenCache(size, FakeClock(NOW)), dict[bytes, str]()
    for number, (enters, text) in enumerate(steps):
        if enters:
            remembered[text] = str(number)
            cache.remember(text, found_good(replace(NOBODY, subject=str(number))))
        found = cache.recall(text)
        assert found is None or found.subject == remembered.get(text)
        assert found is not None or size == 2 or text not in remembered


# --- it dies as all others do


@pytest.mark.parametrize(
    "time_goes",
    [
        pytest.param(lambda clock: clock.advance(160), id="exp"),
        pytest.param(lambda clock: clock.step_wall_clock(160), id="a wall clock set forward"),
        pytest.param(lambda clock: clock.step_wall_clock(-61), id="a wall clock set back before nbf"),
        pytest.param(lambda clock: (clock.step_wall_clock(-30), clock.advance(160)), id="the life on the monotonic clock"),
    ],
)
def test_a_token_at_hand_dies_with_its_time_and_is_not_revived(time_goes: Callable[[FakeClock], object]) -> None:
    """The same comparisons as for every hit."""
    clock = FakeClock(NOW)
    api = server(clock=clock)
    token = seal(payload=claims(exp=NOW + 100))
    brought_to_hand(api, token)
    before = clock.now()

    time_goes(clock)
    assert api.recall(token) is None
    clock.step_wall_clock(before - clock.now())

    assert api.recall(token) is None
    assert not at_hand(api)
    assert not api._connection.cache._entries


def test_a_token_at_hand_is_good_to_the_last_second() -> None:
    clock = FakeClock(NOW)
    api = server(clock=clock)
    token = seal(payload=claims(nbf=ABSENT, exp=NOW + 100))
    principal = brought_to_hand(api, token)

    clock.advance(159.5)

    assert api.recall(token) is principal


@pytest.mark.anyio
@pytest.mark.parametrize("kid", ["new", EC.kid])
async def test_a_token_at_hand_dies_with_its_key(kid: str) -> None:
    """Withdrawn, or replaced under its name."""
    published = Published()
    api = published.server()
    await api.authenticate(TOKEN)
    assert all(api.recall(TOKEN) for _ in range(3))
    assert at_hand(api)
    published.keys["issuer.test"] = [SigningKey("ES256", kid=kid)]

    published.clock.advance(LONG_AFTER)
    api.recall(TOKEN)
    await background_work()

    assert api.recall(TOKEN) is None
    assert not at_hand(api)


def test_what_is_forgotten_is_not_at_hand_either() -> None:
    api = server()
    brought_to_hand(api)

    api._connection.cache.clear()

    assert api.recall(TOKEN) is None
    assert not at_hand(api)


class Taken(dict[bytes, object]):
    """Entries that another thread takes after they were read."""

    def __contains__(self, digest: object) -> bool:
        return False


def test_an_entry_that_another_thread_takes_while_it_is_read_does_not_come_to_hand() -> None:
    """What has been evicted must not live on where nothing evicts it."""
    cache = TokenCache(320, FakeClock(NOW))
    cache.remember(TOKEN, found_good(NOBODY))
    cache._entries = Taken(cache._entries)  # type: ignore[assignment]

    assert [cache.recall(TOKEN) for _ in range(3)] == [None, None, None]
    assert not cache._at_hand


# --- what it takes to be at hand, and who can change it


def test_bad_tokens_move_nothing_that_is_at_hand() -> None:
    """A flood makes the API verify nothing anew."""
    api = server(token_cache_size=64)
    principal = brought_to_hand(api)
    held = dict(at_hand(api))

    for number in range(2_000):
        for bad in (b"%d.%s.%s" % (number, PAYLOAD, SIGNATURE), b"%s.%s.%d" % (HEAD, PAYLOAD, number)):
            assert api.recall(bad) is None
            with pytest.raises(AccessTokenError):
                judge(api, bad)

    assert at_hand(api) == held
    assert api.recall(TOKEN) is principal


def test_tokens_that_are_found_once_in_a_while_do_not_come_to_hand() -> None:
    """They would be dropped before they are found again: the garbage collector's work, for nothing."""
    api = server(token_cache_size=320)
    tokens = [seal(payload=claims(jti=str(number))) for number in range(40)]
    for token in tokens:
        judge(api, token)

    for token in tokens * 3:
        assert api.recall(token) is not None
        assert not at_hand(api)


def test_a_token_that_is_found_again_soon_comes_to_hand_among_others() -> None:
    api = server(token_cache_size=320)
    tokens = [seal(payload=claims(jti=str(number))) for number in range(4)]
    for token in tokens:
        judge(api, token)

    for _ in range(4):
        for token in tokens:
            api.recall(token)

    assert len(at_hand(api)) == len(tokens)
    first = [api.recall(token) for token in tokens]
    assert all(api.recall(token) is found for token, found in zip(tokens, first, strict=True))


def test_as_many_tokens_as_can_be_at_hand_stay_there() -> None:
    """Once all are at hand nothing changes any more, and so nothing is dropped."""
    api = server(token_cache_size=320)
    tokens = [seal(payload=claims(jti=str(number))) for number in range(9)]
    for token in tokens:
        judge(api, token)

    for token in tokens * 4:
        api.recall(token)
    first = [api.recall(token) for token in tokens]

    for _ in range(20):
        assert all(api.recall(token) is found for token, found in zip(tokens, first, strict=True))


def test_one_token_that_dies_takes_no_other_from_what_is_at_hand() -> None:
    """A caller with short-lived tokens does not slow down the others."""
    clock = FakeClock(NOW)
    api = server(clock=clock)
    short = seal(payload=claims(exp=NOW + 10, jti="short"))
    principal = brought_to_hand(api)
    brought_to_hand(api, short)
    assert len(at_hand(api)) == 2

    clock.advance(70)
    assert api.recall(short) is None

    assert len(at_hand(api)) == 1
    assert api.recall(TOKEN) is principal


def test_a_token_at_hand_does_not_grow_old_while_others_are_found() -> None:
    """A hit at hand does not count as use, and each hit on another entry puts that one behind it."""
    api = server(token_cache_size=64)
    others = [seal(payload=claims(jti=str(number))) for number in range(63)]
    for token in others:
        judge(api, token)
    brought_to_hand(api)

    for token in others:
        assert api.recall(token) is not None
        assert api.recall(TOKEN) is not None
    for number in range(10):
        judge(api, seal(payload=claims(jti=f"new {number}")))

    assert sha256(TOKEN).digest() in api._connection.cache._entries


class Asked(dict[bytes, Any]):
    """What is at hand, and whether it was looked into."""

    asked = False

    def get(self, key: bytes, default: Any = None, /) -> Any:
        self.asked = True
        return super().get(key, default)


@pytest.mark.parametrize("length", [1_366, 1_399, 1_400, 16_000])
def test_what_is_longer_than_any_signature_is_not_looked_up_by_it(length: int) -> None:
    """Anybody can send 16 kB without a dot: to make a second digest of it would cost as much as the first."""
    api = server()
    brought_to_hand(api)
    looked_for = Asked(at_hand(api))
    api._connection.cache._at_hand = looked_for

    assert api.recall(b"a.b." + b"c" * length) is None
    assert looked_for.asked == (length < 1_400)


def test_nobody_can_tell_where_a_token_is_kept() -> None:
    """The digest is keyed, by each cache for itself."""
    first, second = server(), server()
    for api in (first, second):
        brought_to_hand(api)

    assert at_hand(first).keys().isdisjoint(at_hand(second))


def test_nothing_that_can_be_sent_is_reachable_from_what_is_at_hand() -> None:
    """A memory dump of the cache holds no signature, neither as text nor as octets."""
    api = server()
    brought_to_hand(api)
    cache = api._connection.cache
    pending: list[object] = [cache._at_hand, cache._found_once, cache._last_found, cache._entries, cache._packing]
    seen: dict[int, object] = {}
    while pending:
        found = pending.pop()
        if id(found) not in seen and not isinstance(found, NO_DATA):
            seen[id(found)] = found
            pending.extend(gc.get_referents(found))

    texts = [found for found in seen.values() if isinstance(found, bytes)]
    assert HEAD + b"." + PAYLOAD in texts
    for secret in (TOKEN, SIGNATURE, SIGNATURE[:20], urlsafe_b64decode(SIGNATURE + b"==")):
        assert not any(secret in text for text in texts)
