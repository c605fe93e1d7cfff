"""Statements that services can verify by themselves."""

import json
import pickle
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bearerguard import ConfigurationError, Principal
from bearerguard.forward_auth import SignedPrincipals
from bearerguard.forward_auth.principal_header import members_of, plain
from bearerguard.testing import FakeClock
from support.tracebacks import variables_shown

NOW = 1_767_268_800
KEYS = (ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate(), rsa.generate_private_key(65537, 2048))
CALLER = Principal("https://issuer.test", "s\r\nx: y", "café", None, frozenset({"b", "a"}), frozenset({"x"}), True, NOW + 60.0)


def pem(key: Any) -> bytes:
    return bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def signed(*keys: Any, **options: Any) -> SignedPrincipals:
    settings: dict[str, Any] = {"issuer": "https://gateway.test", "audience": "orders", "clock": FakeClock(now=NOW)} | options
    return SignedPrincipals([pem(key) for key in keys or KEYS[:1]], **settings)


@pytest.mark.parametrize(("key", "algorithm"), list(zip(KEYS, ("ES256", "EdDSA", "RS256"), strict=True)))
def test_a_service_verifies_a_statement_with_the_published_key(key: Any, algorithm: str) -> None:
    principals = signed(key, lifetime=30)
    statement = principals(CALLER)
    (published,) = jwt.PyJWKSet.from_dict(principals.jwks()).keys

    assert jwt.get_unverified_header(statement) == {"alg": algorithm, "typ": "gateway-principal+jwt", "kid": published.key_id}
    options: Any = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(
        statement, published, algorithms=[algorithm], audience="orders", issuer="https://gateway.test", options=options
    )
    principal = json.loads(plain(CALLER))
    assert claims == {"iss": "https://gateway.test", "aud": "orders", "iat": NOW, "exp": NOW + 30, "principal": principal}


@pytest.mark.parametrize(("options", "seconds"), [({}, 60), ({"lifetime": 5}, 5), ({"lifetime": 300}, 300)])
def test_a_statement_lives_for_a_minute_or_as_long_as_told(options: dict[str, Any], seconds: int) -> None:
    claims = jwt.decode(signed(**options)(CALLER), options={"verify_signature": False})

    assert claims["exp"] - claims["iat"] == seconds


def test_no_private_member_is_published() -> None:
    """RFC 7518 §6."""
    for jwk in signed(*KEYS).jwks()["keys"]:
        assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & set(jwk)
        assert {"kty", "kid", "use", "alg"} < set(jwk)


def test_the_first_of_several_keys_signs_and_all_are_published() -> None:
    principals = signed(*KEYS)

    assert jwt.get_unverified_header(principals(CALLER))["kid"] == principals.jwks()["keys"][0]["kid"]
    assert [jwk["alg"] for jwk in principals.jwks()["keys"]] == ["ES256", "EdDSA", "RS256"]


def test_a_key_id_is_the_thumbprint_of_the_key() -> None:
    """RFC 7638 §3: the same key has the same id in every process."""
    assert signed().jwks() == signed().jwks()
    assert signed().jwks() != signed(KEYS[1]).jwks()


@pytest.mark.parametrize(
    ("parameter", "options"),
    [
        ("private_key", {"private_key": b"nonsense"}),
        ("private_key", {"private_key": []}),
        ("issuer", {"issuer": ""}),
        ("audience", {"audience": "two words"}),
        ("lifetime", {"lifetime": 4}),
        ("lifetime", {"lifetime": 301}),
    ],
)
def test_a_wrong_setting_is_refused_at_start(parameter: str, options: dict[str, Any]) -> None:
    settings: dict[str, Any] = {"private_key": pem(KEYS[0]), "issuer": "g", "audience": "o"} | options
    with pytest.raises(ConfigurationError) as caught:
        SignedPrincipals(**settings)

    assert caught.value.parameter == parameter


def test_the_key_is_in_no_traceback() -> None:
    with pytest.raises(ConfigurationError) as caught:
        SignedPrincipals(pem(KEYS[0]), issuer="", audience="orders")

    assert "PRIVATE KEY" not in variables_shown(caught.value)


def test_the_key_is_not_pickled() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(signed())


def test_a_claim_cannot_end_the_header() -> None:
    """CWE-113."""
    assert plain(CALLER).isascii()
    assert plain(CALLER).isprintable()
    assert json.loads(plain(CALLER)) == members_of(CALLER)
