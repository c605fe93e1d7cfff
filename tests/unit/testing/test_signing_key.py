"""Keys that sign and show only their public half."""

import gc
import json

import jwt
import pytest

from bearerguard.testing import SigningKey
from bearerguard.testing.signing_key import thumbprint

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_public_key_verifies_what_the_key_signed(algorithm: str) -> None:
    key = SigningKey(algorithm)

    signature = key.sign(b"message")

    public = jwt.PyJWK(key.public_jwk())
    assert public.Algorithm.verify(b"message", public.key, signature)


@pytest.mark.parametrize("algorithm", [*ALGORITHMS, "Ed25519"])
def test_a_published_key_names_its_id_use_and_algorithm(algorithm: str) -> None:
    """RFC 7517 §4."""
    jwk = SigningKey(algorithm, kid="key-1").public_jwk()

    assert (jwk["kid"], jwk["use"], jwk["alg"]) == ("key-1", "sig", algorithm)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_published_key_has_no_private_member(algorithm: str) -> None:
    """RFC 7518 §6: d, p, q, dp, dq, qi, oth and k are secret."""
    assert not {"d", "p", "q", "dp", "dq", "qi", "oth", "k"} & SigningKey(algorithm).public_jwk().keys()


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_its_repr_shows_algorithm_and_id_alone(algorithm: str) -> None:
    key = SigningKey(algorithm, kid="key-1")

    assert repr(key) == f"<SigningKey {algorithm} kid='key-1'>"


def test_the_thumbprint_is_that_of_the_rfc() -> None:
    """RFC 7638 §3.1, the example key."""
    jwk = {
        "kty": "RSA",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknj"
        "hMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5h"
        "ajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        "e": "AQAB",
        "alg": "RS256",
        "kid": "2011-04-29",
    }

    assert thumbprint(jwk) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_two_keys_alive_are_never_the_same() -> None:
    keys = [SigningKey() for _ in range(4)]

    assert len({json.dumps(key.public_jwk(), sort_keys=True) for key in keys}) == 4


def test_a_key_whose_owner_is_gone_is_lent_again() -> None:
    """Making an RSA key takes tens of milliseconds: too long for each test of a suite."""
    first = SigningKey(bits=1024).public_jwk()["n"]
    gc.collect()

    assert SigningKey(bits=1024).public_jwk()["n"] == first


def test_an_rsa_key_signs_with_its_sister_algorithms() -> None:
    key = SigningKey("RS256")

    signature = key.sign(b"message", "PS256")

    public = jwt.PyJWK(key.public_jwk(), algorithm="PS256")
    assert public.Algorithm.verify(b"message", public.key, signature)


@pytest.mark.parametrize(("made_for", "asked"), [("RS256", "ES256"), ("ES256", "ES384"), ("EdDSA", "RS256"), ("RS256", "HS256")])
def test_a_key_signs_with_no_algorithm_of_another_type(made_for: str, asked: str) -> None:
    with pytest.raises(ValueError, match="cannot sign"):
        SigningKey(made_for).sign(b"message", asked)


@pytest.mark.parametrize("algorithm", ["none", "HS256", "ES256K", ""])
def test_an_algorithm_that_is_not_asymmetric_or_not_known_is_refused(algorithm: str) -> None:
    with pytest.raises(ValueError, match="expected one of"):
        SigningKey(algorithm)
