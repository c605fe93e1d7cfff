"""The clock that tests advance."""

import pytest

from bearerguard.clock import Clock
from bearerguard.testing import FakeClock


def test_time_does_not_move_until_it_is_advanced() -> None:
    clock = FakeClock(now=1_000.0)

    assert [clock.now(), clock.now(), clock.monotonic()] == [1_000.0, 1_000.0, 0.0]


def test_advancing_moves_both_clocks() -> None:
    clock = FakeClock(now=1_000.0)

    clock.advance(2.5)

    assert (clock.now(), clock.monotonic()) == (1_002.5, 2.5)


@pytest.mark.parametrize("step", [3_600.0, -3_600.0])
def test_a_step_of_the_wall_clock_leaves_the_monotonic_clock(step: float) -> None:
    clock = FakeClock(now=10_000.0)

    clock.step_wall_clock(step)

    assert (clock.now(), clock.monotonic()) == (10_000.0 + step, 0.0)


def test_time_cannot_be_advanced_backwards() -> None:
    with pytest.raises(ValueError, match="step_wall_clock"):
        FakeClock().advance(-1)


def test_it_is_a_clock() -> None:
    clock: Clock = FakeClock(now=7.0)

    assert clock.now() == 7.0


def test_its_repr_shows_both_times() -> None:
    assert repr(FakeClock(now=7.0)) == "FakeClock(now=7.0, monotonic=0.0)"
