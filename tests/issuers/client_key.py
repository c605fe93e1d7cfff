"""A client that proves itself by a key: the key, a certificate of it, and what the server is told of it."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from jwt.algorithms import RSAAlgorithm


@dataclass(frozen=True, slots=True)
class ClientKey:
    """PEM texts, and the public key as a JWK Set."""

    private_key: bytes
    certificate: bytes
    public_jwks: dict[str, Any]


def make_client_key(common_name: str) -> ClientKey:
    """An RSA key of 2048 bits, and a certificate of its own for two days."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - dt.timedelta(days=1),
        not_valid_after=now + dt.timedelta(days=1),
    )
    return ClientKey(
        private_key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        certificate=builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM),
        public_jwks={"keys": [RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)]},
    )
