"""private_key_jwt, as a server that holds the public key reads it."""

import hashlib
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from bearerguard.client_authentication.secret import Secret
from bearerguard.client_authentication.signed_assertion import LIFETIME, AssertionKey, load_assertion_key, signed_assertion
from bearerguard.errors import ConfigurationError
from support.credentials import sealed

AnyKey: TypeAlias = Any
NOW = 1_767_268_800.0
ENDPOINT = "https://issuer.example/oauth2/token"
RSA_KEY = rsa.generate_private_key(65537, 2048)


def pem(key: AnyKey, password: bytes | None = None) -> bytes:
    encryption = NoEncryption() if password is None else BestAvailableEncryption(password)
    encoded = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    assert isinstance(encoded, bytes)
    return encoded


def certificate(key: AnyKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "billing")])
    start = datetime.fromtimestamp(NOW, UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), start, start + timedelta(days=1))
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM)


def loaded(private_key: Any, **settings: Any) -> AssertionKey:
    return load_assertion_key(Secret(private_key), **sealed(settings))


def asserted(key: AssertionKey) -> str:
    return signed_assertion(key, client_id="billing", audience=ENDPOINT, now=NOW).reveal()


def decoded(assertion: str, key: AnyKey, algorithm: str) -> dict[str, Any]:
    options: Any = {"verify_exp": False, "verify_iat": False, "require": ["iss", "sub", "aud", "exp", "iat", "jti"]}
    claims: dict[str, Any] = jwt.decode(assertion, key.public_key(), algorithms=[algorithm], audience=ENDPOINT, options=options)
    return claims


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (RSA_KEY, "RS256"),
        (ec.generate_private_key(ec.SECP256R1()), "ES256"),
        (ec.generate_private_key(ec.SECP384R1()), "ES384"),
        (ec.generate_private_key(ec.SECP521R1()), "ES512"),
        (ed25519.Ed25519PrivateKey.generate(), "EdDSA"),
    ],
    ids=["rsa", "p256", "p384", "p521", "ed25519"],
)
def test_the_assertion_is_signed_with_what_fits_the_key(key: AnyKey, algorithm: str) -> None:
    """RFC 7523 §3: iss and sub are the client, aud is the server, exp is soon."""
    assertion = asserted(loaded(pem(key)))
    claims = decoded(assertion, key, algorithm)
    assert claims["iss"] == claims["sub"] == "billing"
    assert claims["exp"] - claims["iat"] == LIFETIME
    assert claims["iat"] == NOW
    assert jwt.get_unverified_header(assertion) == {"alg": algorithm, "typ": "JWT"}


def test_an_assertion_lives_ten_minutes_at_most() -> None:
    """Entra's page on certificate credentials: 5 to 10 minutes at most."""
    assert LIFETIME <= 600


def test_with_a_certificate_rsa_signs_with_ps256_and_names_its_sha256_thumbprint() -> None:
    """Entra's page on certificate credentials: alg PS256, x5t#S256 of the DER encoding,
    base64url."""
    cert = certificate(RSA_KEY)
    key = loaded(pem(RSA_KEY), certificate=cert)
    assertion = asserted(key)
    decoded(assertion, RSA_KEY, "PS256")
    der = x509.load_pem_x509_certificate(cert).public_bytes(Encoding.DER)
    thumbprint = urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()
    assert jwt.get_unverified_header(assertion) == {"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint}


def test_key_and_certificate_may_stand_in_one_pem() -> None:
    both = (certificate(RSA_KEY) + pem(RSA_KEY)).decode()
    assert loaded(both, certificate=both).algorithm == "PS256"


def test_a_key_id_stands_in_the_header() -> None:
    key = loaded(pem(RSA_KEY), key_id="2026-01")
    assertion = asserted(key)
    assert jwt.get_unverified_header(assertion)["kid"] == "2026-01"


def test_no_two_assertions_have_one_id() -> None:
    """RFC 7523 §3: jti; OpenID Connect Core 1.0 §9: used once."""
    key = loaded(pem(RSA_KEY))
    ids = {decoded(asserted(key), RSA_KEY, "RS256")["jti"] for _ in range(50)}
    assert len(ids) == 50


def test_the_algorithm_may_be_chosen_among_those_that_fit() -> None:
    assert loaded(pem(RSA_KEY), algorithm="PS384").algorithm == "PS384"


def test_an_encrypted_key_opens_with_its_password() -> None:
    assert loaded(pem(RSA_KEY, b"tell nobody"), password="tell nobody").algorithm == "RS256"


@pytest.mark.parametrize(
    ("settings", "parameter"),
    [
        ({"private_key": "-----BEGIN PRIVATE KEY-----\nsecretstuff\n-----END PRIVATE KEY-----"}, "private_key"),
        ({"private_key": ""}, "private_key"),
        ({"private_key": pem(RSA_KEY, b"tell nobody")}, "private_key"),
        ({"private_key": pem(RSA_KEY, b"tell nobody"), "password": "wrong"}, "private_key"),
        ({"private_key": pem(RSA_KEY), "password": "not needed"}, "private_key"),
        ({"private_key": pem(rsa.generate_private_key(65537, 1024))}, "private_key"),  # noqa: S505 - refused
        ({"private_key": pem(ec.generate_private_key(ec.SECP256K1()))}, "private_key"),
        ({"private_key": pem(ed448.Ed448PrivateKey.generate())}, "private_key"),
        ({"private_key": pem(dsa.generate_private_key(2048))}, "private_key"),
        ({"private_key": pem(RSA_KEY), "certificate": "no certificate"}, "certificate"),
        ({"private_key": pem(RSA_KEY), "certificate": certificate(ec.generate_private_key(ec.SECP256R1()))}, "certificate"),
        ({"private_key": pem(RSA_KEY), "algorithm": "ES256"}, "signing_algorithm"),
        ({"private_key": pem(RSA_KEY), "algorithm": "HS256"}, "signing_algorithm"),
        ({"private_key": pem(RSA_KEY), "algorithm": "none"}, "signing_algorithm"),
    ],
    ids=[
        "garbage",
        "empty",
        "password-missing",
        "password-wrong",
        "password-superfluous",
        "rsa-1024",
        "secp256k1",
        "ed448",
        "dsa",
        "certificate-garbage",
        "certificate-of-another-key",
        "algorithm-of-another-type",
        "hmac",
        "none",
    ],
)
def test_what_cannot_sign_is_a_configuration_error_that_shows_no_key(settings: dict[str, Any], parameter: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        loaded(**settings)
    assert raised.value.parameter == parameter
    assert raised.value.__cause__ is None
    assert "secretstuff" not in str(raised.value)


def test_the_repr_of_a_key_shows_no_key() -> None:
    assert "PrivateKey" not in repr(loaded(pem(RSA_KEY)))
