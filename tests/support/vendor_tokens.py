"""The tokens of each vendor beside what its documentation shows."""

from collections.abc import Mapping
from typing import Any, Final, Literal

import jwt

from bearerguard.testing import FakeClock, LocalIssuer
from support.plain_jwt import verified

Kind = Literal["application", "user", "id_token"]
NOW: Final = 1_767_268_800
TENANT: Final = "11111111-2222-3333-4444-555555555555"
OPAQUE: Final = "a string that only the issuer understands"


def issuer_of(shape: str, **settings: Any) -> LocalIssuer:
    """A local issuer whose clock does not move from ``NOW``."""
    return LocalIssuer(shape=shape, clock=FakeClock(now=NOW), **settings)


def token_of(issuer: LocalIssuer, kind: Kind) -> str:
    """A token of the client ``reader``, for ``alice`` where it is a user's."""
    if kind == "id_token":
        return issuer.mint_id_token("reader", user="alice")
    return issuer.mint("reader", user="alice" if kind == "user" else None)


def differences(shape: str, kind: Kind, documented: Mapping[str, Any]) -> dict[str, Any]:
    """Claims that are not as documented, each as it is in the token."""
    issuer = issuer_of(shape)
    claims = verified(issuer, token_of(issuer, kind))
    names = claims.keys() | documented.keys()
    return {name: claims.get(name) for name in names if not _is_as(documented.get(name), claims.get(name))}


def header_of(shape: str, kind: Kind) -> dict[str, Any]:
    """The header without ``alg`` and ``kid``, which all of them have."""
    header = jwt.get_unverified_header(token_of(issuer_of(shape), kind))
    assert header.pop("alg") == "RS256"
    assert header.pop("kid")
    return header


def _is_as(documented: object, found: object) -> bool:
    return isinstance(found, str) and bool(found) if documented == OPAQUE else found == documented
