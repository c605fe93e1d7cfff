"""The refusal where the endpoint cannot be asked now: 503 with ``Retry-After``."""

from bearerguard.errors import IssuerUnavailable, show


class IntrospectionUnavailable(IssuerUnavailable):
    """A token cannot be asked about. Never the caller's fault.

    Attributes:
        issuer: The endpoint, or the issuer whose metadata names it.
    """

    @property
    def operator_text(self) -> str:
        """Which endpoint, why, and when it is asked again."""
        return f"{self.code}: introspection at {show(self.issuer)}: {self.last_error}. Next try in {self.retry_after} s."
