"""What the endpoint said, remembered for a short while; found by digest, so that it holds no token.

An entry is an answer, never an authorization: requirements are judged for each request. A memory
belongs to one endpoint, one set of settings and one API, so none of these is part of its keys. Only
good tokens enter the larger part: a flood of made-up ones evicts nothing of it.

A look-up takes no lock: it is one ``dict.get``. The order of insertion is the order of the last
answer, so the first entry is the one to drop.
"""

from threading import Lock
from typing import Final, Generic, NamedTuple, TypeVar

from bearerguard.clock import Instant
from bearerguard.errors import AccessTokenError
from bearerguard.principal import Principal

MOST_GOOD: Final = 10_000
MOST_BAD: Final = 1_000
BAD_FOR: Final = 5.0
"""Seconds a refusal is remembered."""


Outcome = TypeVar("Outcome", Principal, AccessTokenError)


class _Entry(NamedTuple, Generic[Outcome]):
    outcome: Outcome
    until: Instant


class AnswerMemory:
    """Good answers and bad ones."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._good: dict[bytes, _Entry[Principal]] = {}
        self._bad: dict[bytes, _Entry[AccessTokenError]] = {}
        self._changing = Lock()

    def __repr__(self) -> str:
        """Shows nothing that an answer said."""
        return f"<{len(self._good)} good answers, {len(self._bad)} bad ones>"

    def after_fork(self) -> None:
        """In a forked child: keep nothing if another thread may have half changed it."""
        if self._changing.locked():
            self._begin()

    def recall(self, digest: bytes, wall: float, monotonic: float) -> Principal | None:
        """The caller, if the last answer was good and still counts."""
        found = self._good.get(digest)
        if found is not None and wall < found.until.wall and monotonic < found.until.monotonic:
            return found.outcome
        return None

    @property
    def good_answers(self) -> int:
        """How many there are, some of which may not count any more."""
        return len(self._good)

    def was_good(self, digest: bytes) -> bool:
        """Whether the last answer was good, even if it does not count any more."""
        return digest in self._good

    def refusal(self, digest: bytes, now: Instant) -> AccessTokenError | None:
        """The refusal, if the last answer was bad and still counts."""
        found = self._bad.get(digest)
        return None if found is None or now.has_reached(found.until) else found.outcome

    def remember_good(self, digest: bytes, principal: Principal, until: Instant) -> None:
        """Keep a good answer until that moment, and after it the knowledge that there was one."""
        self._remember(self._good, digest, _Entry(principal, until), MOST_GOOD)

    def remember_bad(self, digest: bytes, refusal: AccessTokenError, now: Instant) -> None:
        """Keep a refusal; it ends what was known of the token before."""
        self._remember(self._bad, digest, _Entry(refusal, now.after(BAD_FOR)), MOST_BAD)

    def _remember(self, answers: dict[bytes, _Entry[Outcome]], digest: bytes, entry: _Entry[Outcome], most: int) -> None:
        with self._changing:
            self._good.pop(digest, None)
            self._bad.pop(digest, None)
            while len(answers) >= most:
                del answers[next(iter(answers))]
            answers[digest] = entry

    def clear(self) -> None:
        """Forget everything."""
        with self._changing:
            self._good.clear()
            self._bad.clear()
