"""What operators are told of one issuer's keys: each event, and a log record for each change."""

import logging
from typing import Final

from bearerguard.clock import Instant
from bearerguard.errors import tidy
from bearerguard.events import Event, EventName, Listeners, logger
from bearerguard.keys.fetch import FetchFailed
from bearerguard.keys.freshness import Freshness
from bearerguard.keys.jwk_set import JWKSet
from bearerguard.keys.key_status import left_out

_TOLD: Final = 5


class KeyNews:
    """Of one key source.

    Args:
        issuer: Configured issuer identifier.
        listeners: Told of each event.
    """

    __slots__ = ("_issuer", "_listeners", "_state")

    def __init__(self, issuer: str, listeners: Listeners) -> None:
        self._issuer = issuer
        self._listeners = listeners
        self._state = ""  # what was said last of a failing issuer; empty while it answers

    def given(self, key_set: JWKSet) -> None:
        """Keys that the configuration holds."""
        self._tell_left_out(key_set, None)

    def fetched(self, key_set: JWKSet | None, former: JWKSet | None) -> None:
        """The issuer sent its keys, or confirmed them.

        Args:
            key_set: Those in use from now on.
            former: Those before, ``None`` the first time.
        """
        if self._state:
            self._state = ""
            logger.warning("the keys of %r can be fetched again", self._issuer)
        self._tell("keys_fetched")
        if key_set is None:
            return
        if former is not None and key_set.members != former.members:
            logger.info("the keys of %r have changed: `kid` %s, before %s", self._issuer, key_set.kids, former.kids)
            self._tell("keys_changed")
        self._tell_left_out(key_set, former)

    def failed(self, why: FetchFailed, freshness: Freshness, now: Instant) -> None:
        """A fetch failed; tries go on, and say nothing new."""
        validity = freshness.validity
        is_stale = False
        if validity is None or not freshness.is_usable(now):
            state = "there are no usable keys"
        else:
            is_stale = now.has_reached(validity.expires_at)
            state = "the kept keys stay in use" + (", past their lifetime" if is_stale else "")
        is_news, self._state = state != self._state, state
        wait = freshness.retry_after(now)
        logger.log(
            logging.WARNING if is_news else logging.DEBUG,
            *("fetching the keys of %r failed: %s; %s; next try in %.1f s", self._issuer, why, state, wait),
        )
        self._tell("keys_failed", code=why.code)
        if is_stale and is_news:
            self._tell("keys_stale")

    def unknown(self, kid: str | None) -> None:
        """A token named a key that a set fetched after it arrived does not have."""
        self._tell("key_unknown", kid=tidy(kid or ""))

    def _tell_left_out(self, key_set: JWKSet, former: JWKSet | None) -> None:
        """Keys that are published and not used, if they changed."""
        known = set() if former is None else set(former.left_out)
        if not key_set.left_out or set(key_set.left_out) == known:
            return
        told = left_out(key_set)
        more = f"; and {len(told) - _TOLD} more" if len(told) > _TOLD else ""
        logger.warning("keys of %r are published but not used: %s%s", self._issuer, "; ".join(told[:_TOLD]), more)
        for key in key_set.left_out:
            if key not in known:
                self._tell("key_unusable", kid=tidy(key.kid or ""))

    def _tell(self, name: EventName, *, code: str = "", kid: str = "") -> None:
        if self._listeners.hooks:
            self._listeners(Event(name, self._issuer, code, kid=kid))
