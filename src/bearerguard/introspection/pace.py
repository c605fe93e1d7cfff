"""How often an endpoint is asked: a pure state machine, without I/O and clock.

Anybody can make up tokens, and each costs a question. So questions are limited, and tokens that
were good before have a share that made-up tokens cannot take: of the questions, and of the back-off
after a failure, which an odd token might cause.
"""

from collections import deque
from typing import Final, NamedTuple

from bearerguard.clock import PAST, Instant
from bearerguard.pacing import Random, back_off

MOST_IN_FLIGHT: Final = 64
RESERVED_IN_FLIGHT: Final = 16
MOST_BEGUN: Final = 50
"""Questions begun in any second."""
RESERVED_BEGUN: Final = 10


class Wait(NamedTuple):
    """Why a question may not be asked now, and for how many seconds."""

    seconds: float
    why: str


class _Lane:
    """Failures in a row, and when to try again."""

    def __init__(self) -> None:
        self.failures = 0
        self.next_try = PAST


class Pace:
    """The limits of one endpoint.

    Args:
        random: For jitter.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._begun: deque[float] = deque(maxlen=MOST_BEGUN)
        self._strangers = _Lane()
        self._good = _Lane()

    def wait(self, *, was_good: bool, in_flight: int, now: Instant) -> Wait | None:
        """Why a question may not be asked now; ``None``: it may.

        Args:
            was_good: Whether this very token was good before.
            in_flight: How many questions are under way.
            now: This moment.
        """
        lane = self._good if was_good else self._strangers
        if not now.has_reached(lane.next_try):
            return Wait(now.until(lane.next_try), "the endpoint failed and is not asked again yet")
        if in_flight >= MOST_IN_FLIGHT - (0 if was_good else RESERVED_IN_FLIGHT):
            return Wait(1.0, f"{in_flight} questions are under way")
        recent = [at for at in self._begun if now.monotonic - at < 1.0]
        if len(recent) >= MOST_BEGUN - (0 if was_good else RESERVED_BEGUN):
            return Wait(recent[0] + 1.0 - now.monotonic, f"{len(recent)} questions were begun within a second")
        return None

    def began(self, now: Instant) -> None:
        """A question is sent."""
        self._begun.append(now.monotonic)

    def succeeded(self) -> None:
        """The endpoint answered, whatever it said: no lane waits."""
        self._strangers = _Lane()
        self._good = _Lane()

    def failed(self, *, was_good: bool, now: Instant) -> float:
        """The endpoint failed on a token. Seconds until such a token is asked about again."""
        for lane in (self._strangers, self._good) if was_good else (self._strangers,):
            if now.has_reached(lane.next_try):  # questions sent together fail together, and count once
                lane.next_try = now.after(back_off(lane.failures, self._random))
                lane.failures += 1
        return now.until(self._strangers.next_try)
