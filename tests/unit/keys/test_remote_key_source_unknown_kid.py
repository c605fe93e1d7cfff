"""A ``kid`` that the set does not have: a new key is found at once, a flood finds a closed door ."""

from collections.abc import Callable

import anyio
import pytest

from bearerguard.keys.fetch import FetchFailed
from bearerguard.keys.jwk_set import JWKSet
from bearerguard.keys.remote_key_source import RemoteKeySource
from bearerguard.testing import FakeClock
from support.key_sets import ScriptedFetch, fetched, key_set, kids_of, look, settled, source

pytestmark = pytest.mark.anyio
both = pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
DOWN = FetchFailed("unreachable", "connection refused")


async def started(clock: FakeClock, *kids: str) -> tuple[RemoteKeySource, ScriptedFetch, JWKSet]:
    fetch = ScriptedFetch(key_set(*kids))
    keys = source(fetch, clock)
    return keys, fetch, await keys.obtain()


async def test_a_new_key_is_found_at_once() -> None:
    keys, fetch, current = await started(FakeClock(), "a")
    fetch.outcome = key_set("a", "b")
    assert kids_of(await look(keys, "b", current)) == {"a", "b"}
    assert len(fetch.asked) == 2


async def test_a_token_that_begins_a_refresh_causes_no_second_fetch() -> None:
    clock = FakeClock()
    keys, fetch, _ = await started(clock, "a")
    clock.advance(500.0)
    fetch.outcome = key_set("a", "b")
    current = keys.known()
    assert current is not None
    assert kids_of(await look(keys, "x", current)) == {"a", "b"}
    assert len(fetch.asked) == 2


# --- a cold start


async def cold(keys: RemoteKeySource, kid: str, found: dict[str, set[str | None]] | None = None) -> None:
    """A token with this ``kid`` comes while there are no keys, and none of those that are fetched is its own."""
    came_after = keys.fetches_sent()
    last = await keys.look_again(kid, await keys.obtain(), came_after)
    if found is not None:
        found[kid] = kids_of(last)


@both
@pytest.mark.parametrize("kids", [["x"] * 50, [f"x{number}" for number in range(50)]], ids=["one kid", "many kids"])
async def test_a_cold_burst_of_unknown_kids_costs_one_fetch(kids: list[str]) -> None:
    """A fetch that has not left yet is made for everybody who waits for it."""
    fetch = ScriptedFetch(key_set("a"))
    keys = source(fetch)
    async with anyio.create_task_group() as tasks:
        for kid in kids:
            tasks.start_soon(cold, keys, kid)
    assert len(fetch.asked) == 1


async def test_a_burst_that_goes_on_after_the_fetch_has_left_costs_no_second_one_for_the_same_kid() -> None:
    """Who came first is told first, on asyncio; trio wakes waiters in any order, so that one more fetch may be made there."""
    fetch = ScriptedFetch(key_set("a"))
    keys = source(fetch)
    fetch.hold()
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(cold, keys, "x")
            await settled()
        fetch.release()
    await cold(keys, "x")
    assert len(fetch.asked) == 1


@both
async def test_a_key_published_after_the_cold_fetch_has_left_is_asked_for_once_more() -> None:
    fetch = ScriptedFetch(key_set("a"))
    keys = source(fetch)
    fetch.hold()
    found: dict[str, set[str | None]] = {}
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(cold, keys, "x", found)
        await settled()
        fetch.outcome = key_set("a", "b")
        tasks.start_soon(cold, keys, "b", found)
        await settled()
        fetch.release()
    assert found["b"] == {"a", "b"}
    assert len(fetch.asked) == 2


async def test_after_a_cold_fetch_that_fails_nothing_more_is_asked_for_its_tokens() -> None:
    clock = FakeClock()
    keys, fetch, _ = await started(clock, "a")
    clock.advance(3600.0)
    fetch.outcome = DOWN
    found: dict[str, set[str | None]] = {}
    await cold(keys, "b", found)
    assert found == {"b": {"a"}}
    assert len(fetch.asked) == 2


# --- looks and rotations


async def test_any_number_of_rotations_in_a_row_are_each_found_at_once() -> None:
    """Also when the first key comes back after so many that it is not remembered any more."""
    keys, fetch, current = await started(FakeClock(), "0")
    for kid in [*map(str, range(1, 300)), "0"]:
        fetch.outcome = key_set(kid)
        current = await look(keys, kid, current)
        assert kids_of(current) == {kid}


@both
async def test_all_who_look_for_a_new_key_share_one_fetch() -> None:
    keys, fetch, current = await started(FakeClock(), "a")
    fetch.outcome = key_set("a", "b")
    found: list[set[str | None]] = []

    async def request() -> None:
        found.append(kids_of(await look(keys, "b", current)))

    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(request)
    assert found == [{"a", "b"}] * 50
    assert len(fetch.asked) == 2


async def test_a_kid_that_is_not_there_costs_one_fetch_in_ten_seconds() -> None:
    clock = FakeClock()
    keys, fetch, current = await started(clock, "a")
    for _ in range(10):
        assert await look(keys, "x", current) is current
    assert len(fetch.asked) == 2
    clock.advance(9.9)
    await look(keys, "x", current)
    assert len(fetch.asked) == 2
    clock.advance(0.1)
    await look(keys, "x", current)
    assert len(fetch.asked) == 3


async def test_a_flood_of_distinct_kids_is_fetched_for_within_the_spacing() -> None:
    clock = FakeClock()
    keys, fetch, current = await started(clock, "a")
    begun: list[float] = []
    for number in range(1_000):
        before = len(fetch.asked)
        await look(keys, f"x{number}", current)
        if len(fetch.asked) > before:
            begun.append(clock.monotonic())
        clock.advance(0.125)
    assert begun == [0.0, 5.0, 15.0, 35.0, 65.0, 95.0]


@both
async def test_a_flood_that_arrives_at_once_costs_one_fetch() -> None:
    keys, fetch, current = await started(FakeClock(), "a")
    fetch.hold()
    async with anyio.create_task_group() as tasks:
        for number in range(500):
            tasks.start_soon(look, keys, f"x{number}", current)
        await settled()
        fetch.release()
    assert (len(fetch.asked), fetch.most_at_once) == (2, 1)


async def test_a_remembered_kid_does_not_use_up_the_allowance_of_a_new_key() -> None:
    clock = FakeClock()
    keys, fetch, current = await started(clock, "a")
    await look(keys, "x", current)
    clock.advance(5.0)
    for _ in range(100):
        await look(keys, "x", current)
    fetch.outcome = key_set("b")
    assert kids_of(await look(keys, "b", current)) == {"b"}


async def test_a_new_key_during_a_flood_is_found_within_the_spacing() -> None:
    clock = FakeClock()
    keys, fetch, current = await started(clock, "a")
    for number in range(300):
        await look(keys, f"x{number}", current)
        clock.advance(0.5)
    fetch.outcome = key_set("b")
    rotated = clock.monotonic()
    while kids_of(current) != {"b"}:
        clock.advance(0.5)
        current = await look(keys, "b", current)
    assert clock.monotonic() - rotated <= 30.0


@both
async def test_a_look_that_joins_an_older_fetch_asks_once_more() -> None:
    """The older fetch may have been answered before the key was published."""
    clock = FakeClock()
    keys, fetch, current = await started(clock, "a")
    fetch.hold()
    clock.advance(480.0)
    keys.known()
    await settled()
    found: list[set[str | None]] = []

    async def request() -> None:
        found.append(kids_of(await look(keys, "b", current)))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(request)
        await settled()
        fetch.outcome = key_set("b")
        fetch.release()
    assert found == [{"b"}]
    assert len(fetch.asked) == 3


@both
async def test_two_rotations_during_one_fetch_refuse_neither_new_key() -> None:
    keys, fetch, current = await started(FakeClock(), "a")
    fetch.outcome = key_set("b")
    fetch.hold()
    found: dict[str, set[str | None]] = {}

    async def request(kid: str) -> None:
        found[kid] = kids_of(await look(keys, kid, current))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(request, "b")
        await settled()
        fetch.outcome = key_set("b", "c")  # published after the fetch under way was answered
        tasks.start_soon(request, "c")
        await settled()
        fetch.release()
    assert "b" in found["b"]
    assert "c" in found["c"]


async def test_keys_that_came_in_the_meantime_are_looked_at_before_the_network() -> None:
    keys, fetch, old = await started(FakeClock(), "a")
    fetch.outcome = key_set("a", "b")
    await look(keys, "b", old)
    assert kids_of(await look(keys, "b", old)) == {"a", "b"}
    assert len(fetch.asked) == 2


@both
async def test_a_failed_look_keeps_the_set_and_raises_nothing() -> None:
    keys, fetch, current = await started(FakeClock(), "a")
    fetch.outcome = DOWN
    assert await look(keys, "b", current) is current
    assert keys.known() is current


async def test_a_failed_look_is_repeated_as_soon_as_the_back_off_allows() -> None:
    """A fetch that failed has shown nothing: neither the memory of unknown kids nor the spacing holds the next one back."""
    clock = FakeClock()
    keys, fetch, current = await started(clock, "a")
    fetch.outcome = DOWN
    await look(keys, "b", current)
    fetch.outcome = key_set("a", "b")
    assert await look(keys, "b", current) is current
    assert len(fetch.asked) == 2
    clock.advance(1.0)
    assert kids_of(await look(keys, "b", current)) == {"a", "b"}


async def test_a_token_without_kid_is_looked_for_like_any_other() -> None:
    keys, fetch, current = await started(FakeClock(), "a")
    assert await look(keys, None, current) is current
    assert await look(keys, None, current) is current
    assert len(fetch.asked) == 2


async def test_a_changed_set_is_worth_a_look_for_a_token_without_kid() -> None:
    keys, fetch, current = await started(FakeClock(), "a")
    fetch.outcome = key_set("b")
    assert kids_of(await look(keys, None, current)) == {"b"}


async def test_a_kid_that_a_changed_set_lacks_too_is_remembered() -> None:
    keys, fetch, current = await started(FakeClock(), "a")
    fetch.outcome = key_set("b")
    newer = await look(keys, "x", current)
    assert kids_of(newer) == {"b"}
    assert await look(keys, "x", newer) is newer
    assert len(fetch.asked) == 2


async def test_sets_that_alternate_bring_nothing_new() -> None:
    """An issuer whose nodes disagree must not be asked at once for ever."""
    clock = FakeClock()
    keys, fetch, current = await started(clock, "a")
    for number in range(20):
        fetch.outcome = key_set("a", "b") if number % 2 else key_set("a", "c")
        current = await look(keys, f"x{number}", current)
    assert len(fetch.asked) == 4


async def test_a_304_shows_that_the_kid_is_unknown() -> None:
    fetch = ScriptedFetch(fetched("a", etag='"1"'))
    keys = source(fetch)
    current = await keys.obtain()
    fetch.outcome = fetched(etag='"1"')
    assert await look(keys, "x", current) is current
    assert await look(keys, "y", current) is current
    assert len(fetch.asked) == 2


async def test_a_look_renews_the_set() -> None:
    clock = FakeClock()
    keys, _, current = await started(clock, "a")
    clock.advance(400.0)
    await look(keys, "x", current)
    assert keys.age() == 0.0


@both
async def test_a_cancelled_look_leaves_the_fetch_to_the_others() -> None:
    keys, fetch, current = await started(FakeClock(), "a")
    fetch.outcome = key_set("b")
    fetch.hold()
    with anyio.move_on_after(0):
        await look(keys, "b", current)
    await settled()
    fetch.release()
    await settled()
    assert kids_of(keys.known()) == {"b"}
    assert len(fetch.asked) == 2


# --- a flood of unknown names


async def flooded(keys: RemoteKeySource, current: JWKSet) -> None:
    """So many were turned away that it counts as a flood."""
    for number in range(100):
        assert keys.lacking("b") is None
        await look(keys, f"x{number}", current)


async def test_a_name_is_lacking_only_while_nobody_may_look_for_it() -> None:
    """A key that was published a moment ago must be found: as long as a look is allowed, the answer is "perhaps"."""
    clock = FakeClock()
    keys, fetch, current = await started(clock, "a")
    await look(keys, "x", current)
    await flooded(keys, current)
    assert [keys.lacking(kid) for kid in ("a", "b")] == [None, current]
    clock.advance(4.9)
    assert keys.lacking("b") is current
    clock.advance(0.1)
    assert keys.lacking("b") is None
    assert len(fetch.asked) == 2


async def test_after_each_fetch_the_first_are_told_exactly_why() -> None:
    clock = FakeClock()
    keys, _, current = await started(clock, "a")
    for _ in range(3):
        await look(keys, "x", current)
        await flooded(keys, current)
        assert keys.lacking("b") is current
        clock.advance(30.0)


async def test_nothing_is_lacking_before_the_first_fetch_nor_once_a_refresh_is_due() -> None:
    clock = FakeClock()
    fetch = ScriptedFetch(key_set("a"))
    keys = source(fetch, clock)
    assert keys.lacking("b") is None
    current = await keys.obtain()
    clock.advance(479.5)
    fetch.outcome = DOWN
    await look(keys, "b", current)
    await flooded(keys, current)
    assert keys.lacking("b") is current
    clock.advance(0.5)
    assert keys.lacking("b") is None
    assert len(fetch.asked) == 2


class Landing(FakeClock):
    """While this clock is read, an event loop of another thread may take in a set."""

    landing: Callable[[], None] | None = None

    def monotonic(self) -> float:
        if self.landing is not None:
            self.landing()
        return super().monotonic()


async def test_a_set_that_another_thread_takes_in_meanwhile_counts() -> None:
    clock = Landing()
    keys, _, current = await started(clock, "a")
    await look(keys, "x", current)
    await flooded(keys, current)
    assert keys.lacking("b") is current
    clock.landing = lambda: setattr(keys, "_key_set", key_set("a", "b"))
    assert keys.lacking("b") is None


async def test_while_a_fetch_is_under_way_nothing_is_lacking() -> None:
    clock = FakeClock()
    keys, fetch, current = await started(clock, "a")
    await look(keys, "x", current)
    await flooded(keys, current)
    clock.advance(10.0)
    fetch.hold()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(look, keys, "y", current)
        await settled()
        assert keys.lacking("z") is None
        fetch.release()
