"""Who is an application: told by what a token says, never by what it leaves out.

Unless its vendor defines it so: Microsoft Entra does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from bearerguard.errors import ConfigurationError, show
from bearerguard.issuers.claim_values import ClaimPath, Claims, first_claim, text_or_none

IsApplication: TypeAlias = Callable[[Claims, frozenset[str]], bool]
"""Given claims and roles, whether a token is an application's own."""

CLIENT: Final[tuple[ClaimPath, ...]] = (("client_id",), ("azp",))


def application_by_idtyp(claims: Claims, roles: frozenset[str]) -> bool:
    """``idtyp`` is ``app``; without that optional claim: roles, and no scope in ``scp``.

    So Microsoft Entra defines it. An application's token of Entra has no ``scp``, or one that is
    ``/``.

    Sources: https://learn.microsoft.com/en-us/entra/identity-platform/optional-claims-reference
    (``idtyp``),
    https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference
    (``roles``, ``scp``) and https://learn.microsoft.com/en-us/entra/agent-id/agent-token-claims.
    """
    kind = claims.get("idtyp")
    if kind is not None:
        return bool(kind == "app")
    return bool(roles) and claims.get("scp", "/") == "/"


def application_by_subject(claims: Claims, _roles: frozenset[str], clients: tuple[ClaimPath, ...] = CLIENT) -> bool:
    """``idtyp`` is ``app``, or the subject is the client itself (RFC 9068 §2.2).

    A token without ``scope`` proves nothing: that of a signed-in user may have none.
    """
    kind = claims.get("idtyp")
    if kind is not None:
        return bool(kind == "app")
    client = text_or_none(first_claim(claims, clients))
    return client is not None and client == claims.get("sub")


@dataclass(frozen=True, slots=True)
class BySubject:
    """``application_by_subject`` with its own paths; a value that can be compared and pickled.

    Attributes:
        clients: Where the client is.
        marks: Claims, each with the value that marks an application's token; all must be there.
            Empty: there is no such mark.
    """

    clients: tuple[ClaimPath, ...] = CLIENT
    marks: tuple[tuple[str, str | int | bool], ...] = ()

    def __call__(self, claims: Claims, roles: frozenset[str]) -> bool:
        if self.marks and all(_equal(claims.get(name), value) for name, value in self.marks):
            return True
        return application_by_subject(claims, roles, self.clients)


def checked_marks(given: Mapping[str, Any] | None) -> tuple[tuple[str, str | int | bool], ...]:
    """``application_when``, frozen.

    Raises:
        ConfigurationError: not a mapping of claim names to text, whole numbers or booleans.
    """
    if given is None:
        return ()
    marks = tuple(given.items()) if isinstance(given, Mapping) else ()
    if not marks or not all(isinstance(name, str) and name and type(value) in (str, int, bool) for name, value in marks):
        problem = f"expected claims and the value that marks an application's token, got {show(given)}"
        raise ConfigurationError("application_when", problem, example='{"gty": "client_credentials"}')
    return marks


def _equal(found: object, wanted: object) -> bool:
    return type(found) is type(wanted) and found == wanted  # true is not 1
