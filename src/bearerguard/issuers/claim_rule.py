"""One claim that an issuer's tokens must hold."""

from dataclasses import dataclass
from typing import Any

from bearerguard.error_codes import MISSING_CLAIM, ErrorCode
from bearerguard.errors import ConfigurationError, show
from bearerguard.issuers.claim_values import NOTHING, ClaimPath, Claims, claim_at


@dataclass(frozen=True, slots=True)
class ClaimRule:
    """A claim that an issuer's tokens must hold beyond the standard ones.

    Attributes:
        path: Where the claim is.
        code: Code of the refusal when the value is not one of ``values``.
        values: Accepted values, compared exactly; empty accepts every non-empty string.
        required: Whether a token without the claim is refused (``missing_claim``). ``False`` judges
            it only when present.

    Raises:
        ConfigurationError: a value is wrong.
    """

    path: ClaimPath
    code: ErrorCode = MISSING_CLAIM
    values: frozenset[str] = NOTHING
    required: bool = True

    def __post_init__(self) -> None:
        """A text in place of a set would match parts of it (CVE-2024-53861)."""
        check_path("path", self.path)
        if not isinstance(self.values, frozenset) or not all(isinstance(value, str) and value for value in self.values):
            raise ConfigurationError(
                "values", f"expected a frozenset of text, got {show(self.values)}", example='frozenset({"2.0"})'
            )

    def value_in(self, claims: Claims) -> Any:
        """The claim, ``None`` where it is absent or null."""
        return claims.get(self.path[0]) if len(self.path) == 1 else claim_at(claims, self.path)

    def holds(self, claims: Claims) -> bool:
        """Whether the claims meet the rule."""
        value = self.value_in(claims)
        if type(value) is str:
            return value in self.values if self.values else value != ""
        return value is None and not self.required


def check_path(parameter: str, path: object) -> None:
    """A claim path as records hold it: a tuple of member names."""
    if not isinstance(path, tuple) or not path or not all(isinstance(name, str) and name for name in path):
        raise ConfigurationError(parameter, f"expected a path, a tuple of member names, got {show(path)}", example='("roles",)')
