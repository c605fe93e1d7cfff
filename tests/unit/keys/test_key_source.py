"""One flight for all who wait, in the background where nobody has to (issue 3; prior-art.md, "Availability")."""

import asyncio
import sys

import anyio
import pytest

from bearerguard.errors import IssuerUnavailable
from bearerguard.keys.fetch import FetchFailed
from bearerguard.keys.jwk_set import JWKSet
from bearerguard.keys.key_source import RemoteKeySource
from bearerguard.testing import FakeClock
from support.key_sets import ScriptedFetch, fetched, key_set, kids_of, look, settled, source

pytestmark = pytest.mark.anyio
both = pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
DOWN = FetchFailed("unreachable", "connection refused")


async def started(*kids: str, clock: FakeClock) -> tuple[RemoteKeySource, ScriptedFetch]:
    """A source that has fetched these keys."""
    fetch = ScriptedFetch(key_set(*kids))
    keys = source(fetch, clock)
    await keys.obtain()
    return keys, fetch


# --- the first fetch


async def test_nothing_is_fetched_when_it_is_built() -> None:
    fetch = ScriptedFetch(key_set("a"))
    source(fetch)
    await settled()
    assert fetch.asked == []


async def test_nothing_is_known_before_the_first_fetch() -> None:
    assert source(ScriptedFetch(key_set("a"))).known() is None


@both
async def test_all_who_wait_share_one_fetch() -> None:
    fetch = ScriptedFetch(key_set("a"))
    keys = source(fetch)
    sets: list[JWKSet] = []

    async def request() -> None:
        sets.append(await keys.obtain())

    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(request)
    assert len(fetch.asked) == 1
    assert len(set(map(id, sets))) == 1
    assert len(sets) == 50


@both
async def test_all_who_wait_share_one_failure() -> None:
    fetch = ScriptedFetch(DOWN)
    keys = source(fetch)
    errors: list[IssuerUnavailable] = []

    async def request() -> None:
        with pytest.raises(IssuerUnavailable) as caught:
            await keys.obtain()
        errors.append(caught.value)

    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(request)
    assert len(fetch.asked) == 1
    assert {(error.last_error, error.retry_after) for error in errors} == {("connection refused", 1)}


async def test_a_failed_first_fetch_is_not_repeated_before_its_time_and_then_heals() -> None:
    clock, fetch = FakeClock(), ScriptedFetch(DOWN)
    keys = source(fetch, clock)
    for _ in range(3):
        with pytest.raises(IssuerUnavailable):
            await keys.obtain()
    assert len(fetch.asked) == 1
    fetch.outcome = key_set("a")
    clock.advance(1.0)
    assert kids_of(await keys.obtain()) == {"a"}
    assert keys.known() is not None


@pytest.mark.parametrize(("waited", "retry_after"), [(0.0, 4), (0.5, 4), (1.0, 3), (3.9, 1)])
async def test_retry_after_is_what_remains_rounded_up(waited: float, retry_after: int) -> None:
    clock = FakeClock()
    keys = source(ScriptedFetch(DOWN), clock)
    for delay in (1.0, 2.0, 0.0):
        with pytest.raises(IssuerUnavailable):
            await keys.obtain()
        clock.advance(delay)
    clock.advance(waited)
    with pytest.raises(IssuerUnavailable) as caught:
        await keys.obtain()
    assert caught.value.retry_after == retry_after


# --- cancellation


@both
async def test_a_fetch_outlives_the_request_that_began_it() -> None:
    fetch = ScriptedFetch(key_set("a"))
    fetch.hold()
    keys = source(fetch)
    with anyio.move_on_after(0):
        await keys.obtain()
    await settled()
    fetch.release()
    await settled()
    assert kids_of(keys.known()) == {"a"}


@both
async def test_a_waiter_that_goes_away_takes_no_other_with_it() -> None:
    fetch = ScriptedFetch(key_set("a"))
    fetch.hold()
    keys = source(fetch)
    served: list[bool] = []

    async def request() -> None:
        await keys.obtain()
        served.append(True)

    async with anyio.create_task_group() as tasks:
        with anyio.CancelScope() as first:
            async with anyio.create_task_group() as inner:
                inner.start_soon(request)
                await settled()
                tasks.start_soon(request)
                await settled()
                first.cancel()
        fetch.release()
    assert served == [True]
    assert len(fetch.asked) == 1


@both
async def test_close_ends_a_fetch_and_leaves_no_waiter_hanging() -> None:
    fetch = ScriptedFetch(key_set("a"))
    fetch.hold()
    keys = source(fetch)

    async def request() -> None:
        with pytest.raises(IssuerUnavailable):
            await keys.obtain()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(request)
        await settled()
        keys.close()
    assert fetch.at_once == 0
    fetch.release()
    assert kids_of(await keys.obtain()) == {"a"}


async def test_close_without_a_fetch_does_nothing() -> None:
    keys, _ = await started("a", clock=FakeClock())
    keys.close()
    assert kids_of(keys.known()) == {"a"}


async def test_a_kid_whose_look_was_cut_off_is_not_remembered_as_unknown() -> None:
    keys, fetch = await started("a", clock=FakeClock())
    current = keys.known()
    assert current is not None
    fetch.outcome = key_set("a", "b")
    fetch.hold()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(look, keys, "b", current)
        await settled()
        keys.close()
    fetch.release()
    assert kids_of(await look(keys, "b", current)) == {"a", "b"}


# --- refreshing


@both
async def test_the_refresh_runs_in_the_background_and_nobody_waits_for_it() -> None:
    clock = FakeClock()
    keys, fetch = await started("a", clock=clock)
    fetch.outcome = key_set("b")
    fetch.hold()
    clock.advance(480.0)
    assert [kids_of(keys.known()) for _ in range(3)] == [{"a"}, {"a"}, {"a"}]
    await settled()
    assert len(fetch.asked) == 2
    fetch.release()
    await settled()
    assert kids_of(keys.known()) == {"b"}


async def test_a_step_of_the_wall_clock_makes_no_key_set_old_or_young() -> None:
    clock = FakeClock()
    keys, fetch = await started("a", clock=clock)
    for step in (10 * 86_400.0, -20 * 86_400.0):
        clock.step_wall_clock(step)
        assert kids_of(keys.known()) == {"a"}
        assert keys.age() == 0.0
    clock.advance(480.0)
    keys.known()
    await settled()
    assert len(fetch.asked) == 2


async def test_a_hit_takes_no_lock() -> None:
    keys, _ = await started("a", clock=FakeClock())
    with keys._changing:
        assert kids_of(keys.known()) == {"a"}


@pytest.mark.skipif(sys.version_info < (3, 12), reason="tasks begin eagerly from 3.12 on")
async def test_a_loop_that_begins_tasks_eagerly_changes_nothing() -> None:
    asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)  # type: ignore[attr-defined,unused-ignore]
    try:
        clock = FakeClock()
        keys, fetch = await started("a", clock=clock)
        clock.advance(480.0)
        keys.known()
        await settled()
        current = await keys.obtain()
        fetch.outcome = key_set("b")
        assert kids_of(await look(keys, "b", current)) == {"b"}
        assert (len(fetch.asked), fetch.most_at_once) == (3, 1)
    finally:
        asyncio.get_running_loop().set_task_factory(None)


async def test_no_request_waits_for_a_refresh_ahead_however_long_it_takes() -> None:
    clock = FakeClock()
    fetch = ScriptedFetch(key_set("a"))
    keys = source(fetch, clock)
    current = await keys.obtain()
    fetch.hold()
    clock.advance(599.0)
    assert keys.known() is current
    await settled()
    clock.advance(5.0)
    assert keys.known() is current
    assert len(fetch.asked) == 2
    fetch.release()
    await settled()
    assert keys.age() == 0.0


async def test_an_idle_source_fetches_nothing() -> None:
    clock = FakeClock()
    keys, fetch = await started("a", clock=clock)
    clock.advance(7 * 86_400.0)
    await settled()
    keys.status()
    keys.age()
    assert len(fetch.asked) == 1


async def test_after_idle_hours_the_first_requests_share_one_fetch_and_wait_for_it() -> None:
    clock = FakeClock()
    keys, fetch = await started("a", clock=clock)
    fetch.outcome = key_set("b")
    clock.advance(6 * 3600.0)
    assert keys.known() is None
    assert kids_of(await keys.obtain()) == {"b"}
    assert len(fetch.asked) == 2


async def test_after_idle_hours_a_failed_fetch_leaves_the_kept_set_in_use_at_once() -> None:
    clock = FakeClock()
    keys, fetch = await started("a", clock=clock)
    fetch.outcome = DOWN
    clock.advance(6 * 3600.0)
    assert kids_of(await keys.obtain()) == {"a"}
    assert kids_of(keys.known()) == {"a"}
    assert len(fetch.asked) == 2


async def test_the_last_good_set_is_used_for_24_hours_and_never_longer() -> None:
    clock = FakeClock()
    keys, fetch = await started("a", clock=clock)
    fetch.outcome = DOWN
    clock.advance(480.0)
    for _ in range(1_500):
        if keys.age() >= 86_400.0 - 60.0:
            break
        assert kids_of(keys.known()) == {"a"}
        await settled()
        clock.advance(60.0)
    clock.advance(86_400.0 - keys.age())
    assert keys.known() is None
    with pytest.raises(IssuerUnavailable):
        await keys.obtain()
    fetch.outcome = key_set("b")
    clock.advance(60.0)
    assert kids_of(await keys.obtain()) == {"b"}


async def test_a_withdrawn_key_is_gone_with_the_refresh_that_shows_it() -> None:
    clock = FakeClock()
    keys, fetch = await started("a", "b", clock=clock)
    old = keys.known()
    assert old is not None
    withdrawn = next(key for key in old.keys if key.kid == "b")
    fetch.outcome = key_set("a")
    clock.advance(480.0)
    keys.known()
    await settled()
    new = keys.known()
    assert new is not None
    assert withdrawn not in new


async def test_a_set_in_another_order_is_the_same_set() -> None:
    clock = FakeClock()
    keys, fetch = await started("a", "b", clock=clock)
    before = keys.known()
    fetch.outcome = key_set("b", "a")
    clock.advance(480.0)
    keys.known()
    await settled()
    assert keys.known() is before
    assert keys.age() == 0.0


@both
async def test_an_unexpected_error_leaves_no_waiter_hanging(caplog: pytest.LogCaptureFixture) -> None:
    keys = source(ScriptedFetch(ZeroDivisionError("a defect")))
    with pytest.raises(IssuerUnavailable) as caught:
        await keys.obtain()
    assert caught.value.last_error == "ZeroDivisionError"
    assert any(record.exc_info for record in caplog.records)


# --- conditional fetches


async def test_validators_are_sent_with_the_next_fetch() -> None:
    clock = FakeClock()
    fetch = ScriptedFetch(fetched("a", etag='"1"'))
    keys = source(fetch, clock)
    await keys.obtain()
    clock.advance(480.0)
    keys.known()
    await settled()
    assert fetch.asked[0] is None
    assert fetch.asked[1] is not None
    assert fetch.asked[1].headers == {"if-none-match": '"1"'}


async def test_a_304_renews_the_set_that_was_held() -> None:
    clock = FakeClock()
    fetch = ScriptedFetch(fetched("a", etag='"1"'))
    keys = source(fetch, clock)
    before = await keys.obtain()
    fetch.outcome = fetched(etag='"1"')
    clock.advance(480.0)
    keys.known()
    await settled()
    clock.advance(400.0)
    assert keys.known() is before
    assert keys.age() == 400.0


async def test_after_a_failure_the_next_fetch_is_unconditional() -> None:
    clock = FakeClock()
    fetch = ScriptedFetch(fetched("a", etag='"1"'))
    keys = source(fetch, clock)
    await keys.obtain()
    fetch.outcome = DOWN
    for _ in range(2):
        clock.advance(480.0)
        keys.known()
        await settled()
    assert [validators is None for validators in fetch.asked] == [True, False, True]
