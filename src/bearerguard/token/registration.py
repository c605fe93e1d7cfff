"""Which issuer is this? Issuer, keys and expectations are one record, found by ``iss``.

RFC 8725 §3.8. An unknown ``iss`` causes no network call: only what was configured is ever asked.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from bearerguard import error_codes as codes
from bearerguard.checks import GUID
from bearerguard.errors import ABSENT, ConfigurationError, InvalidToken
from bearerguard.issuers.claim_rule import ClaimRule
from bearerguard.issuers.claim_values import Claims
from bearerguard.issuers.profile import TENANT
from bearerguard.keys.key_source import KeySource
from bearerguard.token.claims import Expectations
from bearerguard.token.glance import ISSUER, sole_text
from bearerguard.token.jws import UnreadToken
from bearerguard.token.near_issuer import folded, near_issuer

_NAMED: Final = 4
_LESS_WORK: Final = "one plain `iss` and a `kid`, in a token with so many objects, arrays, numbers or strings"
_ONE_EACH: Final = "one entry for each issuer"


@dataclass(frozen=True, slots=True, eq=False)
class Registration:
    """One issuer: what its tokens must be, and its keys."""

    expected: Expectations
    keys: KeySource


class Registrations:
    """All issuers of a resource server.

    The number of issuers does not matter to a request: exact ones are found by hash. Several
    records may share an ``iss`` where their rules tell their tokens apart, as the policies of Azure
    AD B2C do; the first record whose rules hold is the one.

    Raises:
        ConfigurationError: an issuer is listed twice.
    """

    def __init__(self, registrations: Iterable[Registration]) -> None:
        self.all = tuple(registrations)
        self._exact: dict[str, Registration] = {}
        self._sharing: dict[str, tuple[Registration, ...]] = {}
        self._templates: list[tuple[re.Pattern[str], Registration]] = []
        self._near: dict[str, str] = {}
        self._wanted = _wanted([registration.expected.issuer.issuer for registration in self.all])
        seen: set[tuple[str, tuple[ClaimRule, ...]]] = set()
        for registration in self.all:
            issuer = registration.expected.issuer
            if (issuer.issuer, issuer.profile.rules) in seen:
                raise ConfigurationError("issuers", f"{issuer.issuer!r} is listed twice", example=_ONE_EACH)
            seen.add((issuer.issuer, issuer.profile.rules))
            self._add(issuer.issuer, registration)

    def _add(self, issuer: str, registration: Registration) -> None:
        if registration.expected.issuer.is_template:
            pattern = GUID.join(re.escape(part) for part in issuer.split(TENANT))
            self._templates.append((re.compile(pattern), registration))
            return
        first = self._exact.setdefault(issuer, registration)
        if first is not registration:
            self._sharing[issuer] = (*self._sharing.get(issuer, (first,)), registration)
        self._near[folded(issuer)] = issuer

    def of(self, claims: Claims) -> Registration:
        """The record of the token's issuer.

        Raises:
            InvalidToken: ``iss`` is missing, not a string, or not configured.
        """
        issuer = claims.get("iss")
        if type(issuer) is not str:
            code = codes.MISSING_CLAIM if issuer is None else codes.INVALID_CLAIM
            raise InvalidToken(code, expected="`iss` as text", actual=claims.get("iss", ABSENT), at="$.iss")
        found = self._named(issuer)
        return _first_that_fits(self._sharing[issuer], claims) if issuer in self._sharing else found

    def glance(self, kid: str, payload: bytes) -> None:
        """Look for the issuer in an unparsed payload, of a token that names this key.

        May refuse early, and never accepts or fetches.

        Raises:
            InvalidToken: the issuer is not configured, or it lacks the key and is not asked now.
        """
        issuer = sole_text(ISSUER, payload)
        if issuer is None or issuer in self._sharing:
            return
        _refuse_in_a_flood(self._named(issuer), kid)

    def vouch(self, token: UnreadToken) -> None:
        """Refuse a token that would be much work to read, unless its issuer may have signed it.

        So it is one signature check that anybody can cause. Nothing is accepted here, and a token
        is let through where only reading it can tell: its key is not at hand and may be fetched.

        Raises:
            InvalidToken: the issuer is not configured or cannot be told, or the key is at hand and
                has not signed this.
        """
        issuer = sole_text(ISSUER, token.payload)
        if issuer is None or token.header.kid is None:
            raise InvalidToken(codes.MALFORMED_TOKEN, expected=_LESS_WORK)
        for registration in self._sharing.get(issuer) or (self._named(issuer),):
            _refuse_in_a_flood(registration, token.header.kid)
            key_set = registration.keys.known()
            if key_set is None or not key_set.may_hold(token.header.kid):
                return
            for key in key_set.candidates(token.header.kid, token.header.algorithm):
                if key.verify(token.header.algorithm, token.signing_input, token.signature):
                    return
        raise InvalidToken(codes.INVALID_SIGNATURE)

    def _named(self, issuer: str) -> Registration:
        found = self._exact.get(issuer)
        if found is not None:
            return found
        for pattern, registration in self._templates:
            if pattern.fullmatch(issuer):
                return registration
        raise InvalidToken(
            codes.UNKNOWN_ISSUER, expected=self._wanted, actual=issuer, at="$.iss", hint=near_issuer(issuer, self._near)
        )


def _refuse_in_a_flood(registration: Registration, kid: str) -> None:
    lacking = registration.keys.lacking(kid)
    if lacking is not None:
        wanted = f"a key among `kid` {lacking.kids}"
        raise InvalidToken(codes.UNKNOWN_KEY, expected=wanted, actual=kid, at="header.kid")


def _first_that_fits(registrations: tuple[Registration, ...], claims: Claims) -> Registration:
    for registration in registrations:
        if all(rule.holds(claims) for rule in registration.expected.issuer.profile.rules):
            return registration
    return registrations[0]  # which then says what it expected


def _wanted(issuers: list[str]) -> str:
    """The configured issuers for the operator, made once; of many only the first."""
    named = " or ".join(map(repr, issuers[:_NAMED]))
    return f"`iss` {named}" + (f" or one of {len(issuers) - _NAMED} more" if len(issuers) > _NAMED else "")
