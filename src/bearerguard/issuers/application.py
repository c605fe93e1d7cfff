"""Who is an application: told by what a token says, never guessed from what it leaves out, unless its vendor defines it so."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from bearerguard.issuers.claim_values import ClaimPath, Claims, first_claim, text_or_none

IsApplication: TypeAlias = Callable[[Claims, frozenset[str]], bool]
CLIENT: Final[tuple[ClaimPath, ...]] = (("client_id",), ("azp",))


def application_by_idtyp(claims: Claims, roles: frozenset[str]) -> bool:
    """``idtyp`` is ``app``; without that optional claim: roles and no ``scp``.

    Source: https://learn.microsoft.com/en-us/entra/identity-platform/optional-claims-reference (``idtyp``)
    """
    kind = claims.get("idtyp")
    if kind is not None:
        return bool(kind == "app")
    return bool(roles) and "scp" not in claims


def application_by_subject(claims: Claims, roles: frozenset[str], clients: tuple[ClaimPath, ...] = CLIENT) -> bool:
    """The subject is the client itself, as RFC 9068 §2.2 has it where no resource owner is involved.

    ``idtyp`` and ``scp`` count as with ``application_by_idtyp``. Where the subject is somebody else:
    roles and no ``scope``, since a user's token may carry roles too.
    """
    if "idtyp" in claims or "scp" in claims:
        return application_by_idtyp(claims, roles)
    client = text_or_none(first_claim(claims, clients))
    if client is not None and client == claims.get("sub"):
        return True
    return bool(roles) and "scope" not in claims


@dataclass(frozen=True, slots=True)
class BySubject:
    """``application_by_subject`` with the client read from paths of one's own; a value that can be compared and pickled."""

    clients: tuple[ClaimPath, ...]

    def __call__(self, claims: Claims, roles: frozenset[str]) -> bool:
        return application_by_subject(claims, roles, self.clients)
