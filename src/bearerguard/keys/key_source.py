"""Where an issuer's keys come from, under rotation, outage and flood.

The hit path takes no lock and makes no await. One fetch at a time per issuer is shared by all who wait; it runs beside the
request that began it, so that no caller can cancel it; and it is numbered, so that a late answer never replaces a newer one.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Final, Protocol

import anyio

from bearerguard.background import current_loop, spawn
from bearerguard.clock import Clock
from bearerguard.errors import IssuerUnavailable
from bearerguard.events import Event, EventHook, emit, logger
from bearerguard.keys.fetch import FetchFailed
from bearerguard.keys.freshness import Decision, Freshness
from bearerguard.keys.jwk_set import JWKSet
from bearerguard.keys.key_set_fetch import FetchedKeys, Validators
from bearerguard.keys.key_status import KeyStatus, key_ids

_SEEN_KEYS: Final = 256
_A_FLOOD: Final = 100  # tokens of unknown keys, turned away since the last fetch; the first of them are told exactly why


class KeySource(Protocol):
    """One issuer's keys."""

    def known(self) -> JWKSet | None:
        """The set to use now, without waiting; ``None`` when ``obtain`` has to be awaited. May begin a background fetch."""
        ...

    def fetches_sent(self) -> int:
        """The number of the last fetch that has left; those with a higher one are asked after now."""
        ...

    async def obtain(self) -> JWKSet:
        """The set, fetched if need be.

        Raises:
            IssuerUnavailable: there is no usable set and none could be fetched.
        """
        ...

    async def look_again(self, kid: str | None, tried: JWKSet, came_after: int, /) -> JWKSet:
        """The set for a token that ``tried`` does not verify: fetched anew where that is allowed.

        Args:
            kid: The key that the token names.
            tried: What is returned where nothing newer is to be had.
            came_after: ``fetches_sent`` when the token came. A set that was asked for later shows
                what there is; nothing more is fetched.
        """
        ...

    def lacking(self, kid: str, /) -> JWKSet | None:
        """The set, where a flood of unknown names is under way and this is one of them; asks nobody, changes nothing.

        That is: the set is fresh and has no such key, ``look_again`` would not fetch now, and has said so many times already.
        """
        ...

    def age(self) -> float:
        """Seconds since the issuer confirmed the set; infinite when it never did."""
        ...

    def status(self) -> KeyStatus:
        """The state, for a readiness probe."""
        ...

    def close(self) -> None:
        """End what runs in the background. The source stays usable."""
        ...


class KeyFetch(Protocol):
    """Brings an issuer's key set over the network: ``key_set_fetch.KeySetFetch``."""

    async def __call__(self, validators: Validators | None, /) -> FetchedKeys:
        """Fetch, conditionally where validators are given.

        Raises:
            FetchFailed: no set could be had.
        """
        ...


@dataclass(slots=True, eq=False)
class _Flight:
    """A fetch under way, and the event its waiters wait for."""

    for_unknown_kid: bool
    number: int = 0  # given when it leaves
    answered: bool = False
    done: anyio.Event = field(default_factory=anyio.Event)
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)


class RemoteKeySource:
    """A ``KeySource`` that fetches. Its state belongs to one issuer and is shared by all requests of the process.

    A fetch is waited for only within its own event loop; a second loop in another thread makes its own.

    Args:
        issuer: Configured issuer identifier, for messages.
        fetch: Brings the set.
        clock: Its monotonic time decides all ages.
        on_event: Told of each fetch.
        jitter: Numbers from 0 to below 1.
    """

    def __init__(
        self,
        issuer: str,
        fetch: KeyFetch,
        *,
        clock: Clock,
        on_event: EventHook | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._issuer = issuer
        self._fetch = fetch
        self._clock = clock
        self._on_event = on_event
        self._freshness = Freshness(jitter)
        self._key_set: JWKSet | None = None
        self._validators: Validators | None = None
        self._quiet_until = float("-inf")
        self._in_flight: dict[object, _Flight] = {}
        self._sent = 0
        self._turned_away = 0
        self._landed = 0
        self._seen: dict[object, None] = {}
        self._last_error = ""
        self._token_endpoint = ""
        self._last_success: float | None = None
        self._changing = Lock()  # event loops of several threads may share one source; the hit path takes no lock

    # --- what requests ask

    def known(self) -> JWKSet | None:
        """See ``KeySource``. Until the refresh is due this is one comparison."""
        now = self._clock.monotonic()
        if now < self._quiet_until:
            return self._key_set
        loop = current_loop()
        decision = self._freshness.decide(now, in_flight=loop in self._in_flight)
        if decision is Decision.SERVE_AND_FETCH and loop is not None:
            self._begin(loop)
        return self._key_set if decision in (Decision.SERVE, Decision.SERVE_AND_FETCH) else None

    def fetches_sent(self) -> int:
        """See ``KeySource``."""
        return self._sent

    async def obtain(self) -> JWKSet:
        """See ``KeySource``."""
        loop = current_loop()
        flight = self._in_flight.get(loop)
        if self._freshness.decide(self._clock.monotonic(), in_flight=flight is not None) is Decision.WAIT:
            await (flight or self._begin(loop)).done.wait()
        if self._key_set is None or not self._freshness.is_usable(self._clock.monotonic()):
            raise self._unavailable()
        return self._key_set

    async def look_again(self, kid: str | None, tried: JWKSet, came_after: int, /) -> JWKSet:
        """See ``KeySource``. One fetch serves all who ask at the same time, and a ``kid`` that it does not bring is remembered.

        A fetch sent before the token came may have been answered before its key was published: then one more is made.
        """
        loop = current_loop()
        while self._landed <= came_after:
            latest = self._key_set or tried
            if latest is not tried and latest.may_hold(kid):
                return latest
            flight = self._in_flight.get(loop)
            with self._changing:
                allowed = self._freshness.may_look_again(kid, self._clock.monotonic(), in_flight=flight is not None)
                self._turned_away += not allowed
            if not allowed:
                return latest
            flight = flight or self._begin(loop, for_unknown_kid=True)
            await flight.done.wait()
            if flight.number > came_after and not flight.answered:
                return self._key_set or tried
        latest = self._key_set or tried
        if latest is tried or not latest.may_hold(kid):
            with self._changing:
                self._freshness.remember_unknown(kid, self._clock.monotonic())
        return latest

    def lacking(self, kid: str, /) -> JWKSet | None:
        """See ``KeySource``. Takes no lock: in doubt, a fetch under way included, the answer is ``None``."""
        if self._turned_away < _A_FLOOD:
            return None
        key_set, now = self._key_set, self._clock.monotonic()
        if key_set is None or key_set.may_hold(kid) or self._in_flight or now >= self._quiet_until:
            return None
        in_vain = self._freshness.looks_in_vain(kid, now)
        return key_set if in_vain and key_set is self._key_set else None  # another thread's fetch may have just landed

    def age(self) -> float:
        """See ``KeySource``."""
        validity = self._freshness.validity
        return float("inf") if validity is None else self._clock.monotonic() - validity.at

    def status(self) -> KeyStatus:
        """See ``KeySource``."""
        now = self._clock.monotonic()
        validity = self._freshness.validity
        ready = self._freshness.is_usable(now)
        wait = max(validity.refresh_at - now if validity else 0.0, self._freshness.retry_after(now))
        age = now - validity.at if validity else None
        kids = key_ids(self._key_set if ready else None)
        return KeyStatus(self._issuer, ready, kids, age, self._last_error, wait, self._token_endpoint, self._last_success)

    def close(self) -> None:
        """End the fetch that is under way in this event loop; its waiters are told that the issuer is unavailable."""
        flight = self._in_flight.get(current_loop())
        if flight is not None:
            flight.scope.cancel()

    # --- the flight

    def _begin(self, loop: object, *, for_unknown_kid: bool = False) -> _Flight:
        flight = _Flight(for_unknown_kid)

        async def fly() -> None:
            with self._changing:
                flight.number = self._sent = self._sent + 1
                self._turned_away = 0
                held, validators = self._key_set, self._validators
            try:
                with flight.scope:
                    self._land(flight, await self._fetch(validators), held)
            except FetchFailed as why:
                self._fail(flight, why.code, str(why))
            except Exception as error:  # noqa: BLE001  a defect must not leave the waiters hanging
                logger.exception("the key fetch for %r failed unexpectedly", self._issuer)
                self._fail(flight, "unexpected", type(error).__name__)
            finally:
                del self._in_flight[loop]
                flight.done.set()

        self._in_flight[loop] = flight
        spawn(fly)
        return flight

    def _land(self, flight: _Flight, fetched: FetchedKeys, held: JWKSet | None) -> None:
        """Take an answer. Without a key set of its own it confirms the one that was held when it was asked for (304)."""
        flight.answered = True
        with self._changing:
            if flight.number < self._landed:
                return  # a newer answer has been taken
            self._landed = flight.number
            self._key_set = held if fetched.key_set is None else fetched.key_set.adopting(self._key_set)
            self._validators = fetched.validators
            self._token_endpoint = fetched.token_endpoint
            now = self._clock.monotonic()
            self._last_success = self._clock.now()
            self._quiet_until = self._freshness.succeeded(now, fetched.lifetime).refresh_at
            if self._brought_new_keys():
                self._freshness.found_new_key()
            elif flight.for_unknown_kid:
                self._freshness.looked_in_vain(now)
            self._last_error = ""
        emit(self._on_event, Event("keys_fetched", self._issuer))

    def _fail(self, flight: _Flight, code: str, message: str) -> None:
        with self._changing:
            if flight.number < self._landed:
                return
            now = self._clock.monotonic()
            self._freshness.failed(now)
            self._validators = None  # should the issuer stumble over a conditional request, the next one is plain
            self._last_error = message
        kept = "the kept keys stay in use" if self._freshness.is_usable(now) else "there are no usable keys"
        wait = self._freshness.retry_after(now)
        logger.warning("fetching the keys of %r failed: %s; %s; next try in %.1f s", self._issuer, message, kept, wait)
        emit(self._on_event, Event("keys_failed", self._issuer, code))

    def _brought_new_keys(self) -> bool:
        """Whether the set has a key never seen before: sets that alternate bring nothing new."""
        fingerprints = [key.fingerprint for key in self._key_set.keys] if self._key_set else []
        new = [fingerprint for fingerprint in fingerprints if fingerprint not in self._seen]
        self._seen.update(dict.fromkeys(new))
        while len(self._seen) > _SEEN_KEYS:
            del self._seen[next(iter(self._seen))]
        return bool(new)

    def _unavailable(self) -> IssuerUnavailable:
        wait = self._freshness.retry_after(self._clock.monotonic())
        return IssuerUnavailable(self._issuer, retry_after=wait, last_error=self._last_error or "the key fetch was cut off")
