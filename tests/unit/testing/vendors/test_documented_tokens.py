"""A local issuer's tokens beside what each vendor documents: header and claims, of three kinds."""

import json
from pathlib import Path
from typing import Any, Final

import jwt
import pytest

from bearerguard.testing import FakeClock, LocalIssuer
from bearerguard.testing.shapes import SHAPES
from support.plain_jwt import verified

OPAQUE: Final = "OPAQUE"
"""Stands for a string that only the issuer understands."""
DOCUMENTED: Final = {
    file.stem: json.loads(file.read_text(encoding="utf-8"))
    for file in sorted((Path(__file__).parent / "documented").glob("*.json"))
}


def token_of(issuer: LocalIssuer, kind: str) -> str:
    """A token of the client ``reader``; a user's is for ``alice``."""
    if kind == "id_token":
        return issuer.mint_id_token("reader", user="alice")
    return issuer.mint("reader", user="alice" if kind == "user" else None)


def differences(documented: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """Members that are not as documented, each as it was found."""
    names = documented.keys() | found.keys()
    return {name: found.get(name) for name in names if not is_as(documented.get(name), found.get(name))}


def is_as(documented: object, found: object) -> bool:
    return isinstance(found, str) and bool(found) if documented == OPAQUE else found == documented


def test_every_shape_has_its_documented_tokens() -> None:
    assert DOCUMENTED.keys() == SHAPES.keys()


@pytest.mark.parametrize("shape", DOCUMENTED)
@pytest.mark.parametrize("kind", ["application", "user", "id_token"])
def test_a_token_is_as_documented(shape: str, kind: str) -> None:
    """The source is in the file."""
    documented = DOCUMENTED[shape]
    issuer = LocalIssuer(shape=shape, clock=FakeClock(now=documented["now"]))

    token = token_of(issuer, kind)

    header = {"alg": "RS256", "kid": issuer.signing_key.kid, **documented[kind]["header"]}
    assert differences(header, jwt.get_unverified_header(token)) == {}
    assert differences(documented[kind]["claims"], verified(issuer, token)) == {}
