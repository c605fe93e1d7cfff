"""What an issuer knows of the tokens it gave: what opaque ones say, and which were revoked."""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

from bearerguard.testing.key_ring import KeyRing
from bearerguard.testing.signed_claims import signed_claims


class TokenStore:
    """Opaque tokens with their claims, and the tokens that are no longer active.

    Args:
        keys: Tell which JWTs are the issuer's own.
    """

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys
        self._claims: dict[str, dict[str, Any]] = {}
        self._inactive: set[bytes] = set()

    def issue(self, claims: Mapping[str, Any]) -> str:
        """An opaque token that stands for these claims."""
        token = secrets.token_urlsafe(32)
        self._claims[token] = dict(claims)
        return token

    def deactivate(self, token: str) -> None:
        """This token is not active from now on, whatever its claims say."""
        self._inactive.add(_digest(token))

    def claims_of(self, token: str) -> dict[str, Any] | None:
        """The claims of a token of this issuer; ``None`` where it gave no such token."""
        claims = self._claims.get(token)
        return signed_claims(token, self._keys.public_jwks()) if claims is None else dict(claims)

    def active_claims(self, token: str, now: float) -> dict[str, Any] | None:
        """The same of a token that is active: not revoked, within its times (RFC 7662 §4)."""
        claims = None if _digest(token) in self._inactive else self.claims_of(token)
        if claims is None or not _is_current(claims, now):
            return None
        return claims


def _is_current(claims: Mapping[str, Any], now: float) -> bool:
    expires_at, not_before = claims.get("exp"), claims.get("nbf", 0)
    if not isinstance(expires_at, int | float) or not isinstance(not_before, int | float):
        return False
    return not_before <= now < expires_at


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
