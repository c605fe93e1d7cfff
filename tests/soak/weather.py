"""What the issuers go through, second by second, in a run of 60; and what their tokens may get meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bearerguard.testing import LocalIssuer

LENGTH: Final = 60.0
"""Seconds that the plan is made for. A longer run stretches it; in a shorter one, the API's own pauses would not fit."""
WARM_FROM: Final = 0.4
"""Part of the run after which memory must not grow: caches are full, and every issuer has been seen."""
_LATE_IS_BACK: Final = 0.6
"""While an issuer is down, tries are 1, 2, 4, 8 s apart; then the next one succeeds."""
_WITHDRAWN: Final = 0.4
_FORGOTTEN: Final = 0.95
"""The keys are fetched ahead at 88 % of their 60 s at the latest, and again soon after the outage."""
GOOD: Final = frozenset({"200"})
UNAVAILABLE: Final = "503 issuer_unavailable"
WITHDRAWN: Final = "401 unknown_key"


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happens, at a part of the run's length."""

    at: float
    words: str
    happen: Callable[[], object]


class Weather:
    """Three issuers: the main one changes keys and fails, one is down at first, and one is slow.

    Attributes:
        now: How much of the run is over, from 0 to 1.
        signs_with: The main issuer's key; the next one is published long before it signs.
    """

    def __init__(self, main: LocalIssuer, late: LocalIssuer, slow: LocalIssuer) -> None:
        self.main, self.late, self.slow = main, late, slow
        self.now = 0.0
        self.signs_with = main.signing_key
        self._old = self.signs_with.kid or ""
        late.break_keys("error_status")
        slow.slow(1.0, "metadata", "jwks")

    def changes(self) -> tuple[Change, ...]:
        """In the order of time."""
        return (
            Change(0.05, "rotation: a new key is published", self.main.rotate_keys),
            Change(0.15, "the issuer that was down comes up", self.late.come_back),
            Change(0.3, "the new key signs", self._sign_with_the_new_key),
            Change(_WITHDRAWN, "the old key is withdrawn", lambda: self.main.withdraw(self._old)),
            Change(0.62, "outage of the main issuer", lambda: self.main.break_keys("error_status")),
            Change(0.76, "it is back, and answers in 3 s", self._come_back_slowly),
        )

    def of_the_old_key(self) -> frozenset[str]:
        """Good until a fetch shows that it was withdrawn."""
        if self.now < _WITHDRAWN:
            return GOOD
        return GOOD | {WITHDRAWN} if self.now < _FORGOTTEN else frozenset({WITHDRAWN})

    def of_the_late_issuer(self) -> frozenset[str]:
        """The only answers of 5xx in a run: nobody knows its keys yet."""
        return frozenset({UNAVAILABLE}) | GOOD if self.now < _LATE_IS_BACK else GOOD

    def _sign_with_the_new_key(self) -> None:
        self.signs_with = self.main.signing_key

    def _come_back_slowly(self) -> None:
        self.main.come_back()
        self.main.slow(3.0, "jwks")
