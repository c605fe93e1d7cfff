"""Makes tokens: what they say, and their signature."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from bearerguard.testing.authorization_codes import Grant
from bearerguard.testing.issuer_state import Operations
from bearerguard.testing.local_client import LocalClient
from bearerguard.testing.shape import Directory, Shape, TokenContent
from bearerguard.testing.signing_key import SigningKey, base64url


@dataclass(frozen=True, slots=True)
class Issued:
    """What is granted: to whom, for which API, with which scopes.

    Attributes:
        client: The application.
        by_key: It proved itself with a key.
        audience: The API.
        scopes: Scopes of the API.
        grant: What a person granted, where the token acts for one.
    """

    client: LocalClient
    by_key: bool
    audience: str
    scopes: tuple[str, ...]
    grant: Grant | None = None


@dataclass(frozen=True, slots=True)
class Minted:
    """An access token, what it says, and the ID token beside it (empty for none)."""

    content: TokenContent
    access_token: str = field(repr=False)
    id_token: str = field(default="", repr=False)


class TokenMint:
    """Numbers its tokens, so that each has its own id and a fake clock makes the ids repeatable."""

    def __init__(self, shape: Shape, directory: Directory, operations: Operations) -> None:
        self._shape = shape
        self._directory = directory
        self._keys = operations.keys
        self._tokens = operations.tokens
        self._clock = operations.clock
        self._minted = 0

    def content(self, issuer: str, client_id: str, *, lifetime: int, **members: Any) -> TokenContent:
        """What a token issued now says.

        Args:
            issuer: ``iss``.
            client_id: The application.
            lifetime: In seconds.
            members: Of :class:`TokenContent`: ``roles``, ``scopes``, ``audience``; ``user`` and
                ``by_key`` where they apply.
        """
        self._minted += 1
        now = int(self._clock.now())
        return TokenContent(
            issuer,
            self._directory,
            client_id,
            issued_at=now,
            expires_at=now + lifetime,
            token_id=str(uuid5(NAMESPACE_URL, f"{issuer}#{client_id}#{now}#{self._minted}")),
            **members,
        )

    def issue(self, issued: Issued, issuer: str, lifetime: int) -> Minted:
        """What the token endpoint gives for a grant.

        Args:
            issued: The grant.
            issuer: ``iss``.
            lifetime: In seconds.
        """
        client, grant = issued.client, issued.grant
        owner = client if grant is None else grant.user
        content = self.content(
            issuer,
            client.id,
            roles=tuple(owner.roles),
            scopes=issued.scopes,
            audience=issued.audience,
            lifetime=lifetime,
            user="" if grant is None else grant.user.id,
            by_key=issued.by_key,
        )
        claims = {**client.claims, **(grant.user.claims if grant else {})}
        token = self.access_token(content, claims=claims, opaque=client.opaque_tokens)
        if grant is None or not grant.wants_id_token:
            return Minted(content, token)
        shown = {"nonce": grant.nonce or None, "at_hash": _half_hash(token), "name": grant.user.name or None}
        return Minted(content, token, self.id_token(content, claims=shown))

    def access_token(self, content: TokenContent, *, claims: Mapping[str, Any], opaque: bool = False, **signature: Any) -> str:
        """An application's own, or a user's where the content names one.

        Args:
            content: What it says.
            claims: Claims to add or replace; ``None`` removes one.
            opaque: Return an opaque string for the claims, not a JWT.
            signature: As in ``sign``.
        """
        made = self._shape.user(content) if content.user else self._shape.application(content)
        members = _present({**made, **claims})
        return self._tokens.issue(members) if opaque else self.sign(members, typ=self._shape.typ, **signature)

    def id_token(self, content: TokenContent, *, claims: Mapping[str, Any], **signature: Any) -> str:
        """For the client, about the user; never active at the introspection endpoint."""
        members = _present({**self._shape.id_token(content), **claims})
        token = self.sign(members, typ=self._shape.id_typ, **signature)
        self._tokens.deactivate(token)
        return token

    def sign(
        self,
        claims: Mapping[str, Any],
        *,
        typ: str | None,
        header: Mapping[str, Any] | None = None,
        key: SigningKey | None = None,
        algorithm: str | None = None,
    ) -> str:
        """The claims as a JWT. Members of ``header`` replace the vendor's; ``None`` removes one."""
        signer = key or self._keys.current
        standard = {
            "typ": typ,
            "alg": algorithm or signer.algorithm,
            "kid": signer.kid,
            "x5t": signer.kid if self._shape.names_x5t else None,
        }
        return signer.compact(_present({**standard, **(header or {})}), claims, algorithm)


def _present(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _half_hash(token: str) -> str:
    """``at_hash`` (OpenID Connect Core 1.0 §3.1.3.6), by SHA-256 for every algorithm here."""
    return base64url(hashlib.sha256(token.encode()).digest()[:16])
