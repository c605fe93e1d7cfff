"""Tokens as data, each with its own time, key set and expectation: they can be verified for ever."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from bearerguard.issuers.auth0 import auth0
from bearerguard.issuers.azure_b2c import azure_b2c
from bearerguard.issuers.cognito import cognito
from bearerguard.issuers.entra import entra
from bearerguard.issuers.issuer import Issuer
from bearerguard.keys.jwk_set import read_key
from bearerguard.principal import Principal
from bearerguard.resource_server import ResourceServer
from bearerguard.testing import FakeClock
from bearerguard.token.base64url import decode
from support.sealed import judge, refusal

_VECTORS: Final = Path(__file__).parents[2] / "vectors"
_PRESETS: Final[dict[str, Callable[..., Issuer | tuple[Issuer, ...]]]] = {
    "Issuer": Issuer,
    "auth0": auth0,
    "azure_b2c": azure_b2c,
    "cognito": cognito,
    "entra": entra,
}


def _vectors(name: str) -> list[Any]:
    entries = json.loads((_VECTORS / name).read_bytes())
    return [pytest.param(entry, id=entry["name"]) for entry in entries]


def _server(vector: dict[str, Any]) -> ResourceServer:
    settings = dict(vector["issuer"])
    issuers = _PRESETS[settings.pop("preset", "Issuer")](**settings)
    return ResourceServer([issuers], vector["audience"], leeway=vector["leeway"], clock=FakeClock(vector["now"]))


def _described(principal: Principal) -> dict[str, Any]:
    names = ("issuer", "subject", "client_id", "tenant_id", "is_application", "expires_at")
    sets = {"roles": sorted(principal.roles), "scopes": sorted(principal.scopes)}
    return {name: getattr(principal, name) for name in names} | sets


@pytest.mark.parametrize("vector", _vectors("access_tokens.json"))
def test_an_access_token_is_judged_as_its_vector_says(vector: dict[str, Any]) -> None:
    """The source of each is named in the file."""
    server, expected = _server(vector), vector["expect"]
    if "code" in expected:
        assert refusal(server, vector["token"]).code == expected["code"]
    else:
        assert _described(judge(server, vector["token"])) == expected["principal"]


@pytest.mark.parametrize("vector", _vectors("signatures.json"))
def test_a_signature_of_the_standards_verifies(vector: dict[str, Any]) -> None:
    """RFC 7515 appendix A, RFC 7520 §4, RFC 8037 appendix A."""
    message, _, signature = vector["token"].encode().rpartition(b".")

    assert read_key(vector["jwk"]).verify(vector["algorithm"], message, decode(signature))


@pytest.mark.parametrize("vector", _vectors("signatures.json"))
def test_a_signature_of_the_standards_over_another_message_does_not_verify(vector: dict[str, Any]) -> None:
    """RFC 7515 §5.2."""
    message, _, signature = vector["token"].encode().rpartition(b".")

    assert not read_key(vector["jwk"]).verify(vector["algorithm"], message + b"A", decode(signature))
