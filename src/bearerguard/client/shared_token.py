"""One token for any number of threads and event loops; one request at a time renews it.

Every token request runs on a short-lived daemon thread, on an event loop of its own. So it belongs
to no caller: a cancelled request cannot cancel it, an event loop that ends does not take it along,
no event loop is ever blocked by it, and requests of synchronous and asynchronous clients wait for
the same one. A thread costs less than a millisecond, about once an hour.
"""

import contextvars
import copy
import math
import threading
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import anyio

from bearerguard.after_fork import renew_after_fork
from bearerguard.client.exchange import temporary_failure
from bearerguard.client.flight import Flight
from bearerguard.client.schedule import HeldToken, Refuse, Schedule
from bearerguard.client.token_response import IssuedToken
from bearerguard.clock import Clock
from bearerguard.errors import TokenRequestError
from bearerguard.events import logger

Obtain: TypeAlias = Callable[[str], Awaitable[IssuedToken]]
"""Asks the endpoint once, passing on a claims challenge; raises ``TokenRequestError``."""


class SharedToken:
    """Holds the token and has it renewed.

    Args:
        obtain: One request to the token endpoint, which ends by itself.
        schedule: Says what to do; touched only under this object's lock, except for reading
            ``held``.
        clock: For the token's lifetime.
        time_limit: Seconds a request waits for a token at most, second try included.
        endpoint: For the log.
    """

    def __init__(self, obtain: Obtain, schedule: Schedule, clock: Clock, *, time_limit: float, endpoint: str) -> None:
        self._obtain = obtain
        self._schedule = schedule
        self._clock = clock
        self._time_limit = time_limit
        self._endpoint = endpoint
        # held for a few instructions, never during I/O: an event loop may take it
        self._lock = threading.Lock()
        self._flight = Flight(0, 0.0)
        renew_after_fork(self)

    def after_fork(self) -> None:
        """In a forked child: keep the token. Lock and request under way were the parent's."""
        self._lock = threading.Lock()
        self._schedule.abandon_flight()

    def get(self) -> HeldToken:
        """A token that is good now; blocks this thread where there is none yet.

        Raises:
            TokenRequestError: none could be had. Everybody who waited gets the same failure.
        """
        found = self._look()
        if isinstance(found, Flight):
            found.wait()
            return self._outcome(found)
        return found

    async def get_async(self) -> HeldToken:
        """As :meth:`get`, but suspends this task. Cancelling it leaves the token request alone."""
        found = self._look()
        if isinstance(found, Flight):
            await found.wait_async()
            return self._outcome(found)
        return found

    def refused(self, flight: int, claims: str = "") -> bool:
        """An API refused the token of that flight; whether trying again with :meth:`get` helps."""
        with self._lock:
            return self._schedule.refused(flight, self._clock.monotonic(), claims)

    def drop(self, access_token: str) -> bool:
        """As :meth:`refused`, by the token. Any other than the one in hand is gone already."""
        held = self._schedule.held
        return held is None or held.access_token.reveal() != access_token or self.refused(held.flight)

    @property
    def in_hand(self) -> HeldToken | None:
        """The token that there is now, good or not; nothing is asked for."""
        return self._schedule.held

    def forget(self, flight: int) -> None:
        """The token of that flight was revoked: the next request asks for another."""
        with self._lock:
            self._schedule.forget(flight)

    def _look(self) -> HeldToken | Flight:
        held = self._schedule.held
        now = self._clock.monotonic()
        if held is not None and now < held.refresh_at:  # the common case takes no lock
            return held
        with self._lock:
            decision = self._schedule.decide(now)
            if isinstance(decision, Refuse):
                raise _copy(decision.error, decision.retry_after)
            if decision.begin is not None:
                self._flight = Flight(decision.begin, self._time_limit)
            flight = self._flight
        if decision.begin is not None:
            self._begin(flight)
        return flight if decision.token is None else decision.token

    def _outcome(self, flight: Flight) -> HeldToken:
        outcome = flight.outcome or self._give_up(flight)
        if isinstance(outcome, HeldToken):
            return outcome
        raise _copy(outcome, self._schedule.retry_after(self._clock.monotonic()))

    def _give_up(self, flight: Flight) -> HeldToken | TokenRequestError:
        """Its time is up, with an unknown end: the next request may begin another one."""
        error = temporary_failure("token_endpoint_timeout", f"no answer within {self._time_limit:g} s")
        self._fail(flight, error)
        return flight.outcome or error

    # --- on the flight's own thread

    def _begin(self, flight: Flight) -> None:
        # neither the trace nor the cancel scopes of the request that came first
        alone = contextvars.Context()
        thread = threading.Thread(target=alone.run, args=(self._fly, flight), name="bearerguard-token-request", daemon=True)
        try:
            thread.start()
        except RuntimeError as why:  # no more threads, or the interpreter is ending
            self._fail(flight, TokenRequestError("token_endpoint_unreachable", str(why), temporary=True))

    def _fly(self, flight: Flight) -> None:
        try:
            anyio.run(self._ask, flight)
        except BaseException as why:  # noqa: BLE001 - whatever it was, those who wait must be told
            self._fail(
                flight, TokenRequestError("token_endpoint_unreachable", f"unexpected {type(why).__name__}", temporary=True)
            )

    async def _ask(self, flight: Flight, *, again: bool = True) -> None:
        """Ask, and once more after a short pause where that can help.

        The waiters are told before the event loop is taken down.
        """
        asked_at = self._clock.monotonic()
        try:
            token = await self._obtain(self._schedule.claims)
        except TokenRequestError as error:
            pause = self._schedule.pause_before_second_try(error) if again else None
            if pause is None or pause >= flight.time_left():
                self._fail(flight, error)
                return
            await anyio.sleep(pause)
            await self._ask(flight, again=False)
        else:
            self._succeed(flight, token, asked_at)

    def _succeed(self, flight: Flight, token: IssuedToken, asked_at: float) -> None:
        try:
            with self._lock:
                flight.land(self._schedule.succeeded(flight.number, token, asked_at=asked_at, now=self._clock.monotonic()))
        except TokenRequestError as error:
            self._fail(flight, error)
        else:
            logger.info("access token obtained from %s, to be used for %d s at most", self._endpoint, token.lifetime)

    def _fail(self, flight: Flight, error: TokenRequestError) -> None:
        with self._lock:
            self._schedule.failed(flight.number, error, self._clock.monotonic())
            first = flight.land(error)
        if first:
            logger.warning("no access token from %s: %s", self._endpoint, error)


def _copy(error: TokenRequestError, retry_after: float) -> TokenRequestError:
    """For each waiter: one exception raised in many threads would collect all tracebacks."""
    own = copy.copy(error)
    own.retry_after = max(1, math.ceil(retry_after))
    return own
