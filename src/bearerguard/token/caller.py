"""From claims to the caller, as the issuer's profile reads them."""

from collections.abc import Callable, Mapping
from typing import Any

from bearerguard.issuers.profile import Profile
from bearerguard.principal import Principal


def caller_in(
    claims: Mapping[str, Any],
    readable: Mapping[str, Any],
    profile: Profile,
    effective: Callable[[frozenset[str]], frozenset[str]],
    age_of_keys: Callable[[], float],
) -> Principal:
    """The principal that claims describe. Judges nothing: whether they may be believed is for the
    caller of this to know.

    Args:
        claims: With ``iss`` and ``exp``.
        readable: What the principal keeps of them, read-only.
        profile: Where roles, scopes, client and tenant are.
        effective: Adds the roles that others imply.
        age_of_keys: Seconds since the issuer confirmed the keys that decided.
    """
    read = profile.read(claims)
    return Principal(
        claims["iss"],
        claims.get("sub", ""),
        read.client,
        read.tenant,
        effective(read.roles),
        read.scopes,
        read.is_application,
        claims["exp"],
        readable,
        age_of_keys,
        read.roles_problem,
    )
