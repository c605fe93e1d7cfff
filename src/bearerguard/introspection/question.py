"""One question under way, and what came of it."""

from dataclasses import dataclass

from bearerguard.errors import Refusal
from bearerguard.flights import Flight
from bearerguard.principal import Principal


@dataclass(slots=True, eq=False)
class Question(Flight):
    """A question about one token.

    Attributes:
        digest: Of the token.
        was_good: Whether the last answer about it was good.
        outcome: The caller, or why there is none; ``None`` until then, and if it was ended.
    """

    digest: bytes
    was_good: bool
    outcome: Principal | Refusal | None = None
