"""From claims to the caller, as the issuer's profile reads them."""

from collections.abc import Callable, Mapping
from typing import Any

from bearerguard.errors import NamedCaller
from bearerguard.issuers.profile import Profile
from bearerguard.principal import Principal, sealed
from bearerguard.token.jws import UnverifiedToken
from bearerguard.token.registration import Registration


def caller_in(
    claims: Mapping[str, Any],
    readable: Mapping[str, Any],
    profile: Profile,
    effective: Callable[[frozenset[str]], frozenset[str]],
    age_of_keys: Callable[[], float],
) -> Principal:
    """The principal that claims describe. Judges nothing: the claims must have been verified
    before.

    Args:
        claims: With ``iss`` and ``exp``.
        readable: What the principal keeps of them, read-only.
        profile: Where roles, scopes, client and tenant are.
        effective: Adds the roles that others imply.
        age_of_keys: Seconds since the issuer confirmed the keys that decided.
    """
    read = profile.read(claims)
    return sealed(
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


def named_in(token: UnverifiedToken, registration: Registration | None, *, verified: bool) -> NamedCaller:
    """Whom a refused token names.

    Args:
        token: What it says.
        registration: Its issuer, where one is configured.
        verified: Whether a key of the issuer has verified the token.
    """
    subject = token.claims.get("sub")
    return NamedCaller(
        "" if registration is None else registration.expected.issuer.issuer,
        "" if registration is None else registration.expected.issuer.profile.client_of(token.claims) or "",
        subject if isinstance(subject, str) else "",
        token.header.kid or "",
        verified,
    )


def named_by(principal: Principal) -> NamedCaller:
    """Whom a verified token names."""
    return NamedCaller(principal.issuer, principal.client_id or "", principal.subject, verified=True)
