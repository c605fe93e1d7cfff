"""Keys that are fetched: rotation, outage and flood.

A hit takes no lock and awaits nothing. All requests of one event loop that wait for an issuer's
keys share one fetch. It runs beside the request that began it, so that no caller can cancel it. It
gets its number when it is sent, so that a late answer never replaces a newer one.
"""

import random
from collections.abc import Callable
from threading import Lock
from typing import Final, Protocol

from bearerguard.after_fork import renew_after_fork
from bearerguard.background import Pulse, current_loop
from bearerguard.clock import PAST, Clock, Instant, instant
from bearerguard.errors import IssuerUnavailable
from bearerguard.events import Listeners, logger
from bearerguard.flights import Flights
from bearerguard.keys.discovery import Endpoints
from bearerguard.keys.fetch import FetchFailed
from bearerguard.keys.freshness import Decision, Freshness
from bearerguard.keys.jwk_set import JWKSet
from bearerguard.keys.key_flight import KeyFlight, Outcome
from bearerguard.keys.key_news import KeyNews
from bearerguard.keys.key_set_fetch import FetchedKeys, Validators
from bearerguard.keys.key_status import KeyStatus, key_ids, left_out

_SEEN_KEYS: Final = 256
_A_FLOOD: Final = 100
"""Unknown keys refused since the last fetch; the first refusals say exactly why."""
_ROUNDS: Final = 3
"""Fetches that one request waits for: one under way, its own, and one more if the host paused."""
_MAY_GO_ON: Final = frozenset({Outcome.ANSWER, Outcome.PAUSE})
"""After these a request decides anew: the answer may have lain unread for hours."""
_WITHOUT_ANSWER: Final = frozenset({"timeout", "unreachable"})


class KeyFetch(Protocol):
    """Brings an issuer's key set over the network: ``key_set_fetch.KeySetFetch``."""

    async def __call__(self, validators: Validators | None, /) -> FetchedKeys:
        """Fetch, conditionally where validators are given.

        Raises:
            FetchFailed: no set could be had.
        """
        ...


class RemoteKeySource:
    """A ``KeySource`` that fetches, for one issuer. All requests of the process share its state.

    A request waits only for a fetch of its own event loop. A second loop in another thread fetches
    for itself, and so does a forked child.

    Args:
        issuer: Configured issuer identifier, for messages.
        fetch: Brings the set.
        clock: Its two times decide all ages.
        listeners: Told of each fetch.
        jitter: Numbers from 0 to below 1.
    """

    def __init__(
        self,
        issuer: str,
        fetch: KeyFetch,
        *,
        clock: Clock,
        listeners: Listeners | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._issuer = issuer
        self._fetch = fetch
        self._clock = clock
        self._news = KeyNews(issuer, listeners or Listeners())
        self._jitter = jitter
        self._forget()
        renew_after_fork(self)

    def _forget(self) -> None:
        """Begin with nothing."""
        self._freshness = Freshness(self._jitter)
        self._key_set: JWKSet | None = None
        self._validators: Validators | None = None
        self._quiet_until = PAST
        self._flights: Flights[KeyFlight] = Flights()
        self._sent = 0
        self._turned_away = 0
        self._landed = 0
        self._seen: dict[object, None] = {}
        self._last_error = ""
        self._endpoints = Endpoints()
        self._last_success: float | None = None
        self._changing = Lock()  # event loops of several threads may share one source

    def after_fork(self) -> None:
        """In a forked child: keep the keys, but neither locks nor fetches of the parent.

        If another thread held the lock, the state may be half changed: nothing is kept.
        """
        if self._changing.locked():
            self._forget()
        else:
            self._flights = Flights()

    # --- what requests ask

    def known(self) -> JWKSet | None:
        """See ``KeySource``."""
        return self.known_at(self._clock.now(), self._clock.monotonic())

    def known_at(self, wall: float, monotonic: float, /) -> JWKSet | None:
        """See ``KeySource``. Until a refresh is due, this takes two comparisons."""
        quiet_until = self._quiet_until
        if monotonic < quiet_until.monotonic and wall < quiet_until.wall:
            return self._key_set
        decision = self._decide(Instant(wall, monotonic))
        if decision is Decision.SERVE_AND_FETCH and current_loop() is not None:
            self._begin()
        return self._key_set if decision in (Decision.SERVE, Decision.SERVE_AND_FETCH) else None

    def fetches_sent(self) -> int:
        """See ``KeySource``."""
        return self._sent

    async def obtain(self) -> JWKSet:
        """See ``KeySource``."""
        for _ in range(_ROUNDS):
            if self._decide(instant(self._clock)) is not Decision.WAIT:
                break
            flight = self._flights.here() or self._begin()
            await flight.done.wait()
            if flight.outcome not in _MAY_GO_ON:
                break
        if self._key_set is None or not self._freshness.is_usable(instant(self._clock)):
            raise self._unavailable()
        return self._key_set

    async def look_again(self, kid: str | None, tried: JWKSet, came_after: int, /) -> JWKSet:
        """See ``KeySource``. Requests share the fetch. A ``kid`` that it lacks is remembered.

        A fetch sent before the token arrived may have been answered before its key was published.
        Then one more follows.
        """
        for _ in range(_ROUNDS):
            has_been_asked = self._landed > came_after  # read first: the set may land meanwhile
            latest = self._key_set or tried
            if has_been_asked:
                return self._looked(kid, tried, latest)
            if latest is not tried and latest.may_hold(kid):
                return latest
            flight = self._flights.here()
            with self._changing:
                allowed = self._freshness.may_look_again(kid, instant(self._clock), in_flight=flight is not None)
                self._turned_away += not allowed
            if not allowed:
                return latest
            flight = flight or self._begin(for_unknown_kid=True)
            await flight.done.wait()
            if flight.number > came_after and flight.outcome not in _MAY_GO_ON:
                break
        return self._key_set or tried

    def _looked(self, kid: str | None, tried: JWKSet, latest: JWKSet) -> JWKSet:
        """Remember ``kid`` if a set that was asked for after the token arrived does not have it."""
        if latest is tried or not latest.may_hold(kid):
            with self._changing:
                self._freshness.remember_unknown(kid, instant(self._clock))
            self._news.unknown(kid)
        return latest

    def lacking(self, kid: str, /) -> JWKSet | None:
        """See ``KeySource``. Takes no lock. If in doubt, or if a fetch is under way, ``None``."""
        if self._turned_away < _A_FLOOD:
            return None
        key_set, now = self._key_set, instant(self._clock)
        if key_set is None or key_set.may_hold(kid) or self._flights.here() or now.has_reached(self._quiet_until):
            return None
        in_vain = self._freshness.looks_in_vain(kid, now)
        # a fetch of another thread may have landed meanwhile
        return key_set if in_vain and key_set is self._key_set else None

    def age(self) -> float:
        """See ``KeySource``."""
        validity = self._freshness.validity
        return float("inf") if validity is None else instant(self._clock).since(validity.at)

    def status(self) -> KeyStatus:
        """See ``KeySource``."""
        now = instant(self._clock)
        validity = self._freshness.validity
        ready = self._freshness.is_usable(now)
        wait = max(now.until(validity.refresh_at) if validity else 0.0, self._freshness.retry_after(now))
        age = now.since(validity.at) if validity else None
        usable = self._key_set if ready else None
        return KeyStatus(
            self._issuer,
            ready,
            key_ids(usable),
            age,
            self._last_error,
            wait,
            self._endpoints.token,
            self._last_success,
            left_out(usable),
            self._endpoints.authorization,
        )

    def close(self) -> None:
        """End the fetch of this event loop. Waiters get the kept set or ``IssuerUnavailable``."""
        self._flights.end()

    async def ended(self) -> None:
        """See ``KeySource``."""
        await self._flights.ended()

    def retire(self) -> None:
        """See ``KeySource``."""
        self._flights.end_all()

    # --- the flight

    def _decide(self, now: Instant) -> Decision:
        flight = self._flights.here()
        return self._freshness.decide(now, under_way=None if flight is None else flight.begun_at)

    def _begin(self, *, for_unknown_kid: bool = False) -> KeyFlight:
        if self._flights.drop_closed():
            self._freshness.was_cut_short()
        flight = KeyFlight(instant(self._clock), for_unknown_kid)
        self._flights.begin(flight, self._fly)
        return flight

    async def _fly(self, flight: KeyFlight) -> None:
        with self._changing:
            flight.number = self._sent = self._sent + 1
            self._turned_away = 0
            held, validators = self._key_set, self._validators
        flight.sent_at = instant(self._clock)
        try:
            answer = await self._ask(validators)
            if isinstance(answer, FetchedKeys):
                self._land(flight, answer, held)
            elif answer is not None:
                self._fail(flight, answer)
            else:
                flight.outcome = Outcome.PAUSE
        finally:
            if flight.outcome in (Outcome.NONE, Outcome.PAUSE):
                self._freshness.was_cut_short()

    async def _ask(self, validators: Validators | None) -> FetchedKeys | FetchFailed | None:
        """What the issuer answers; ``None`` if the host stood still until the time had run out."""
        async with Pulse(self._clock).beating() as pulse:
            try:
                return await self._fetch(validators)
            except FetchFailed as why:
                return None if why.code in _WITHOUT_ANSWER and pulse.stood_still else why
            except Exception as error:  # noqa: BLE001  a defect must not leave the waiters hanging
                logger.exception("the key fetch for %r failed unexpectedly", self._issuer)
                return FetchFailed("unexpected", type(error).__name__)

    def _land(self, flight: KeyFlight, fetched: FetchedKeys, held: JWKSet | None) -> None:
        """Take an answer. One without a key set (304) confirms the set held when it was sent."""
        flight.outcome = Outcome.ANSWER
        with self._changing:
            if flight.number < self._landed or not self._flights.holds(flight):
                return  # a newer answer has been taken
            former, self._key_set = self._key_set, held if fetched.key_set is None else fetched.key_set.adopting(self._key_set)
            self._landed = flight.number
            self._validators = fetched.validators
            self._endpoints = fetched.endpoints
            self._last_success = self._clock.now()
            self._quiet_until = self._freshness.succeeded(flight.sent_at, fetched.lifetime).refresh_at
            if self._brought_new_keys():
                self._freshness.found_new_key()
            elif flight.for_unknown_kid:
                self._freshness.looked_in_vain(instant(self._clock))
            self._last_error = ""
            key_set = self._key_set
        self._news.fetched(key_set, former)

    def _fail(self, flight: KeyFlight, why: FetchFailed) -> None:
        flight.outcome = Outcome.FAILURE
        with self._changing:
            if flight.number < self._landed or not self._flights.holds(flight):
                return
            now = instant(self._clock)
            self._freshness.failed(now)
            self._validators = None  # the next request is plain: this one may have failed for them
            self._last_error = str(why)
        self._news.failed(why, self._freshness, now)

    def _brought_new_keys(self) -> bool:
        """Whether the set has a key never seen before. Sets that alternate bring nothing new."""
        fingerprints = [key.fingerprint for key in self._key_set.keys] if self._key_set else []
        new = [fingerprint for fingerprint in fingerprints if fingerprint not in self._seen]
        self._seen.update(dict.fromkeys(new))
        while len(self._seen) > _SEEN_KEYS:
            del self._seen[next(iter(self._seen))]
        return bool(new)

    def _unavailable(self) -> IssuerUnavailable:
        wait = self._freshness.retry_after(instant(self._clock))
        return IssuerUnavailable(self._issuer, retry_after=wait, last_error=self._last_error or "the key fetch was cut off")
