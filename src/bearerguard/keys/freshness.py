"""When to fetch: a pure state machine. It does no I/O and knows no clock; everything else only carries out what it says.

All times are monotonic seconds, handed in as ``now``. The numbers are those of the README's section on rotation and outage.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from bearerguard.pacing import REFRESH_AHEAD, Random, back_off, between

DEFAULT_LIFETIME: Final = 600.0
LIFETIME_BOUNDS: Final = (60.0, 3600.0)
KEPT_FOR: Final = 86_400.0
UNKNOWN_KID_SPACING: Final = (0.0, 5.0, 10.0, 20.0, 30.0)
UNKNOWN_KID_QUIET: Final = 300.0
UNKNOWN_KID_MEMORY: Final = 10.0
UNKNOWN_KIDS: Final = 1_000


class Decision(Enum):
    """What a request does about keys."""

    SERVE = auto()
    """Use the set that is there."""
    SERVE_AND_FETCH = auto()
    """Use the set that is there, and begin a fetch that nobody waits for."""
    WAIT = auto()
    """Wait for the fetch that is under way, or begin it."""
    REFUSE = auto()
    """No usable set, and the next try is not allowed yet."""


@dataclass(frozen=True, slots=True)
class Validity:
    """When the current set was last confirmed, and what follows from it."""

    at: float
    refresh_at: float
    expires_at: float
    discard_at: float


class Freshness:
    """The state of one issuer's key set.

    Args:
        random: Numbers from 0 to below 1, for jitter.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self.validity: Validity | None = None
        self.failures = 0
        self.next_try = float("-inf")
        self._is_ahead = False  # the refresh under way was begun within the lifetime: nobody waits for it
        self._spacing = 0
        self._next_unknown = float("-inf")
        self._last_unknown = float("-inf")
        self._unknown: dict[str | None, float] = {}

    # --- what to do

    def decide(self, now: float, *, in_flight: bool) -> Decision:
        """What a request does that needs the set, whatever key it is about to look for."""
        validity = self.validity
        may_try = not in_flight and now >= self.next_try
        if validity is None or now >= validity.discard_at:
            return Decision.WAIT if in_flight or may_try else Decision.REFUSE
        if now < validity.refresh_at:
            return Decision.SERVE
        if now >= validity.expires_at and self.failures == 0 and not (in_flight and self._is_ahead):
            self._is_ahead = False
            return Decision.WAIT
        if not may_try:
            return Decision.SERVE
        self._is_ahead = now < validity.expires_at
        return Decision.SERVE_AND_FETCH

    def is_usable(self, now: float) -> bool:
        """Whether the set may decide at all: fetched, and within 24 h of the last success."""
        return self.validity is not None and now < self.validity.discard_at

    def may_look_again(self, kid: str | None, now: float, *, in_flight: bool) -> bool:
        """Whether an unknown ``kid`` is worth a fetch, or worth waiting for the one under way."""
        self._forget_unknown(now)
        if kid in self._unknown:
            return False
        if in_flight:
            return True
        return now >= self.next_try and now >= self._next_unknown

    def looks_in_vain(self, kid: str, now: float) -> bool:
        """Whether ``may_look_again`` would say no while nothing is in flight. Changes nothing."""
        return now < self.next_try or now < self._next_unknown or now < self._unknown.get(kid, now)

    def retry_after(self, now: float) -> float:
        """Seconds until the next try is allowed."""
        return max(0.0, self.next_try - now)

    # --- what happened

    def succeeded(self, now: float, lifetime: float | None) -> Validity:
        """The issuer sent its set, or confirmed it. ``lifetime`` is what it said of caching, in seconds."""
        span = min(max(lifetime, LIFETIME_BOUNDS[0]), LIFETIME_BOUNDS[1]) if lifetime is not None else DEFAULT_LIFETIME
        validity = Validity(now, now + span * between(REFRESH_AHEAD, self._random), now + span, now + KEPT_FOR)
        self.validity = validity
        self.failures = 0
        self.next_try = float("-inf")
        return validity

    def failed(self, now: float) -> None:
        """A fetch failed: the next one waits 1, 2, 4 … 60 s."""
        self.next_try = now + back_off(self.failures, self._random)
        self.failures += 1

    def found_new_key(self) -> None:
        """A fetch brought a key never seen before: the next unknown ``kid`` is worth a fetch at once."""
        self._spacing = 0
        self._next_unknown = float("-inf")

    def looked_in_vain(self, now: float) -> None:
        """A fetch made for an unknown ``kid`` brought nothing new: the next one keeps a growing distance."""
        if now - self._last_unknown >= UNKNOWN_KID_QUIET:
            self._spacing = 0
        self._last_unknown = now
        self._spacing = min(self._spacing + 1, len(UNKNOWN_KID_SPACING) - 1)
        self._next_unknown = now + UNKNOWN_KID_SPACING[self._spacing]

    def remember_unknown(self, kid: str | None, now: float) -> None:
        """This ``kid`` was looked for and is not there: it is refused at once for a while."""
        self._unknown.pop(kid, None)  # so that it goes to the end: the order is the order of time
        if len(self._unknown) >= UNKNOWN_KIDS:
            del self._unknown[next(iter(self._unknown))]
        self._unknown[kid] = now + UNKNOWN_KID_MEMORY

    def _forget_unknown(self, now: float) -> None:
        """The oldest come first, so only what has run out is touched."""
        unknown = self._unknown
        while unknown:
            kid = next(iter(unknown))
            if unknown[kid] > now:
                return
            del unknown[kid]
