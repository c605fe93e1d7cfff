"""What is known of an introspection endpoint's state, and who is told of it: log, events, status."""

from dataclasses import dataclass
from typing import Final

from bearerguard.clock import PAST, Instant
from bearerguard.errors import show
from bearerguard.events import Event, Listeners, logger
from bearerguard.introspection.answer import EndpointFailed

_SHOWN: Final = 128


@dataclass(frozen=True, slots=True)
class IntrospectionStatus:
    """The state of an introspection endpoint.

    Attributes:
        endpoint: Its URL, or the issuer whose metadata names it.
        ready: False only while it fails and has never answered: what was set may be wrong.
        last_error: Why the last question failed; empty if it was answered, or if none was asked.
        next_try_in: Seconds until the endpoint is asked again after a failure, else 0.
        last_success: When it last answered, in seconds since 1970-01-01T00:00:00Z; ``None`` before
            the first time.
        under_way: Questions that wait for an answer now.
        remembered: Good answers that are remembered, some of which may not count any more.
    """

    endpoint: str
    ready: bool
    last_error: str
    next_try_in: float
    last_success: float | None
    under_way: int
    remembered: int


class EndpointNews:
    """What one endpoint did last. The log tells each change of state once.

    Args:
        place: For messages.
        issuer: For events.
        listeners: Told of each answer and of each failure.
    """

    def __init__(self, place: str, issuer: str, listeners: Listeners) -> None:
        self._place = show(place, _SHOWN)
        self._issuer = issuer
        self._tell = listeners
        self.last_error = ""
        self.last_success: float | None = None
        self._next_try = PAST

    def answered(self, now: Instant, seconds: float) -> None:
        """A question was answered, after so many seconds."""
        if self.last_error:
            logger.warning("introspection at %s answers again", self._place)
        self.last_error, self.last_success, self._next_try = "", now.wall, PAST
        self._tell(Event("introspection_answered", self._issuer, seconds=seconds))

    def failed(self, why: EndpointFailed, now: Instant, seconds: float, wait: float) -> None:
        """A question failed, and the endpoint is not asked again for ``wait`` seconds."""
        if not self.last_error:
            logger.warning("introspection at %s fails: %s; next try in %.1f s", self._place, why, wait)
        self.last_error, self._next_try = str(why), now.after(wait)
        self._tell_failure(why, seconds)

    def failed_on_one_token(self, why: EndpointFailed, seconds: float) -> None:
        """Only this token may be concerned: the state is what it was."""
        self._tell_failure(why, seconds)

    def status(self, endpoint: str, now: Instant, *, under_way: int, remembered: int) -> IntrospectionStatus:
        """The state, as values."""
        return IntrospectionStatus(
            endpoint,
            not self.last_error or self.last_success is not None,
            self.last_error,
            now.until(self._next_try),
            self.last_success,
            under_way,
            remembered,
        )

    def _tell_failure(self, why: EndpointFailed, seconds: float) -> None:
        self._tell(Event("introspection_failed", self._issuer, why.code, seconds=seconds))
