"""How often an endpoint is asked, as pure state."""

import pytest

from bearerguard.clock import Instant
from bearerguard.introspection.pace import MOST_BEGUN, MOST_IN_FLIGHT, RESERVED_BEGUN, RESERVED_IN_FLIGHT, Pace, Wait

NOON = Instant(1_767_268_800.0, 1_000.0)


def _pace() -> Pace:
    return Pace(lambda: 0.5)


def _waits(pace: Pace, now: Instant = NOON, *, was_good: bool = False, in_flight: int = 0) -> Wait | None:
    return pace.wait(was_good=was_good, in_flight=in_flight, now=now)


@pytest.mark.parametrize(("was_good", "most"), [(False, MOST_IN_FLIGHT - RESERVED_IN_FLIGHT), (True, MOST_IN_FLIGHT)])
def test_so_many_questions_may_be_under_way(was_good: bool, most: int) -> None:
    assert _waits(_pace(), was_good=was_good, in_flight=most - 1) is None
    wait = _waits(_pace(), was_good=was_good, in_flight=most)
    assert wait is not None
    assert wait.seconds == 1.0


@pytest.mark.parametrize(("was_good", "most"), [(False, MOST_BEGUN - RESERVED_BEGUN), (True, MOST_BEGUN)])
def test_so_many_questions_are_begun_in_a_second(was_good: bool, most: int) -> None:
    pace = _pace()
    for number in range(most):
        now = NOON.after(number / 100)
        assert _waits(pace, now, was_good=was_good) is None
        pace.began(now)

    wait = _waits(pace, NOON.after(0.9), was_good=was_good)

    assert wait is not None
    assert wait.seconds == pytest.approx(0.1)
    assert _waits(pace, NOON.after(1.0), was_good=was_good) is None


def test_made_up_tokens_leave_a_share_to_good_ones() -> None:
    pace = _pace()
    while _waits(pace) is None:
        pace.began(NOON)

    assert _waits(pace, was_good=True) is None


def test_after_failures_in_a_row_it_waits_twice_as_long_each_time() -> None:
    pace, now, waits = _pace(), NOON, []
    for _ in range(8):
        waits.append(pace.failed(was_good=False, now=now))
        assert _waits(pace, now.after(waits[-1] - 0.01)) is not None
        now = now.after(waits[-1])
        assert _waits(pace, now) is None

    assert waits == pytest.approx([1, 2, 4, 8, 16, 32, 60, 60])


def test_questions_that_fail_together_count_once() -> None:
    pace = _pace()

    assert [pace.failed(was_good=False, now=NOON) for _ in range(20)] == pytest.approx([1.0] * 20)


def test_a_failure_on_a_made_up_token_does_not_stop_good_ones() -> None:
    pace = _pace()
    pace.failed(was_good=False, now=NOON)

    assert _waits(pace) is not None
    assert _waits(pace, was_good=True) is None


def test_a_failure_on_a_good_token_stops_all() -> None:
    pace = _pace()
    pace.failed(was_good=True, now=NOON)

    assert _waits(pace) is not None
    assert _waits(pace, was_good=True) is not None


def test_an_answer_ends_the_wait() -> None:
    pace = _pace()
    pace.failed(was_good=True, now=NOON)
    pace.succeeded()

    assert _waits(pace) is None
    assert _waits(pace, was_good=True) is None
    assert pace.failed(was_good=False, now=NOON) == pytest.approx(1.0)
