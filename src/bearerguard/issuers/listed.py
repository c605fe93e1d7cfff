"""The issuers of an API, as users list them: one, several, or tuples as presets return them."""

from collections.abc import Iterable

from bearerguard.errors import ConfigurationError
from bearerguard.issuers.issuer import Issuer


def listed(issuers: Issuer | Iterable[Issuer | tuple[Issuer, ...]], *, needed: bool) -> tuple[Issuer, ...]:
    """All of them, in order.

    Args:
        issuers: As the user gave them.
        needed: Whether there must be one.

    Raises:
        ConfigurationError: something else is among them, or nothing is there.
    """
    entries = [issuers] if isinstance(issuers, Issuer) or not isinstance(issuers, Iterable) else list(issuers)
    flat = [issuer for entry in entries for issuer in (entry if isinstance(entry, tuple) else (entry,))]
    if (needed and not flat) or not all(isinstance(issuer, Issuer) for issuer in flat):
        raise ConfigurationError("issuers", f"expected one or several issuers, got {issuers!r}", example='[entra(tenant_id="…")]')
    return tuple(flat)
