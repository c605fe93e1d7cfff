"""One flight for all who wait, in the background where nobody has to."""

import asyncio
import sys

import anyio
import pytest

from bearerguard.errors import IssuerUnavailable
from bearerguard.keys.fetch import FetchFailed
from bearerguard.keys.jwk_set import JWKSet
from bearerguard.keys.key_set_fetch import FetchedKeys, Validators
from bearerguard.keys.remote_key_source import RemoteKeySource
from bearerguard.testing import FakeClock
from support.key_sets import ISSUER, ScriptedFetch, fetched, key_set, kids_of, look, settled, source

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


@both
async def test_a_request_after_close_waits_for_a_fetch_of_its_own() -> None:
    """Hosts that stop an application with each request freeze before a fetch has ended."""
    clock = FakeClock()
    keys, fetch = await started("a", clock=clock)
    clock.advance(480.0)
    fetch.hold()
    keys.known()
    await settled()
    keys.close()
    fetch.release_later_ones()
    fetch.outcome = key_set("b")
    clock.advance(3600.0)
    assert kids_of(await keys.obtain()) == {"b"}


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


async def test_a_wall_clock_set_back_makes_no_key_set_young() -> None:
    clock = FakeClock()
    keys, fetch = await started("a", clock=clock)
    clock.step_wall_clock(-20 * 86_400.0)
    assert kids_of(keys.known()) == {"a"}
    assert keys.age() == 0.0
    clock.advance(480.0)
    keys.known()
    await settled()
    assert len(fetch.asked) == 2


async def test_a_wall_clock_set_forward_costs_one_early_fetch() -> None:
    clock = FakeClock()
    keys, fetch = await started("a", clock=clock)
    clock.step_wall_clock(10 * 86_400.0)
    assert keys.known() is None
    for _ in range(3):
        assert kids_of(await keys.obtain()) == {"a"}
        assert kids_of(keys.known()) == {"a"}
    assert keys.age() == 0.0
    assert len(fetch.asked) == 2


# --- asleep, and frozen


@pytest.mark.parametrize("said", [None, 3600.0], ids=["10 minutes", "an hour"])
async def test_the_first_request_after_three_days_of_sleep_fetches(said: float | None) -> None:
    """Monotonic time stood still, and a key was withdrawn meanwhile."""
    clock = FakeClock()
    fetch = ScriptedFetch(fetched("a", "withdrawn", lifetime=said))
    keys = source(fetch, clock)
    await keys.obtain()
    fetch.outcome = fetched("a", lifetime=said)
    clock.step_wall_clock(3 * 86_400.0)
    assert keys.age() == 3 * 86_400.0
    assert keys.known() is None
    assert kids_of(await keys.obtain()) == {"a"}


async def test_a_set_that_nobody_confirms_is_kept_for_24_hours_of_the_calendar() -> None:
    """A machine that is awake two hours a day does not keep it for eleven days."""
    clock = FakeClock()
    keys, fetch = await started("a", clock=clock)
    fetch.outcome = DOWN
    clock.advance(2 * 3600.0)
    assert kids_of(await keys.obtain()) == {"a"}
    clock.step_wall_clock(22 * 3600.0 - 1.0)
    assert keys.status().ready
    clock.step_wall_clock(1.0)
    assert (keys.status().ready, keys.status().age) == (False, 86_400.0)
    with pytest.raises(IssuerUnavailable):
        await keys.obtain()


@both
async def test_a_refresh_that_the_host_froze_is_finished_by_the_next_request_past_the_lifetime() -> None:
    clock = FakeClock()
    keys, fetch = await started("a", clock=clock)
    fetch.outcome = FetchFailed("timeout", "no complete answer within 5 s")
    fetch.hold()
    clock.advance(590.0)
    assert kids_of(keys.known()) == {"a"}
    await settled()
    clock.advance(4 * 3600.0)
    assert keys.known() is None
    fetch.outcome = key_set("b")
    fetch.release()
    assert kids_of(await keys.obtain()) == {"b"}
    assert keys.status().last_error == ""
    assert len(fetch.asked) == 3


@both
@pytest.mark.parametrize("code", ["timeout", "unreachable"])
async def test_a_time_limit_that_ran_out_while_the_host_was_frozen_is_no_failure_of_the_issuer(code: str) -> None:
    """Its connection may be gone, too."""
    clock = FakeClock()
    keys, fetch = await started("a", clock=clock)
    fetch.outcome = FetchFailed(code, "frozen")
    fetch.hold()
    clock.advance(500.0)
    keys.known()
    await settled()
    clock.advance(60.0)
    fetch.release()
    await settled()
    assert kids_of(keys.known()) == {"a"}
    assert (keys.status().last_error, keys.status().next_fetch_in) == ("", 0.0)


async def test_an_answer_that_failed_counts_however_long_the_host_was_frozen() -> None:
    clock = FakeClock()
    keys, fetch = await started("a", clock=clock)
    fetch.outcome = FetchFailed("status", "status 500")
    fetch.hold()
    clock.advance(500.0)
    keys.known()
    await settled()
    clock.advance(60.0)
    fetch.release()
    await settled()
    assert keys.status().last_error == "status 500"


async def test_an_answer_that_lay_unread_while_the_host_was_frozen_is_as_old_as_the_question() -> None:
    """RFC 9111 §4.2.3: the age of an answer includes the time it took. Else a withdrawn key would pass for another lifetime."""
    clock = FakeClock()
    keys, fetch = await started("a", clock=clock)
    fetch.hold()
    clock.advance(500.0)
    keys.known()
    await settled()
    fetch.outcome = key_set("b")
    clock.advance(4 * 3600.0)
    fetch.release()
    await settled()
    assert kids_of(await keys.obtain()) == {"b"}
    assert len(fetch.asked) == 3


async def test_a_host_that_freezes_each_time_lets_no_request_wait_for_ever() -> None:
    clock, asked = FakeClock(), 0

    async def frozen(_validators: Validators | None) -> FetchedKeys:
        nonlocal asked
        asked += 1
        clock.advance(60.0)
        raise FetchFailed("timeout", "no complete answer within 5 s")

    keys = RemoteKeySource(ISSUER, frozen, clock=clock, jitter=lambda: 0.5)
    with pytest.raises(IssuerUnavailable):
        await keys.obtain()
    assert asked == 3


@both
async def test_a_look_whose_fetch_the_host_froze_is_made_once_more() -> None:
    """The caller's token is good: it is not refused because the host slept."""
    clock = FakeClock()
    keys, fetch = await started("a", clock=clock)
    current = await keys.obtain()
    fetch.outcome = FetchFailed("timeout", "no complete answer within 5 s")
    fetch.hold()
    found: list[set[str | None]] = []

    async def request() -> None:
        found.append(kids_of(await look(keys, "b", current)))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(request)
        await settled()
        clock.advance(60.0)
        fetch.outcome = key_set("a", "b")
        fetch.release()
    assert found == [{"a", "b"}]


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
    assert keys.age() == 5.0


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
    for pause in (480.0, 30.0):
        clock.advance(pause)
        keys.known()
        await settled()
    assert [validators is None for validators in fetch.asked] == [True, False, True]
