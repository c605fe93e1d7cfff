"""A clock that only moves when a test moves it."""

from typing import Final

NOON: Final = 1_767_268_800.0  # 2026-01-01T12:00:00Z


class FakeClock:
    """Wall and monotonic seconds for tests, in place of the system clock.

    Args:
        now: Wall time to begin with, in seconds since 1970-01-01T00:00:00Z.
    """

    def __init__(self, now: float = NOON) -> None:
        self._now = now
        self._monotonic = 0.0

    def now(self) -> float:
        """Wall time in seconds since 1970-01-01T00:00:00Z."""
        return self._now

    def monotonic(self) -> float:
        """Seconds that were advanced since this clock was made."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let time pass on both clocks.

        Raises:
            ValueError: ``seconds`` is negative. Only a wall clock is ever set back.
        """
        if seconds < 0:
            raise ValueError(f"time cannot pass backwards: advance({seconds!r}); use step_wall_clock() to set the clock back")
        self._now += seconds
        self._monotonic += seconds

    def step_wall_clock(self, seconds: float) -> None:
        """Set the wall clock forward or back, as NTP or an operator does.

        The monotonic clock does not notice.
        """
        self._now += seconds

    def __repr__(self) -> str:
        """Both times."""
        return f"FakeClock(now={self._now!r}, monotonic={self._monotonic!r})"
