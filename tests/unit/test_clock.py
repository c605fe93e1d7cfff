"""The two times of this machine, and what passes between two moments."""

import time
from typing import Final

import pytest

from bearerguard.clock import NEVER, PAST, Clock, Instant, SystemClock, instant
from bearerguard.testing import FakeClock


def test_now_is_wall_time_in_seconds() -> None:
    before = time.time()
    assert before <= SystemClock().now() <= time.time()


def test_monotonic_time_does_not_go_back() -> None:
    clock: Clock = SystemClock()
    before = time.monotonic()
    assert before <= clock.monotonic() <= clock.monotonic() <= time.monotonic()


# --- between two moments

THEN: Final = Instant(1_000.0, 50.0)


@pytest.mark.parametrize(
    ("now", "passed"),
    [
        pytest.param(Instant(1_010.0, 60.0), 10.0, id="awake"),
        pytest.param(Instant(1_010.0, 50.0), 10.0, id="asleep"),
        pytest.param(Instant(1_005.0, 60.0), 10.0, id="set back"),
        pytest.param(Instant(-9_000.0, 60.0), 10.0, id="set back far"),
        pytest.param(Instant(1_000.0, 50.0), 0.0, id="at once"),
    ],
)
def test_the_clock_that_saw_more_time_tells_how_much_has_passed(now: Instant, passed: float) -> None:
    assert now.since(THEN) == passed


@pytest.mark.parametrize(
    ("now", "reached"),
    [
        pytest.param(Instant(1_009.0, 59.0), False, id="before"),
        pytest.param(Instant(1_010.0, 60.0), True, id="then"),
        pytest.param(Instant(1_010.0, 51.0), True, id="asleep"),
        pytest.param(Instant(900.0, 60.0), True, id="set back"),
        pytest.param(Instant(900.0, 59.0), False, id="set back before"),
    ],
)
def test_a_deadline_has_come_as_soon_as_it_has_on_either_clock(now: Instant, reached: bool) -> None:
    deadline = THEN.after(10.0)
    assert now.has_reached(deadline) is reached
    assert (now.until(deadline) == 0.0) is reached


def test_what_remains_is_what_the_clock_that_is_further_on_says() -> None:
    assert Instant(1_008.0, 55.0).until(THEN.after(10.0)) == 2.0


def test_before_and_after_every_moment_there_is_one() -> None:
    assert THEN.has_reached(PAST)
    assert not THEN.has_reached(NEVER)
    assert (THEN.until(PAST), THEN.until(NEVER)) == (0.0, float("inf"))


def test_this_moment_is_read_from_both_clocks() -> None:
    assert instant(FakeClock(now=7.0)) == Instant(7.0, 0.0)
