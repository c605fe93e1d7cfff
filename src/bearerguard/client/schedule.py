"""When to ask for a token: a pure state machine, without I/O, clock or lock.

All times are monotonic seconds, handed in as ``now``. Token requests are numbered ("flights"), so
that a late answer never replaces a newer one.

================= ==================================================================================
refreshed ahead   from 72 to 88 % of the lifetime, while the token in hand goes on serving
used until        a tenth of the lifetime, at most 10 s, before it expires: it must still be good on
                  arrival
after a failure   the next request for a token waits 1, 2, 4 … 60 s with jitter, or what
                  ``Retry-After`` asks for, up to 300 s; meanwhile a good token serves, and without
                  one the failure is given again
after a refusal   60, 120, 240, 300 s with jitter: the server said no (``invalid_client`` …), and it
                  goes on saying so until the registration is corrected, which is noticed without a
                  restart
refused by an API dropped at once, up to 10 times, then once in 10 s: an API that refuses every
                  token (a wrong audience) must not turn into a storm on the token endpoint
================= ==================================================================================
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

from bearerguard.client.token_response import IssuedToken
from bearerguard.client_authentication.secret import Secret
from bearerguard.errors import TokenRequestError
from bearerguard.pacing import BACK_OFF, JITTER, REFRESH_AHEAD, Random, back_off, between

MARGIN: Final = (0.1, 10.0)
REFUSED_BACK_OFF: Final = (60.0, 300.0)
MAX_RETRY_AFTER: Final = 300.0
DROPS: Final = 10
DROP_REGAINED: Final = 10.0

_NO_ANSWER: Final = frozenset({"token_endpoint_failed", "invalid_token_response"})
"""Not the server's word: a gateway's page, say, while a new version is rolled out."""


@dataclass(frozen=True, slots=True)
class HeldToken:
    """A token in hand.

    Attributes:
        access_token: For the header.
        flight: Number of the request that brought it.
        refresh_at: From then on a new one is asked for.
        usable_until: From then on it is not sent any more.
    """

    access_token: Secret
    flight: int
    refresh_at: float
    usable_until: float


@dataclass(frozen=True, slots=True)
class Proceed:
    """What to do with what there is.

    Attributes:
        token: Use it at once; ``None``: wait for the flight under way.
        begin: Number of a flight to begin first; ``None``: none is needed, or one is under way.
    """

    token: HeldToken | None
    begin: int | None


@dataclass(frozen=True, slots=True)
class Refuse:
    """No token, and the endpoint is not to be asked yet: the last failure is given again."""

    error: TokenRequestError
    retry_after: float


Decision: TypeAlias = Proceed | Refuse


class Schedule:
    """The state of one token.

    Args:
        random: Numbers from 0 to below 1, for jitter.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self.held: HeldToken | None = None
        self.claims = ""
        self._last_flight = 0
        self._newest = 0
        self._in_flight: int | None = None
        self._failures = 0  # in a row, of one kind
        self._failure: TokenRequestError | None = None
        self._next_try = float("-inf")
        self._drops = float(DROPS)
        self._drops_at = float("-inf")

    def decide(self, now: float) -> Decision:
        """What to do for a request that needs a token."""
        held = self.held if self.held is not None and now < self.held.usable_until else None
        if held is not None and (now < held.refresh_at or now < self._next_try):
            return Proceed(held, begin=None)
        if self._in_flight is not None:
            return Proceed(held, begin=None)
        if self._failure is not None and now < self._next_try:
            return Refuse(self._failure, self._next_try - now)
        self._last_flight += 1
        self._in_flight = self._last_flight
        return Proceed(held, begin=self._last_flight)

    def pause_before_second_try(self, error: TokenRequestError) -> float | None:
        """Seconds after which the same flight tries once more; ``None`` where that cannot help."""
        if not error.temporary:
            return None
        return max(between(JITTER, self._random) * BACK_OFF[0] / 2, float(error.retry_after))

    def succeeded(self, flight: int, token: IssuedToken, *, asked_at: float, now: float) -> HeldToken:
        """A flight brought a token, kept unless a later flight has brought one before.

        Raises:
            TokenRequestError: it is not usable any more by the time it arrives; to be reported by
                :meth:`failed`.
        """
        margin = min(token.lifetime * MARGIN[0], MARGIN[1])
        usable_until = asked_at + token.lifetime - margin
        if now >= usable_until:
            problem = f"the token lives {token.lifetime:g} s and had expired on arrival"
            raise TokenRequestError("invalid_token_response", problem, temporary=True)
        held = HeldToken(
            token.access_token, flight, asked_at + token.lifetime * between(REFRESH_AHEAD, self._random), usable_until
        )
        self._landed(flight)
        if flight > self._newest:
            self._newest = flight
            self.held = held
            self.claims = ""
            self._failures = 0
            self._failure = None
            self._next_try = float("-inf")
        return held

    def failed(self, flight: int, error: TokenRequestError, now: float) -> None:
        """A flight brought nothing. Ignored where another one has taken over."""
        if flight != self._in_flight:
            return
        self._landed(flight)
        if self._failure is not None and _is_refusal(self._failure) != _is_refusal(error):
            self._failures = 0
        delay = back_off(self._failures, self._random, REFUSED_BACK_OFF if _is_refusal(error) else BACK_OFF)
        self._failures += 1
        self._failure = error
        self._next_try = now + max(delay, min(float(error.retry_after), MAX_RETRY_AFTER))

    def refused(self, flight: int, now: float, claims: str = "") -> bool:
        """An API refused the token of that flight; whether another one may be had.

        Of many requests refused with one token only the first drops it; the others find it gone.
        """
        if self.held is None or self.held.flight != flight:
            return True
        self._drops = min(self._drops + max(0.0, now - self._drops_at) / DROP_REGAINED, float(DROPS))
        self._drops_at = now
        if self._drops < 1.0:
            return False
        self._drops -= 1.0
        self.held = None
        self.claims = claims
        return True

    def forget(self, flight: int) -> None:
        """The token of that flight was revoked: it is not used any more."""
        if self.held is not None and self.held.flight == flight:
            self.held = None

    def abandon_flight(self) -> None:
        """Give up the flight under way: the next request begins another."""
        self._in_flight = None

    def retry_after(self, now: float) -> float:
        """Seconds until the endpoint is asked again."""
        return max(0.0, self._next_try - now)

    def _landed(self, flight: int) -> None:
        if flight == self._in_flight:
            self._in_flight = None


def _is_refusal(error: TokenRequestError) -> bool:
    return not error.temporary and error.error not in _NO_ANSWER
