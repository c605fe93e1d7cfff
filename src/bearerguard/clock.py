"""Time, handed in: wall seconds for claims, monotonic seconds for ages."""

import time
from typing import Protocol


class Clock(Protocol):
    """Two times that never mix: a step of the wall clock must not make a key set old or young."""

    def now(self) -> float:
        """Seconds since 1970-01-01T00:00:00Z, as the claims of a token count them."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start, never going back."""
        ...


class SystemClock:
    """The machine's own clocks."""

    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)
