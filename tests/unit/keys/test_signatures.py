"""Signatures, verified as PyJWT verifies them."""

import functools
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from jwt.algorithms import Algorithm, get_default_algorithms

from bearerguard.keys.signatures import VERIFY
from bearerguard.testing.signing_key import SigningKey

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
OCTETS = {"ES256": 32, "ES384": 48, "ES512": 66}


@functools.cache
def signer(algorithm: str) -> SigningKey:
    return SigningKey(algorithm)


def pyjwt(algorithm: str) -> Algorithm:
    return get_default_algorithms()[algorithm]


def is_verified(algorithm: str, message: bytes, signature: bytes) -> bool:
    """Whether nothing is raised."""
    try:
        VERIFY[algorithm](pyjwt(algorithm).from_jwk(signer(algorithm).public_jwk()), message, signature)
    except Exception:  # noqa: BLE001  whatever it is, the signature is not verified
        return False
    return True


def variants(signature: bytes) -> Iterator[bytes]:
    """It, and what resembles it."""
    middle = len(signature) // 2
    yield from (signature, signature[:-1], signature[1:], signature + b"\0", b"\0" + signature, signature[::-1], b"")
    yield from (signature[:middle] + b"\0" + signature[middle:], signature[middle:] + signature[:middle], bytes(len(signature)))


def test_every_algorithm_has_its_way() -> None:
    assert set(VERIFY) == set(ALGORITHMS)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_signature_counts_exactly_where_it_counts_for_pyjwt(algorithm: str) -> None:
    """One implementation checks the other."""
    key = pyjwt(algorithm).from_jwk(signer(algorithm).public_jwk())
    signature = signer(algorithm).sign(b"message")

    assert is_verified(algorithm, b"message", signature)
    for other in variants(signature):
        for message in (b"message", b"massage"):
            assert is_verified(algorithm, message, other) == pyjwt(algorithm).verify(message, key, other)


@pytest.mark.parametrize("algorithm", OCTETS)
def test_an_ecdsa_signature_has_one_length(algorithm: str) -> None:
    """RFC 7518 §3.4: with a zero before S it is the same number, and would be a second text of one token."""
    signature, octets = signer(algorithm).sign(b"message"), OCTETS[algorithm]
    assert len(signature) == 2 * octets

    assert is_verified(algorithm, b"message", signature)
    assert not is_verified(algorithm, b"message", signature[:octets] + b"\0" + signature[octets:])


@pytest.mark.parametrize("algorithm", OCTETS)
def test_an_ecdsa_signature_in_the_form_of_x509_is_refused(algorithm: str) -> None:
    """RFC 7518 §3.4: a JWS holds R and S themselves."""
    signature, octets = signer(algorithm).sign(b"message"), OCTETS[algorithm]
    r, s = (int.from_bytes(part, "big") for part in (signature[:octets], signature[octets:]))

    assert not is_verified(algorithm, b"message", encode_dss_signature(r, s))
