"""One fetch of an issuer's keys under way, and what came of it."""

from dataclasses import dataclass
from enum import Enum, auto

from bearerguard.clock import PAST, Instant
from bearerguard.flights import Flight


class Outcome(Enum):
    """What came of a fetch."""

    NONE = auto()
    """It is under way, or it was ended, or its event loop ended."""
    ANSWER = auto()
    """The issuer sent keys, or confirmed them."""
    FAILURE = auto()
    """The issuer failed."""
    PAUSE = auto()
    """The host stood still meanwhile: this says nothing about the issuer."""


@dataclass(slots=True, eq=False)
class KeyFlight(Flight):
    """A fetch under way.

    Attributes:
        begun_at: When a request asked for it.
        for_unknown_kid: Whether that request named a key that the set does not have.
        number: Its place in the order in which fetches were sent; 0 before.
        sent_at: When it left.
        outcome: What came of it.
    """

    begun_at: Instant
    for_unknown_kid: bool
    number: int = 0
    sent_at: Instant = PAST
    outcome: Outcome = Outcome.NONE
