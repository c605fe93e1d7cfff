"""Waiting grows with each failure, spreads many callers, and is bounded."""

import pytest

from bearerguard.pacing import BACK_OFF, back_off, between


def test_each_failure_doubles_the_wait_up_to_the_longest() -> None:
    waits = [back_off(failures, lambda: 0.5) for failures in range(8)]
    assert waits == pytest.approx([1, 2, 4, 8, 16, 32, 60, 60])


def test_jitter_spreads_a_wait_by_a_fifth() -> None:
    assert back_off(2, lambda: 0.0) == pytest.approx(3.2)
    assert back_off(2, lambda: 1.0) == pytest.approx(4.8)


def test_jitter_never_exceeds_the_longest_wait() -> None:
    assert back_off(6, lambda: 1.0) == BACK_OFF[1]


def test_a_million_failures_cost_no_big_number() -> None:
    assert back_off(1_000_000, lambda: 1.0) == BACK_OFF[1]


def test_bounds_may_be_others() -> None:
    assert [back_off(failures, lambda: 0.5, (60.0, 300.0)) for failures in range(4)] == pytest.approx([60, 120, 240, 300])


def test_a_number_between_bounds_follows_the_random_number() -> None:
    assert [between((2.0, 4.0), lambda share=share: share) for share in (0.0, 0.5, 1.0)] == [2.0, 3.0, 4.0]  # type: ignore[misc]
