"""The two times of this machine."""

import time

from bearerguard.clock import Clock, SystemClock


def test_now_is_wall_time_in_seconds() -> None:
    before = time.time()
    assert before <= SystemClock().now() <= time.time()


def test_monotonic_time_does_not_go_back() -> None:
    clock: Clock = SystemClock()
    before = time.monotonic()
    assert before <= clock.monotonic() <= clock.monotonic() <= time.monotonic()
