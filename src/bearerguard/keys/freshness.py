"""When to fetch: a pure state machine, without I/O and clock. Others do what it says.

Each moment is handed in on both clocks, so that hours asleep count like hours awake.

==============================  ================================================================
the set's age                   what a request does
==============================  ================================================================
below 72 to 88 % of a lifetime  uses it
up to the lifetime              uses it; the first request begins a fetch that nobody waits for
past the lifetime               waits for one fetch that all share; once a fetch has failed, and for
                                a minute after the next one may be tried, uses it, and fetches go on
                                in the background
24 hours and more               waits for a fetch; is refused if that fails
==============================  ================================================================

Some hosts run the event loop only while a request runs. There, a fetch in the background may never
end. So a request past the lifetime waits for an overdue fetch, and for the first fetch after one
that was cut short, whatever failed before.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from bearerguard.clock import PAST, Instant
from bearerguard.pacing import REFRESH_AHEAD, Random, back_off, between

DEFAULT_LIFETIME: Final = 600.0
LIFETIME_BOUNDS: Final = (60.0, 3600.0)
KEPT_FOR: Final = 86_400.0
LONGEST_FETCH: Final = 10.0
"""Seconds that metadata and keys may take together, while the event loop runs."""
A_FAILURE_COUNTS_FOR: Final = 60.0
"""Seconds beyond the back-off. After that, with no request that tried again, it says nothing."""
UNKNOWN_KID_SPACING: Final = (5.0, 10.0, 20.0, 30.0)
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

    at: Instant
    refresh_at: Instant
    expires_at: Instant
    discard_at: Instant


@dataclass(frozen=True, slots=True)
class _VainLook:
    """A fetch for an unknown ``kid`` that brought nothing new, and when the next one is allowed."""

    at: Instant
    step: int
    next_at: Instant


class Freshness:
    """The state of one issuer's key set.

    Args:
        random: Numbers from 0 to below 1, for jitter.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self.validity: Validity | None = None
        self.failures = 0
        self.next_try = PAST
        self._was_cut_short = False
        self._vain_look: _VainLook | None = None
        self._unknown: dict[str | None, Instant] = {}

    # --- what to do

    def decide(self, now: Instant, *, under_way: Instant | None) -> Decision:
        """What a request does that needs the set, whatever key it is about to look for.

        Args:
            now: This moment.
            under_way: When the fetch began that is under way; ``None`` where there is none.
        """
        validity = self.validity
        may_try = under_way is None and now.has_reached(self.next_try)
        if validity is None or now.has_reached(validity.discard_at):
            return Decision.REFUSE if under_way is None and not may_try else Decision.WAIT
        if not now.has_reached(validity.refresh_at):
            return Decision.SERVE
        may_wait = may_try or under_way is not None
        if may_wait and now.has_reached(validity.expires_at) and self._is_worth_waiting(now, under_way, validity):
            return Decision.WAIT
        return Decision.SERVE_AND_FETCH if may_try else Decision.SERVE

    def _is_worth_waiting(self, now: Instant, under_way: Instant | None, validity: Validity) -> bool:
        """Whether a request past the lifetime waits for a fetch, although the set could serve."""
        if self._was_cut_short:
            return True
        failed = self._failed_lately(now)
        if under_way is None:
            return not failed
        is_overdue = now.has_reached(under_way.after(LONGEST_FETCH))
        began_ahead = not under_way.has_reached(validity.expires_at)
        return is_overdue or not (failed or began_ahead)

    def _failed_lately(self, now: Instant) -> bool:
        """Whether a fetch failed, and nobody had time to forget it: an idle server does not fetch."""
        return self.failures > 0 and not now.has_reached(self.next_try.after(A_FAILURE_COUNTS_FOR))

    def is_usable(self, now: Instant) -> bool:
        """Whether the set may decide at all: fetched, and within 24 h of the last success."""
        return self.validity is not None and not now.has_reached(self.validity.discard_at)

    def may_look_again(self, kid: str | None, now: Instant, *, in_flight: bool) -> bool:
        """Whether an unknown ``kid`` is worth a fetch, or worth waiting for the one under way."""
        self._forget_unknown(now)
        if kid in self._unknown:
            return False
        return in_flight or (now.has_reached(self.next_try) and self._is_spaced(now))

    def looks_in_vain(self, kid: str, now: Instant) -> bool:
        """Whether ``may_look_again`` would say no while nothing is in flight. Changes nothing."""
        remembered_until = self._unknown.get(kid, PAST)
        return not (now.has_reached(self.next_try) and self._is_spaced(now) and now.has_reached(remembered_until))

    def retry_after(self, now: Instant) -> float:
        """Seconds until the next try is allowed."""
        return now.until(self.next_try)

    # --- what happened

    def succeeded(self, asked_at: Instant, lifetime: float | None) -> Validity:
        """The issuer sent its set, or confirmed it.

        Args:
            asked_at: When it was asked. The answer may have lain unread while the host stood still,
                so the set is as old as the request (RFC 9111 §4.2.3, ``response_delay``).
            lifetime: What the issuer said of caching, in seconds.
        """
        span = DEFAULT_LIFETIME if lifetime is None else min(max(lifetime, LIFETIME_BOUNDS[0]), LIFETIME_BOUNDS[1])
        ahead = span * between(REFRESH_AHEAD, self._random)
        self.validity = Validity(asked_at, asked_at.after(ahead), asked_at.after(span), asked_at.after(KEPT_FOR))
        self.failures = 0
        self.next_try = PAST
        self._was_cut_short = False
        return self.validity

    def failed(self, now: Instant) -> None:
        """A fetch failed: the next one waits 1, 2, 4 … 60 s."""
        self.next_try = now.after(back_off(self.failures, self._random))
        self.failures += 1
        self._was_cut_short = False

    def was_cut_short(self) -> None:
        """A fetch ended because its event loop stood still or ended: the issuer did not fail."""
        self._was_cut_short = True

    def found_new_key(self) -> None:
        """A fetch brought a key never seen before: the next unknown ``kid`` causes one at once."""
        self._vain_look = None

    def looked_in_vain(self, now: Instant) -> None:
        """A fetch for an unknown ``kid`` brought nothing new: the next waits, longer each time."""
        last, step = self._vain_look, 0
        if last is not None and not now.has_reached(last.at.after(UNKNOWN_KID_QUIET)):
            step = min(last.step + 1, len(UNKNOWN_KID_SPACING) - 1)
        self._vain_look = _VainLook(now, step, now.after(UNKNOWN_KID_SPACING[step]))

    def remember_unknown(self, kid: str | None, now: Instant) -> None:
        """This ``kid`` was not found: for a while it is refused at once."""
        self._unknown.pop(kid, None)  # so that it goes to the end: the order is the order of time
        if len(self._unknown) >= UNKNOWN_KIDS:
            del self._unknown[next(iter(self._unknown))]
        self._unknown[kid] = now.after(UNKNOWN_KID_MEMORY)

    def _is_spaced(self, now: Instant) -> bool:
        return self._vain_look is None or now.has_reached(self._vain_look.next_at)

    def _forget_unknown(self, now: Instant) -> None:
        """The oldest come first, so only what has run out is touched."""
        unknown = self._unknown
        while unknown:
            kid = next(iter(unknown))
            if not now.has_reached(unknown[kid]):
                return
            del unknown[kid]
