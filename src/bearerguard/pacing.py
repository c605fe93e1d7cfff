"""How long to wait before asking a server again, for key sets and for tokens. No clock, no I/O."""

from collections.abc import Callable
from typing import Final, TypeAlias

Random: TypeAlias = Callable[[], float]
"""Gives numbers from 0 to below 1."""

REFRESH_AHEAD: Final = (0.72, 0.88)
"""Share of a lifetime after which to ask ahead; the spread keeps workers from asking in step."""
BACK_OFF: Final = (1.0, 60.0)
"""Seconds to wait after the first failure, and at most."""
JITTER: Final = (0.8, 1.2)
"""Factor of each wait."""


def between(bounds: tuple[float, float], random: Random) -> float:
    """A random number between ``bounds``."""
    return bounds[0] + (bounds[1] - bounds[0]) * random()


def back_off(failures: int, random: Random, bounds: tuple[float, float] = BACK_OFF) -> float:
    """Seconds to wait: twice as long after each failure, with jitter, up to the upper bound.

    Args:
        failures: How many came in a row before this one.
        random: For jitter.
        bounds: The first wait and the longest.
    """
    first, longest = bounds
    delay = min(first * 2.0 ** min(failures, 10), longest)
    return min(delay * between(JITTER, random), longest)
