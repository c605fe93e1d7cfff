"""Time, handed in: wall seconds for claims, both times for ages."""

import time
from dataclasses import dataclass
from typing import Protocol


class Clock(Protocol):
    """Two times, each of which fails in its own way.

    Wall time is set forward and back by operators and by NTP. Monotonic time stands still while a
    laptop sleeps or a virtual machine is paused. An age is the larger of both: see ``Instant``.
    """

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


@dataclass(frozen=True, slots=True)
class Instant:
    """A moment on both clocks.

    Between two moments the larger difference counts. A wall clock set forward makes things older
    than they are, which costs an early fetch. One set back changes nothing, and neither sleep nor
    a pause of the machine keeps anything young.

    Attributes:
        wall: Seconds since 1970-01-01T00:00:00Z.
        monotonic: Seconds from an arbitrary start.
    """

    wall: float
    monotonic: float

    def after(self, seconds: float) -> "Instant":
        """The moment so many seconds later."""
        return Instant(self.wall + seconds, self.monotonic + seconds)

    def since(self, earlier: "Instant") -> float:
        """Seconds that have passed since ``earlier``."""
        return max(self.wall - earlier.wall, self.monotonic - earlier.monotonic)

    def has_reached(self, deadline: "Instant") -> bool:
        """Whether ``deadline`` has come, on either clock."""
        return self.monotonic >= deadline.monotonic or self.wall >= deadline.wall

    def until(self, deadline: "Instant") -> float:
        """Seconds that remain before ``deadline``; 0 once it has come."""
        return max(0.0, -self.since(deadline))


PAST = Instant(float("-inf"), float("-inf"))
"""Before every moment: a deadline that has always come."""
NEVER = Instant(float("inf"), float("inf"))
"""After every moment: a deadline that never comes."""


def instant(clock: Clock) -> Instant:
    """This moment."""
    return Instant(clock.now(), clock.monotonic())
