"""Tokens for tests: they hold what is asked for, and nothing else."""

from collections.abc import Collection, Mapping
from typing import Any, Final, TypedDict

from bearerguard.testing.local_issuer import LocalIssuer
from bearerguard.testing.stand_ins import StandIns

CALLER: Final = "tests"


class TokenOptions(TypedDict, total=False):
    """What a token is to say; see :class:`AccessTokens`."""

    roles: Collection[str] | None
    scopes: Collection[str] | None
    client_id: str | None
    user: str | None
    audience: str | None
    lifetime: int | None
    claims: Mapping[str, Any] | None
    header: Mapping[str, Any] | None
    opaque: bool | None
    shape: str | None


class AccessTokens:
    """The fixture ``access_token``: each call gives a token that the API accepts, signed now.

    Attributes:
        issuers: Who signs.
    """

    def __init__(self, issuers: StandIns) -> None:
        self.issuers: Final = issuers

    def __call__(
        self,
        *,
        roles: Collection[str] | None = None,
        scopes: Collection[str] | None = None,
        client_id: str | None = None,
        user: str | None = None,
        audience: str | None = None,
        lifetime: int | None = None,
        claims: Mapping[str, Any] | None = None,
        header: Mapping[str, Any] | None = None,
        opaque: bool | None = None,
        shape: str | None = None,
    ) -> str:
        """One token.

        Args:
            roles: None by default, or those of the registered client that ``client_id`` names.
            scopes: The same.
            client_id: The calling application, by default one of the name ``tests``.
            user: The token acts for this user instead of for the application itself.
            audience: The API it is for; by default one that is accepted.
            lifetime: In seconds, by default the vendor's; negative for a token that has expired.
            claims: Claims to add or replace; ``None`` removes one.
            header: Header members to add or replace; ``None`` removes one.
            opaque: Whether to return an opaque string, which only the issuer can read.
            shape: Which of the trusted issuers, such as ``"entra_v1"``; by default the main one.

        Raises:
            ValueError: the API trusts no issuer of this shape.
        """
        issuer = self.issuers.issuer(shape)
        if client_id is None:
            client_id, roles, scopes = _caller(issuer), roles or (), scopes or ()
        return issuer.mint(
            client_id,
            roles=roles,
            scopes=scopes,
            audience=audience,
            user=user,
            lifetime=lifetime,
            claims=claims,
            header=header,
            opaque=opaque,
        )


def _caller(issuer: LocalIssuer) -> str:
    """The client id; a registered one where tokens name the client instead of the audience."""
    return next(iter(issuer.clients), CALLER) if issuer.vendor.clients_are_audience else CALLER
