"""Tokens of documented shapes, signed by one key that stands for the vendor's.

PyJWT writes them, so that this project's own writer of tokens is not the measure of its reader.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, get_args

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from bearerguard.issuers.auth0 import auth0
from bearerguard.issuers.azure_b2c import azure_b2c
from bearerguard.issuers.cognito import cognito
from bearerguard.issuers.entra import entra, entra_multitenant
from bearerguard.issuers.entra_external import entra_external
from bearerguard.issuers.issuer import Issuer
from bearerguard.issuers.keycloak import keycloak
from bearerguard.issuers.oidc import oidc
from bearerguard.issuers.okta import okta
from bearerguard.principal import Principal
from bearerguard.resource_server import ResourceServer
from bearerguard.testing.fake_clock import FakeClock

PRESETS: Final[Mapping[str, Any]] = {
    preset.__name__: preset
    for preset in (entra, entra_multitenant, entra_external, azure_b2c, auth0, keycloak, cognito, okta, oidc)
}
_FILE: Final = Path(__file__).parent.parent / "unit" / "issuers" / "documented_tokens.json"
TABLES: Final[Mapping[str, list[dict[str, Any]]]] = json.loads(_FILE.read_text(encoding="utf-8"))
DOCUMENTED: Final[Mapping[str, dict[str, Any]]] = {row["name"]: row for row in TABLES["documented"]}


def options_passed_on(preset: Any) -> set[str]:
    """The keywords that a preset takes besides its own and hands to ``Issuer``."""
    (options,) = get_args(preset.__annotations__["options"])
    return set(options.__annotations__)


@cache
def signing_key() -> rsa.RSAPrivateKey:
    """The vendor's key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def key_set(**members: str) -> dict[str, Any]:
    """The vendor's key set; as Entra's, the key names no algorithm."""
    jwk = RSAAlgorithm.to_jwk(signing_key().public_key(), as_dict=True)
    return {"keys": [{**jwk, "kid": "vendor-key", "use": "sig", **members}]}


def signed(claims: Mapping[str, Any], header: Mapping[str, Any]) -> str:
    """A token; claims that are ``None`` are left out, and ``typ`` where the header names none."""
    present = {name: value for name, value in claims.items() if value is not None}
    members = {"typ": None, **header, "kid": "vendor-key"}
    return jwt.encode(present, signing_key(), "RS256", headers=members)


@dataclass(frozen=True)
class Case:
    """One documented token, possibly changed, and the API that it is meant for."""

    row: Mapping[str, Any]
    claims: Mapping[str, Any]
    header: Mapping[str, Any]

    @classmethod
    def of(cls, name: str, change: Mapping[str, Any] | None = None, header: Mapping[str, Any] | None = None) -> "Case":
        """The documented token of this name with some claims and header members replaced."""
        row = DOCUMENTED[name]
        return cls(row, {**row["claims"], **(change or {})}, {**row["header"], **(header or {})})

    def issuers(self, **settings: Any) -> tuple[Issuer, ...]:
        """What the preset builds."""
        built = PRESETS[self.row["preset"]](**self.row["settings"], **settings)
        return built if isinstance(built, tuple) else (built,)

    def issuer(self) -> Issuer:
        """The one of them whose token this is."""
        tenant = self.claims.get("tid", "")
        (found,) = (one for one in self.issuers() if one.issuer.replace("{tenantid}", tenant) == self.claims["iss"])
        return found

    async def authenticate(self, **settings: Any) -> Principal:
        """Through the whole resource server, at the time the token was made for."""
        keys = {} if "jwks" in settings else {"jwks": key_set()}
        clock = FakeClock(now=self.row["now"])
        api = ResourceServer(self.issuers(**keys, **settings), self.row["audience"], clock=clock)
        return await api.authenticate(signed(self.claims, self.header))
