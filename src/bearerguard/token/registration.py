"""Which issuer is this? Issuer, keys and expectations are one record, found by the exact ``iss`` (RFC 8725 §3.8).

An unknown ``iss`` causes no network call: only what was configured is ever asked.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from bearerguard import error_codes as codes
from bearerguard.checks import GUID
from bearerguard.errors import ABSENT, ConfigurationError, InvalidToken
from bearerguard.issuers.claim_values import Claims
from bearerguard.issuers.profile import TENANT
from bearerguard.keys.key_source import KeySource
from bearerguard.token.claims import Expectations
from bearerguard.token.glance import ISSUER, sole_text

_NAMED: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Registration:
    """One issuer: what its tokens must be, and its keys."""

    expected: Expectations
    keys: KeySource


class Registrations:
    """All issuers of a resource server. The number of issuers does not matter to a request: exact ones are found by hash.

    Raises:
        ConfigurationError: an issuer stands twice.
    """

    def __init__(self, registrations: Iterable[Registration]) -> None:
        self.all = tuple(registrations)
        self._exact: dict[str, Registration] = {}
        self._templates: list[tuple[re.Pattern[str], Registration]] = []
        self._without_slash: dict[str, str] = {}
        self._wanted = _wanted([registration.expected.issuer.issuer for registration in self.all])
        seen: set[str] = set()
        for registration in self.all:
            issuer = registration.expected.issuer
            if issuer.issuer in seen:
                raise ConfigurationError("issuers", f"{issuer.issuer!r} stands twice", example="one entry for each issuer")
            seen.add(issuer.issuer)
            if issuer.is_template:
                pattern = GUID.join(re.escape(part) for part in issuer.issuer.split(TENANT))
                self._templates.append((re.compile(pattern), registration))
            else:
                self._exact[issuer.issuer] = registration
                self._without_slash[issuer.issuer.rstrip("/")] = issuer.issuer

    def of(self, claims: Claims) -> Registration:
        """The record of the token's issuer.

        Raises:
            InvalidToken: ``iss`` is missing, no text, or not configured.
        """
        issuer = claims.get("iss")
        if type(issuer) is not str:
            code = codes.MISSING_CLAIM if issuer is None else codes.INVALID_CLAIM
            raise InvalidToken(code, expected="`iss` as text", actual=claims.get("iss", ABSENT), at="$.iss")
        return self._named(issuer)

    def glance(self, kid: str, payload: bytes) -> None:
        """Look at a payload that has not been read, of a token that names this key. Only ever refuses; asks nobody.

        Raises:
            InvalidToken: the issuer is not configured, or has no such key and cannot be asked for it now.
        """
        issuer = sole_text(ISSUER, payload)
        if issuer is None:
            return
        lacking = self._named(issuer).keys.lacking(kid)
        if lacking is not None:
            wanted = f"a key among `kid` {lacking.kids}"
            raise InvalidToken(codes.UNKNOWN_KEY, expected=wanted, actual=kid, at="header.kid")

    def _named(self, issuer: str) -> Registration:
        found = self._exact.get(issuer)
        if found is not None:
            return found
        for pattern, registration in self._templates:
            if pattern.fullmatch(issuer):
                return registration
        raise InvalidToken(codes.UNKNOWN_ISSUER, expected=self._wanted, actual=issuer, at="$.iss", hint=self._near(issuer))

    def _near(self, issuer: str) -> str:
        """The one mistake that is worth its own words: a slash too many or too few."""
        known = self._without_slash.get(issuer.rstrip("/"))
        return f"Configured is {known!r}: they differ in the trailing slash." if known else ""


def _wanted(issuers: list[str]) -> str:
    """The configured issuers for the operator, made once; of many only the first."""
    named = " or ".join(map(repr, issuers[:_NAMED]))
    return f"`iss` {named}" + (f" or one of {len(issuers) - _NAMED} more" if len(issuers) > _NAMED else "")
