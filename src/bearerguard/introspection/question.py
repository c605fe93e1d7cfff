"""One question under way, and what came of it: a caller, or a refusal."""

from dataclasses import dataclass

from bearerguard.errors import IssuerUnavailable, Refusal, show
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


class IntrospectionUnavailable(IssuerUnavailable):
    """A token cannot be asked about; 503 with ``Retry-After``. Never the caller's fault.

    Attributes:
        issuer: The endpoint, or the issuer whose metadata names it.
    """

    @property
    def operator_text(self) -> str:
        """Which endpoint, why, and when it is asked again."""
        return f"{self.code}: introspection at {show(self.issuer)}: {self.last_error}. Next try in {self.retry_after} s."
