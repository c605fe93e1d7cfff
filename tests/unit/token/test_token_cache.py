"""Verified tokens, remembered: never longer than they are good, and never longer than their key."""

import gc
import types
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from math import inf
from typing import Any, Final

import pytest

from bearerguard import role
from bearerguard.errors import AccessTokenError
from bearerguard.keys.jwk_set import read_key
from bearerguard.keys.static_key_source import StaticKeySource
from bearerguard.resource_server import ResourceServer
from bearerguard.testing import FakeClock
from bearerguard.testing.signing_key import base64url
from bearerguard.token.remembered import Remembered
from bearerguard.token.token_cache import TokenCache
from support.sealed import ABSENT, AUDIENCE, EC, ISSUER, NOW, claims, issuer, judge, key_set, seal, server, verdict

TOKEN: Final = seal()
either_form = pytest.mark.parametrize("size", [2, 10_000], ids=["packed", "at hand"])
FOR_LONG: Final = seal(payload=claims(exp=NOW + 10**7))


def entries(api: ResourceServer) -> Any:
    """What the cache holds."""
    return api._connection.cache._entries


# --- hit and miss


def test_a_verified_token_is_recalled() -> None:
    """A machine-to-machine caller sends the same token for up to an hour."""
    api = server()
    assert api.recall(TOKEN) is None

    principal = judge(api, TOKEN)

    assert api.recall(TOKEN) == principal
    assert judge(api, TOKEN) == principal


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(TOKEN[:-1], id="cut"),
        pytest.param(TOKEN + b"=", id="padded"),
        pytest.param(TOKEN.upper(), id="in capitals"),
        pytest.param(TOKEN + b" ", id="blank behind"),
        pytest.param(seal(payload=claims(aud="api://billing")), id="of another audience"),
    ],
)
def test_only_the_very_text_that_was_verified_is_recalled(bad: bytes) -> None:
    """CVE-2026-35039: the key of an entry is a digest of the whole token."""
    api = server()
    judge(api, TOKEN)

    assert api.recall(bad) is None
    assert verdict(api, bad) != "accepted"
    assert api.recall(bad) is None


def test_size_zero_turns_the_cache_off() -> None:
    """0 = off."""
    api = server(token_cache_size=0)
    judge(api, TOKEN)

    assert api.recall(TOKEN) is None
    assert len(entries(api)) == 0


def test_one_token_is_enough_for_a_cache() -> None:
    api = server(token_cache_size=1)
    judge(api, TOKEN)

    assert api.recall(TOKEN) is not None
    assert not api._connection.cache._at_hand


class Vanishing(dict[bytes, object]):
    """Entries that another thread takes after they were seen."""

    def __contains__(self, digest: object) -> bool:
        return True


def test_an_entry_that_another_thread_takes_meanwhile_is_not_recalled() -> None:
    cache = TokenCache(320, FakeClock(NOW))
    cache._entries = Vanishing()  # type: ignore[assignment]

    assert cache.recall(TOKEN) is None
    assert not cache._at_hand


def test_what_was_verified_last_is_what_is_recalled() -> None:
    """Two requests may verify one token at once, each with a key set of its own."""
    cache = TokenCache(320, FakeClock(NOW))
    source, principal = StaticKeySource(ISSUER, key_set(EC)), judge(server(), TOKEN)
    known = source.known_at(NOW, 0.0)
    assert known is not None
    key = next(iter(known.members))
    for name in ("Read.All", "Write.All"):
        cache.remember(TOKEN, Remembered(replace(principal, roles=frozenset({name})), key, source, 0.0, NOW + 60, inf))
        for _ in range(2):
            recalled = cache.recall(TOKEN)
            assert recalled is not None
            assert recalled.roles == {name}


def test_the_least_recently_used_token_goes_first() -> None:
    """Bounded, and a hit counts as use."""
    api = server(token_cache_size=2)
    first, second, third = (seal(payload=claims(jti=name)) for name in "abc")
    judge(api, first)
    judge(api, second)
    api.recall(first)

    judge(api, third)

    assert [api.recall(token) is not None for token in (first, second, third)] == [True, False, True]
    assert len(entries(api)) == 2


@pytest.mark.parametrize("size", [2, 31, 32, 64, 200])
def test_a_token_in_use_is_never_among_the_first_to_go(size: int) -> None:
    """A hit on an entry at hand does not reorder the others: it must count all the same."""
    api = server(token_cache_size=size)
    judge(api, TOKEN)
    for number in range(3 * size):
        judge(api, seal(payload=claims(jti=str(number))))
        assert api.recall(TOKEN) is not None
        assert sha256(TOKEN).digest() in entries(api)

    assert len(entries(api)) == size


def test_few_entries_are_at_hand_and_come_there_by_being_used() -> None:
    """Entries at hand are what the garbage collector has to look into."""
    api = server(token_cache_size=320)
    tokens = [seal(payload=claims(jti=str(number))) for number in range(50)]
    for token in tokens:
        judge(api, token)
        assert len(api._connection.cache._at_hand) <= 10

    first = api.recall(tokens[0])

    assert api.recall(tokens[0]) is first
    for token in tokens:
        assert api.recall(token) is not None
        assert len(api._connection.cache._at_hand) <= 10


@pytest.mark.parametrize("hits", [0, 1, 2], ids=["packed", "at hand", "used at hand"])
def test_what_is_forgotten_is_not_recalled(hits: int) -> None:
    api = server(token_cache_size=320)
    judge(api, TOKEN)
    for _ in range(hits):
        assert api.recall(TOKEN) is not None

    api._connection.cache.clear()

    assert api.recall(TOKEN) is None
    assert len(entries(api)) == 0


def test_an_entry_whose_key_was_let_go_is_verified_anew() -> None:
    """Without its key nothing can tell whether that is current."""
    api = server(token_cache_size=2)
    judge(api, TOKEN)
    api._connection.cache._packing.clear()

    assert api.recall(TOKEN) is None
    assert verdict(api, TOKEN) == "accepted"
    assert api.recall(TOKEN) is not None


def test_the_keys_of_entries_are_let_go_in_time() -> None:
    """An issuer that rotates its keys each minute for years must not fill the memory with keys."""
    clock = FakeClock(NOW)
    cache = TokenCache(2, clock)
    source = StaticKeySource(ISSUER, key_set(EC))
    key = read_key(EC.public_jwk())
    principal = judge(server(), TOKEN)
    for number in range(2_500):
        gone = replace(key, kid=str(number))
        cache.remember(b"%d" % number, Remembered(principal, gone, source, 0.0, NOW + 60, 60.0))

    assert cache._packing.verifiers < 1_100
    assert len(cache._entries) == 2


def test_a_hundred_thousand_bad_tokens_evict_nothing() -> None:
    """Only good tokens enter, so that a flood cannot make the API verify everything anew."""
    api = server(token_cache_size=2)
    good = [TOKEN, FOR_LONG]
    remembered = [judge(api, token) for token in good]
    head, _, signature = TOKEN.rpartition(b".")

    for number in range(200):
        forged = [head + b"." + base64url(number.to_bytes(64)).encode(), seal(kid=f"k{number}")]
        assert all(verdict(api, token) != "accepted" for token in forged)
    for number in range(100_000):
        with pytest.raises(AccessTokenError):
            judge(api, b"%d.%s" % (number, signature))

    assert [api.recall(token) for token in good] == remembered


def test_requirements_are_judged_anew_on_a_hit() -> None:
    """What is remembered is who calls, never what it may do."""
    api = server()
    judge(api, TOKEN)
    principal = api.recall(TOKEN)

    assert principal is not None
    assert role("Read.All").permits(principal)
    assert not role("Write.All").permits(principal)
    assert set(Remembered._fields) == {"principal", "key", "source", "begins", "ends", "forgotten_at"}


# --- times


@pytest.mark.parametrize("leeway", [0, 60])
@either_form
def test_an_entry_dies_at_exp_to_the_second(leeway: int, size: int) -> None:
    """The hit is judged by the same comparison as the miss."""
    clock = FakeClock(NOW)
    api = server(token_cache_size=size, clock=clock, leeway=leeway)
    token = seal(payload=claims(exp=NOW + 100))
    judge(api, token)

    clock.advance(100 + leeway - 0.5)
    assert api.recall(token) is not None
    clock.advance(0.5)

    assert api.recall(token) is None
    assert len(entries(api)) == 0
    assert verdict(api, token) == "token_expired"


@pytest.mark.parametrize("leeway", [0, 60])
@either_form
def test_a_token_of_the_future_is_not_remembered_until_it_begins(leeway: int, size: int) -> None:
    """A refusal is not remembered either: the same token is good later."""
    clock = FakeClock(NOW)
    api = server(token_cache_size=size, clock=clock, leeway=leeway)
    token = seal(payload=claims(nbf=NOW + leeway + 10))
    assert verdict(api, token) == "token_not_yet_valid"
    assert api.recall(token) is None

    clock.advance(10)

    assert verdict(api, token) == "accepted"
    assert api.recall(token) is not None


@either_form
def test_a_clock_set_back_before_nbf_ends_an_entry(size: int) -> None:
    """The hit re-checks both times."""
    clock = FakeClock(NOW)
    api = server(token_cache_size=size, clock=clock, leeway=0)
    judge(api, TOKEN)

    clock.step_wall_clock(-1)
    assert api.recall(TOKEN) is None
    clock.step_wall_clock(1)

    assert api.recall(TOKEN) is None


@pytest.mark.parametrize("step", [-3600, -86_400, -1])
@either_form
def test_a_wall_clock_set_back_does_not_lengthen_an_entrys_life(step: int, size: int) -> None:
    """The same life is bounded by the monotonic clock too."""
    clock = FakeClock(NOW)
    api = server(token_cache_size=size, clock=clock)
    token = seal(payload=claims(nbf=ABSENT, exp=NOW + 100))
    judge(api, token)
    clock.step_wall_clock(step)
    assert api.recall(token) is not None

    clock.advance(160)

    assert api.recall(token) is None


@either_form
def test_an_expired_entry_is_not_revived_by_a_clock_set_back(size: int) -> None:
    """Once seen as expired, it is gone; the token is judged anew, in full."""
    clock = FakeClock(NOW)
    api = server(token_cache_size=size, clock=clock)
    judge(api, TOKEN)

    clock.step_wall_clock(7200)
    assert api.recall(TOKEN) is None
    clock.step_wall_clock(-7200)

    assert api.recall(TOKEN) is None
    assert verdict(api, TOKEN) == "accepted"


@either_form
def test_a_clock_that_was_wrong_when_a_token_was_verified_does_not_lengthen_its_life(size: int) -> None:
    """A clock an hour behind is put right: ``exp`` counts, not the time that seemed to be left."""
    clock = FakeClock(NOW - 3600)
    api = server(token_cache_size=size, clock=clock)
    token = seal(payload=claims(nbf=ABSENT, exp=NOW + 100))
    judge(api, token)

    clock.step_wall_clock(3600)
    clock.advance(160)

    assert api.recall(token) is None


# --- two of something


def test_two_audiences_of_one_issuer_share_nothing() -> None:
    """CVE-2021-32701: each resource server has its own memory."""
    orders, billing = server(), server(audience="api://billing")
    judge(orders, TOKEN)

    assert billing.recall(TOKEN) is None
    assert verdict(billing, TOKEN) == "wrong_audience"
    assert orders.recall(TOKEN) is not None


def test_two_resource_servers_with_other_trust_share_nothing() -> None:
    """A token is good for the server that knows its issuer, and for no other in the same process."""
    knowing, stranger = server(), server(issuer("https://other.test/"))
    judge(knowing, TOKEN)

    assert stranger.recall(TOKEN) is None
    assert verdict(stranger, TOKEN) == "unknown_issuer"


def test_several_threads_share_a_cache() -> None:
    """Event loops of several threads may serve one API; entries come, go and are looked up at once."""
    api = server(token_cache_size=3)
    tokens = [seal(payload=claims(jti=str(number))) for number in range(8)]

    def use(worker: int) -> int:
        return sum(judge(api, tokens[(worker + turn) % 8]).subject == "5f1d7a0e" for turn in range(400))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(use, range(4))) == [400] * 4
    assert len(entries(api)) == 3


# --- what a caller gets, and what memory holds


def test_returned_claims_cannot_be_changed_at_any_level() -> None:
    """One request must not change what the next one sees."""
    api = server()
    token = seal(payload=claims(realm={"roles": ["a", {"b": ["c"]}]}))
    claimed: Any = judge(api, token).claims

    changes: list[Callable[[], object]] = [
        lambda: claimed.__setitem__("roles", ["Admin"]),
        lambda: claimed.__delitem__("exp"),
        lambda: claimed["roles"].append("Admin"),
        lambda: claimed["realm"].__setitem__("roles", ["Admin"]),
        lambda: claimed["realm"]["roles"].append("Admin"),
        lambda: claimed["realm"]["roles"][1].__setitem__("b", ["Admin"]),
        lambda: claimed["realm"]["roles"][1]["b"].append("Admin"),
        lambda: claimed.update({"roles": ["Admin"]}),
        lambda: claimed["realm"].update({"roles": ["Admin"]}),
    ]
    for change in changes:
        with pytest.raises((TypeError, AttributeError)):
            change()
    again = api.recall(token)
    assert again is not None
    assert again.claims["realm"]["roles"][1]["b"] == ("c",)


def reachable(root: object) -> Iterator[object]:
    """Every object that ``root`` leads to, but for code and types."""
    seen: dict[int, object] = {}
    pending = [root]
    while pending:
        found = pending.pop()
        if id(found) in seen or isinstance(found, types.ModuleType | types.FunctionType | types.BuiltinFunctionType | type):
            continue
        seen[id(found)] = found
        yield found
        pending.extend(gc.get_referents(found))


def test_no_text_of_a_token_is_reachable_from_the_cache() -> None:
    """A memory dump of the cache holds nothing that could be sent again."""
    api = server()
    header, payload, signature = TOKEN.split(b".")
    judge(api, TOKEN)

    texts = [found for found in reachable(api._connection.cache) if isinstance(found, bytes)]
    texts += [found.encode("utf-8", "surrogatepass") for found in reachable(api._connection.cache) if isinstance(found, str)]

    assert any(ISSUER.encode() in text for text in texts)
    for secret in (TOKEN, header, payload, signature, urlsafe_b64decode(signature + b"==")):
        assert not any(secret in text for text in texts)


def test_an_entry_shows_nothing_a_token_says() -> None:
    api = server()
    judge(api, TOKEN)

    shown = f"{entries(api)!r} {api._connection.cache!r}"

    assert AUDIENCE not in shown
    assert "Read.All" not in shown
