"""One line of a denylist: which tokens it matches."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Self

from bearerguard.errors import ConfigurationError, show
from bearerguard.principal import Principal

_NAMES: Final = ("token_id", "subject", "client_id", "issuer")
_TIMES: Final = ("issued_before", "until")
_EXAMPLE: Final = 'client_id="billing"'


@dataclass(frozen=True, slots=True)
class RevokedTokens:
    """Tokens that meet every condition that is given.

    Attributes:
        token_id: The token with this ``jti``, or Microsoft Entra's ``uti``.
        subject: Tokens with this ``sub``.
        client_id: Tokens of this calling application.
        issued_before: Tokens whose ``iat`` is earlier, in seconds since 1970-01-01T00:00:00Z. A
            token that does not tell when it was issued counts as earlier.
        issuer: Only this issuer's; ``None``: any issuer's.
        until: When the entry ends, such as the last ``exp`` of these tokens; ``None``: never.

    Raises:
        ConfigurationError: a value is of the wrong kind, or no condition is given.
    """

    token_id: str | None = None
    subject: str | None = None
    client_id: str | None = None
    issued_before: float | None = None
    issuer: str | None = None
    until: float | None = None

    def __post_init__(self) -> None:
        """An entry without a condition would look like a revocation and revoke nothing."""
        for name in _NAMES:
            value = getattr(self, name)
            if value is not None and (not isinstance(value, str) or not value):
                raise ConfigurationError(name, f"expected a name, got {show(value)}", example=_EXAMPLE)
        for name in _TIMES:
            value = getattr(self, name)
            if value is not None and (type(value) not in (int, float) or not math.isfinite(value)):
                raise ConfigurationError(name, f"expected seconds since 1970, got {show(value)}", example=f"{name}=1767225600")
        if self.token_id is None and self.subject is None and self.client_id is None and self.issued_before is None:
            problem = "expected token_id, subject, client_id or issued_before"
            raise ConfigurationError("revoke", problem, example=_EXAMPLE)

    @classmethod
    def of(cls, members: Mapping[str, Any]) -> Self:
        """An entry by the names of its attributes.

        Raises:
            ConfigurationError: a name is unknown, or a value is wrong.
        """
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(members) - known)
        if unknown:
            problem = f"unknown: {', '.join(map(show, unknown))}; known: {', '.join(sorted(known))}"
            raise ConfigurationError("revoke", problem, example=_EXAMPLE)
        return cls(**members)

    def members(self) -> dict[str, Any]:
        """What ``of`` makes an equal entry of."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def has_ended(self, now: float) -> bool:
        """Whether it matches nothing any more."""
        return self.until is not None and self.until <= now

    def matches(self, principal: Principal, now: float) -> bool:
        """Whether the token meets every condition."""
        return (
            not self.has_ended(now)
            and self.issuer in (None, principal.issuer)
            and self.subject in (None, principal.subject)
            and self.client_id in (None, principal.client_id)
            and (self.token_id is None or self.token_id in token_ids(principal))
            and (self.issued_before is None or _is_older(principal.claims.get("iat"), self.issued_before))
        )


def token_ids(principal: Principal) -> set[str]:
    """The identifiers of the token itself; most have one, and some have none.

    ``jti`` is RFC 7519 §4.1.7's. Microsoft Entra has ``uti`` in its place:
    https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference.
    """
    claims = principal.claims
    return {value for value in (claims.get("jti"), claims.get("uti")) if isinstance(value, str)}


def _is_older(issued_at: object, time: float) -> bool:
    if isinstance(issued_at, bool) or not isinstance(issued_at, (int, float)):
        return True
    return not issued_at >= time
