"""The state machine, number by number."""

import pytest

from bearerguard.clock import Instant
from bearerguard.keys.freshness import Decision, Freshness

SERVE, SERVE_AND_FETCH, WAIT, REFUSE = Decision.SERVE, Decision.SERVE_AND_FETCH, Decision.WAIT, Decision.REFUSE
HOURS = 3600.0
WALL = 1_767_268_800.0


def at(monotonic: float, *, asleep: float = 0.0) -> Instant:
    """This monotonic second, after so many seconds of sleep that only the wall clock saw."""
    return Instant(WALL + monotonic + asleep, monotonic)


def freshness(jitter: float = 0.5) -> Freshness:
    return Freshness(lambda: jitter)


def fresh_since(now: float, *, lifetime: float | None = 600.0) -> Freshness:
    state = freshness()
    state.succeeded(at(now), lifetime)
    return state


# --- the lifetime


@pytest.mark.parametrize(
    ("said", "lifetime"),
    [
        pytest.param(None, 600.0, id="nothing"),
        pytest.param(0.0, 60.0, id="no-store"),
        pytest.param(-5.0, 60.0, id="older-than-its-max-age"),
        pytest.param(59.0, 60.0, id="just-too-short"),
        pytest.param(60.0, 60.0, id="shortest"),
        pytest.param(1800.0, 1800.0, id="half-an-hour"),
        pytest.param(3600.0, 3600.0, id="longest"),
        pytest.param(86_400.0, 3600.0, id="a-day"),
    ],
)
def test_what_the_issuer_says_of_caching_is_held_within_a_minute_and_an_hour(said: float | None, lifetime: float) -> None:
    validity = freshness().succeeded(at(1_000.0), said)
    assert (validity.at, validity.expires_at) == (at(1_000.0), at(1_000.0 + lifetime))
    assert validity.discard_at == at(1_000.0 + 24 * HOURS)


@pytest.mark.parametrize(("jitter", "share"), [(0.0, 0.72), (0.5, 0.80), (1.0, 0.88)])
def test_the_refresh_is_due_at_72_to_88_per_cent_of_the_lifetime(jitter: float, share: float) -> None:
    assert freshness(jitter).succeeded(at(0.0), 1_000.0).refresh_at.monotonic == pytest.approx(1_000.0 * share)


# --- what a request does


@pytest.mark.parametrize(
    ("age", "in_flight", "decision"),
    [
        pytest.param(0.0, False, SERVE, id="new"),
        pytest.param(479.9, False, SERVE, id="before-the-refresh"),
        pytest.param(480.0, False, SERVE_AND_FETCH, id="refresh-due"),
        pytest.param(480.0, True, SERVE, id="refresh-under-way"),
        pytest.param(599.9, False, SERVE_AND_FETCH, id="last-moment"),
        pytest.param(600.0, False, WAIT, id="past-its-lifetime"),
        pytest.param(600.0, True, WAIT, id="past-its-lifetime-and-under-way"),
        pytest.param(24 * HOURS - 0.1, False, WAIT, id="after-an-idle-day"),
        pytest.param(24 * HOURS, False, WAIT, id="too-old"),
        pytest.param(25 * HOURS, True, WAIT, id="too-old-and-under-way"),
    ],
)
def test_what_a_request_does_while_no_fetch_has_failed(age: float, in_flight: bool, decision: Decision) -> None:
    now = at(1_000.0 + age)
    assert fresh_since(1_000.0).decide(now, under_way=now if in_flight else None) is decision


@pytest.mark.parametrize(
    ("age", "since_failure", "in_flight", "decision"),
    [
        pytest.param(500.0, 0.9, False, SERVE, id="fresh-backing-off"),
        pytest.param(500.0, 1.0, False, SERVE_AND_FETCH, id="fresh-next-try"),
        pytest.param(700.0, 0.9, False, SERVE, id="past-its-lifetime-backing-off"),
        pytest.param(700.0, 1.0, False, SERVE_AND_FETCH, id="past-its-lifetime-next-try"),
        pytest.param(700.0, 1.0, True, SERVE, id="past-its-lifetime-next-try-under-way"),
        pytest.param(700.0, 60.9, False, SERVE_AND_FETCH, id="past-its-lifetime-failed-a-minute-ago"),
        pytest.param(700.0, 61.0, False, WAIT, id="past-its-lifetime-idle-since-the-failure"),
        pytest.param(700.0, 61.0, True, WAIT, id="past-its-lifetime-idle-since-the-failure-under-way"),
        pytest.param(500.0, 61.0, False, SERVE_AND_FETCH, id="fresh-idle-since-the-failure"),
        pytest.param(24 * HOURS - 1, 1.0, False, SERVE_AND_FETCH, id="kept-to-its-limit"),
        pytest.param(24 * HOURS, 0.9, False, REFUSE, id="too-old-backing-off"),
        pytest.param(24 * HOURS, 1.0, False, WAIT, id="too-old-next-try"),
        pytest.param(24 * HOURS, 0.9, True, WAIT, id="too-old-under-way"),
    ],
)
def test_what_a_request_does_once_a_fetch_has_failed(
    age: float, since_failure: float, in_flight: bool, decision: Decision
) -> None:
    state = fresh_since(0.0)
    state.failed(at(age - since_failure))
    assert state.decide(at(age), under_way=at(age) if in_flight else None) is decision


@pytest.mark.parametrize(
    ("failed_at", "now", "in_flight", "decision"),
    [
        pytest.param(None, 0.0, False, WAIT, id="first-request"),
        pytest.param(None, 0.0, True, WAIT, id="second-request"),
        pytest.param(0.0, 0.5, False, REFUSE, id="backing-off"),
        pytest.param(0.0, 0.5, True, WAIT, id="under-way-all-the-same"),
        pytest.param(0.0, 1.0, False, WAIT, id="next-try"),
    ],
)
def test_what_a_request_does_before_any_success(failed_at: float | None, now: float, in_flight: bool, decision: Decision) -> None:
    state = freshness()
    if failed_at is not None:
        state.failed(at(failed_at))
    assert state.decide(at(now), under_way=at(now) if in_flight else None) is decision


@pytest.mark.parametrize(("age", "usable"), [(0.0, True), (24 * HOURS - 0.1, True), (24 * HOURS, False)])
def test_a_set_is_usable_for_24_hours_from_the_last_success(age: float, usable: bool) -> None:
    assert fresh_since(50.0).is_usable(at(50.0 + age)) is usable


def test_no_set_is_usable_before_the_first_success() -> None:
    assert not freshness().is_usable(at(0.0))


# --- failures


@pytest.mark.parametrize(
    ("jitter", "delays"),
    [
        pytest.param(0.0, [0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 48.0, 48.0], id="earliest"),
        pytest.param(0.5, [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0], id="middle"),
        pytest.param(1.0, [1.2, 2.4, 4.8, 9.6, 19.2, 38.4, 60.0, 60.0], id="latest"),
    ],
)
def test_the_next_try_waits_1_2_4_to_60_seconds(jitter: float, delays: list[float]) -> None:
    state, waited = freshness(jitter), []
    for _ in delays:
        state.failed(at(100.0))
        waited.append(state.retry_after(at(100.0)))
    assert waited == pytest.approx(delays)


def test_a_thousand_failures_wait_no_longer_than_a_minute() -> None:
    state = freshness()
    for _ in range(1_000):
        state.failed(at(0.0))
    assert state.retry_after(at(0.0)) == 60.0


def test_a_success_ends_the_back_off() -> None:
    state = freshness()
    for _ in range(5):
        state.failed(at(0.0))
    state.succeeded(at(1.0), None)
    assert (state.failures, state.retry_after(at(1.0))) == (0, 0.0)
    state.failed(at(2.0))
    assert state.retry_after(at(2.0)) == 1.0


@pytest.mark.parametrize(("now", "rest"), [(0.0, 1.0), (0.25, 0.75), (1.0, 0.0), (9.0, 0.0)])
def test_retry_after_is_what_remains(now: float, rest: float) -> None:
    state = freshness()
    state.failed(at(0.0))
    assert state.retry_after(at(now)) == pytest.approx(rest, abs=1e-6)


# --- unknown kids


def test_the_first_unknown_kid_is_looked_for_at_once() -> None:
    assert fresh_since(0.0).may_look_again("a", at(0.0), in_flight=False)


def test_the_spacing_grows_5_10_20_30_while_nothing_new_is_found() -> None:
    state, now, spacings = fresh_since(0.0), 0.0, []
    for _ in range(6):
        state.looked_in_vain(at(now))
        spacing = next(s for s in range(100) if state.may_look_again("a", at(now + s), in_flight=False))
        spacings.append(spacing)
        now += spacing
    assert spacings == [5, 10, 20, 30, 30, 30]


def test_a_new_key_makes_the_next_look_immediate_and_the_spacing_short_again() -> None:
    state = fresh_since(0.0)
    for _ in range(4):
        state.looked_in_vain(at(0.0))
    state.found_new_key()
    assert state.may_look_again("a", at(0.0), in_flight=False)
    state.looked_in_vain(at(0.0))
    assert [state.may_look_again("a", at(now), in_flight=False) for now in (4.9, 5.0)] == [False, True]


@pytest.mark.parametrize(("pause", "spacing"), [(299.0, 30), (300.0, 5)])
def test_five_quiet_minutes_make_the_spacing_short_again(pause: float, spacing: int) -> None:
    state = fresh_since(0.0)
    for _ in range(4):
        state.looked_in_vain(at(0.0))
    state.looked_in_vain(at(pause))
    waits = [s for s in (4, 5, 29, 30) if state.may_look_again("a", at(pause + s), in_flight=False)]
    assert waits[0] == spacing


def test_a_kid_that_was_not_found_is_remembered_for_ten_seconds_alone() -> None:
    state = fresh_since(0.0)
    state.remember_unknown("a", at(0.0))
    assert [state.may_look_again("a", at(now), in_flight=False) for now in (0.0, 9.9, 10.0)] == [False, False, True]


def test_a_remembered_kid_does_not_stop_another() -> None:
    state = fresh_since(0.0)
    state.remember_unknown("a", at(0.0))
    assert state.may_look_again("b", at(0.0), in_flight=False)
    assert state.may_look_again(None, at(0.0), in_flight=False)


def test_a_remembered_kid_does_not_even_wait_for_a_fetch_under_way() -> None:
    state = fresh_since(0.0)
    state.remember_unknown("a", at(0.0))
    assert not state.may_look_again("a", at(0.0), in_flight=True)


def test_a_fetch_under_way_is_worth_waiting_for_whatever_the_spacing() -> None:
    state = fresh_since(0.0)
    state.looked_in_vain(at(0.0))
    assert not state.may_look_again("a", at(0.0), in_flight=False)
    assert state.may_look_again("a", at(0.0), in_flight=True)


def test_an_unknown_kid_respects_the_back_off() -> None:
    state = fresh_since(0.0)
    state.failed(at(0.0))
    assert [state.may_look_again("a", at(now), in_flight=False) for now in (0.9, 1.0)] == [False, True]


def test_a_thousand_unknown_kids_are_remembered_and_the_oldest_goes_first() -> None:
    state = fresh_since(0.0)
    for number in range(1_001):
        state.remember_unknown(str(number), at(0.0))
    assert state.may_look_again("0", at(1.0), in_flight=False)
    assert not any(state.may_look_again(str(number), at(1.0), in_flight=False) for number in range(1, 1_001))


def test_a_kid_remembered_twice_does_not_keep_the_others_remembered() -> None:
    state = fresh_since(0.0)
    state.remember_unknown("a", at(0.0))
    state.remember_unknown("b", at(0.0))
    state.remember_unknown("a", at(9.0))
    assert state.may_look_again("b", at(10.0), in_flight=False)
    assert not state.may_look_again("a", at(18.9), in_flight=False)
    assert state.may_look_again("a", at(19.0), in_flight=False)


def test_to_ask_whether_a_look_is_in_vain_changes_nothing() -> None:
    """Requests ask it without a lock."""
    state = fresh_since(0.0)
    state.remember_unknown("a", at(0.0))
    assert [state.looks_in_vain("a", at(now)) for now in (0.0, 10.0, 9.9)] == [True, False, True]
    assert [state.looks_in_vain("b", at(now)) for now in (0.0, 9.9)] == [False, False]


def test_before_any_look_none_is_in_vain() -> None:
    state = freshness()
    assert not state.looks_in_vain("a", at(0.0))


def test_a_look_in_vain_long_after_another_begins_with_the_shortest_spacing() -> None:
    state = fresh_since(0.0)
    for now in (0.0, 5.0, 305.0):
        state.looked_in_vain(at(now))
    assert [state.may_look_again("a", at(now), in_flight=False) for now in (309.9, 310.0)] == [False, True]


# --- a fetch that nobody waits for


def test_nobody_waits_for_a_refresh_that_was_begun_ahead_and_outlasts_the_lifetime() -> None:
    state = fresh_since(0.0)
    begun = at(599.0)
    assert state.decide(begun, under_way=None) is SERVE_AND_FETCH
    assert [state.decide(at(now), under_way=begun) for now in (599.5, 600.0, 608.9)] == [SERVE] * 3


def test_a_refresh_ahead_that_is_overdue_is_waited_for_past_the_lifetime() -> None:
    """Its event loop stood still: left to itself it would not end."""
    state = fresh_since(0.0)
    assert [state.decide(at(now), under_way=at(500.0)) for now in (510.0, 599.9, 600.0)] == [SERVE, SERVE, WAIT]


@pytest.mark.parametrize("asleep", [0.0, 3 * HOURS])
def test_a_fetch_that_is_overdue_is_waited_for_although_others_have_failed(asleep: float) -> None:
    state = fresh_since(0.0)
    state.failed(at(700.0))
    begun = at(702.0)
    assert state.decide(begun, under_way=None) is SERVE_AND_FETCH
    assert state.decide(at(711.9), under_way=begun) is SERVE
    assert state.decide(at(702.0 if asleep else 712.0, asleep=asleep), under_way=begun) is WAIT


def test_a_refresh_ahead_that_was_cut_off_is_not_waited_for_for_ever() -> None:
    """Its end was never told. What is in flight afterwards was begun by whoever waits."""
    state = fresh_since(0.0)
    assert state.decide(at(599.0), under_way=None) is SERVE_AND_FETCH
    assert state.decide(at(601.0), under_way=None) is WAIT
    assert state.decide(at(601.0), under_way=at(601.0)) is WAIT


def test_after_a_fetch_that_was_cut_short_the_next_past_the_lifetime_is_waited_for() -> None:
    """Whatever failed before: where the host stands still between requests, no fetch ends in the background."""
    state = fresh_since(0.0)
    state.failed(at(700.0))
    assert state.decide(at(702.0), under_way=None) is SERVE_AND_FETCH
    state.was_cut_short()
    assert state.decide(at(702.0), under_way=None) is WAIT
    assert state.decide(at(702.0), under_way=at(702.0)) is WAIT


@pytest.mark.parametrize("age", [0.0, 479.9, 480.0, 599.9])
def test_within_the_lifetime_nobody_waits_even_after_a_fetch_was_cut_short(age: float) -> None:
    state = fresh_since(0.0)
    state.was_cut_short()
    assert state.decide(at(age), under_way=None) is (SERVE if age < 480.0 else SERVE_AND_FETCH)


def test_a_fetch_that_was_cut_short_is_no_failure() -> None:
    state = fresh_since(0.0)
    state.was_cut_short()
    assert (state.failures, state.retry_after(at(0.0))) == (0, 0.0)


def test_a_fetch_that_was_cut_short_does_not_end_the_back_off() -> None:
    state = fresh_since(0.0)
    state.failed(at(700.0))
    state.was_cut_short()
    assert [state.decide(at(now), under_way=None) for now in (700.9, 701.0)] == [SERVE, WAIT]


def test_a_failure_that_the_issuer_owns_ends_the_waiting() -> None:
    state = fresh_since(0.0)
    state.was_cut_short()
    state.failed(at(700.0))
    assert [state.decide(at(now), under_way=None) for now in (700.5, 701.0)] == [SERVE, SERVE_AND_FETCH]


def test_a_success_ends_the_waiting() -> None:
    state = fresh_since(0.0)
    state.was_cut_short()
    state.succeeded(at(700.0), None)
    assert state.decide(at(1_300.0), under_way=at(1_299.0)) is SERVE


# --- asleep


@pytest.mark.parametrize(
    ("asleep", "decision"),
    [
        pytest.param(479.0, SERVE, id="shorter-than-the-refresh"),
        pytest.param(481.0, SERVE_AND_FETCH, id="refresh-due"),
        pytest.param(601.0, WAIT, id="past-its-lifetime"),
        pytest.param(72 * HOURS, WAIT, id="three-days"),
    ],
)
def test_a_set_grows_old_while_the_machine_sleeps(asleep: float, decision: Decision) -> None:
    """Monotonic time stands still; the wall clock does not."""
    assert fresh_since(0.0).decide(at(0.5, asleep=asleep), under_way=None) is decision


@pytest.mark.parametrize("stepped", [-1.0, -600.0, -1_000_000.0])
def test_a_wall_clock_that_was_set_back_makes_no_set_young(stepped: float) -> None:
    state = fresh_since(0.0)
    assert state.decide(at(479.9, asleep=stepped), under_way=None) is SERVE
    assert state.decide(at(480.0, asleep=stepped), under_way=None) is SERVE_AND_FETCH
    assert state.decide(at(600.0, asleep=stepped), under_way=None) is WAIT
    assert not state.is_usable(at(24 * HOURS, asleep=stepped))


def test_a_set_is_usable_for_24_hours_of_the_calendar() -> None:
    """Awake two hours at a time, it is not usable for eleven days."""
    state = fresh_since(0.0)
    assert state.is_usable(at(2 * HOURS, asleep=21.9 * HOURS))
    assert not state.is_usable(at(2 * HOURS, asleep=22 * HOURS))


def test_sleep_counts_for_the_back_off_the_spacing_and_the_memory_of_unknown_kids() -> None:
    state = fresh_since(0.0)
    for _ in range(9):
        state.failed(at(0.0))
    state.looked_in_vain(at(0.0))
    state.remember_unknown("a", at(0.0))
    assert not state.may_look_again("a", at(1.0), in_flight=False)
    assert state.looks_in_vain("a", at(1.0))
    assert not state.looks_in_vain("a", at(1.0, asleep=60.0))
    assert state.may_look_again("a", at(1.0, asleep=60.0), in_flight=False)
    assert state.retry_after(at(1.0, asleep=30.0)) == pytest.approx(29.0, abs=1e-6)
