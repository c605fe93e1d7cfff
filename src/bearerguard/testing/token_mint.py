"""Makes tokens: what they say, and their signature."""

from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from bearerguard.clock import Clock
from bearerguard.testing.compact import compact
from bearerguard.testing.key_ring import KeyRing
from bearerguard.testing.shape import Directory, Grant, Shape
from bearerguard.testing.signing_key import SigningKey


class TokenMint:
    """Numbers its tokens, so that each has an id of its own and a fake clock makes the ids repeatable."""

    def __init__(self, shape: Shape, directory: Directory, keys: KeyRing, clock: Clock) -> None:
        self._shape = shape
        self._directory = directory
        self._keys = keys
        self._clock = clock
        self._minted = 0

    def grant(
        self,
        issuer: str,
        client_id: str,
        *,
        roles: tuple[str, ...],
        scopes: tuple[str, ...],
        audience: str,
        lifetime: int,
        by_key: bool = False,
    ) -> Grant:
        """What a token issued now is to say; ``lifetime`` in seconds."""
        self._minted += 1
        now = int(self._clock.now())
        return Grant(
            issuer=issuer,
            directory=self._directory,
            client_id=client_id,
            roles=roles,
            scopes=scopes,
            audience=audience,
            issued_at=now,
            expires_at=now + lifetime,
            token_id=str(uuid5(NAMESPACE_URL, f"{issuer}#{client_id}#{now}#{self._minted}")),
            by_key=by_key,
        )

    def token(
        self,
        grant: Grant,
        *,
        claims: Mapping[str, Any],
        header: Mapping[str, Any] | None = None,
        key: SigningKey | None = None,
        algorithm: str | None = None,
    ) -> str:
        """The signed token; members of ``claims`` and ``header`` replace the standard ones, ``None`` removes them."""
        signer = key or self._keys.current
        standard = {
            "typ": self._shape.typ,
            "alg": algorithm or signer.algorithm,
            "kid": signer.kid,
            "x5t": signer.kid if self._shape.names_x5t else None,
        }
        return compact(
            _present({**standard, **(header or {})}), _present({**self._shape.claims(grant), **claims}), signer, algorithm
        )


def _present(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
