"""A signed statement "I am this client" (RFC 7523 §3, OpenID Connect Core 1.0 §9).

With a certificate the header carries ``x5t#S256`` and the algorithm is PS256, as Microsoft Entra
documents it: https://learn.microsoft.com/entra/identity-platform/certificate-credentials.
"""

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import jwt
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from bearerguard.client_authentication.secret import Secret
from bearerguard.errors import ConfigurationError

LIFETIME: Final = 300
"""Seconds an assertion is valid for; Entra asks for 5 to 10 minutes at most."""

PrivateKey: TypeAlias = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey

_RSA: Final = ("RS256", "PS256", "RS384", "RS512", "PS384", "PS512")
_EC: Final = {"secp256r1": ("ES256",), "secp384r1": ("ES384",), "secp521r1": ("ES512",)}
_MIN_RSA_BITS: Final = 2048  # RFC 7518 §3.3
_PEM: Final = 'Path("client-key.pem").read_bytes()'


@dataclass(frozen=True, slots=True)
class AssertionKey:
    """A key that signs assertions.

    Attributes:
        key: The private key.
        algorithm: One that fits the key.
        header: Header members that tell the server which of the client's keys it is.
    """

    key: PrivateKey = field(repr=False)
    algorithm: str
    header: Mapping[str, str]


def load_assertion_key(
    private_key: Secret,
    *,
    password: Secret | None = None,
    certificate: Secret | None = None,
    key_id: str | None = None,
    algorithm: str | None = None,
) -> AssertionKey:
    """Read a key as it is now, and the certificate that belongs to it.

    Args:
        private_key: PEM: RSA of 2048 bits or more, EC P-256, P-384 or P-521, or Ed25519.
        password: Of an encrypted PEM.
        certificate: PEM; the first one counts. Its dates are not checked: the server does that.
        key_id: ``kid`` for the header, where the client registered several keys.
        algorithm: Default: PS256 with a certificate, else RS256 (RSA); what fits the curve (EC,
            Ed25519).

    Raises:
        ConfigurationError: a value is unreadable or they do not fit together.
    """
    key = _private_key(private_key, password)
    header = {} if key_id is None else {"kid": key_id}
    if certificate is not None:
        header["x5t#S256"] = _thumbprint(certificate, key)
    fitting = _algorithms(key)
    if algorithm is None:
        algorithm = "PS256" if certificate is not None and fitting is _RSA else fitting[0]
    if algorithm not in fitting:
        raise ConfigurationError("signing_algorithm", f"{algorithm!r} does not fit the key", example=" or ".join(fitting))
    return AssertionKey(key, algorithm, header)


def signed_assertion(key: AssertionKey, *, client_id: str, audience: str, now: float) -> Secret:
    """A fresh assertion, never used twice.

    Args:
        key: Signs it.
        client_id: ``iss`` and ``sub``.
        audience: The token endpoint's URL or the issuer, whichever the server expects (RFC 7523
            §3).
        now: Wall time in seconds.
    """
    issued_at = int(now)
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "jti": secrets.token_urlsafe(24),
        # no nbf, which RFC 7523 §3 leaves open: a clock a second ahead must not be refused
        "iat": issued_at,
        "exp": issued_at + LIFETIME,
    }
    return Secret(jwt.encode(claims, key.key, algorithm=key.algorithm, headers=dict(key.header)))


def _private_key(pem: Secret, password: Secret | None) -> PrivateKey:
    pem = pem.current("private_key")
    password = password and password.current("private_key_password")
    try:
        key = load_pem_private_key(pem.octets(), None if password is None else password.octets())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if key is None:  # raised out here: the cause may quote the text it could not read
        problem = "it is not a readable private key in PEM, or its password is missing, wrong or not needed"
        raise ConfigurationError("private_key", problem, example=_PEM)
    if isinstance(key, RSAPrivateKey) and key.key_size < _MIN_RSA_BITS:
        problem = f"it is RSA of {key.key_size} bits, and at least {_MIN_RSA_BITS} are needed"
        raise ConfigurationError("private_key", problem, example=_PEM)
    if isinstance(key, (RSAPrivateKey, EllipticCurvePrivateKey, Ed25519PrivateKey)):
        return key
    raise ConfigurationError("private_key", "expected an RSA, EC or Ed25519 key", example=_PEM)


def _algorithms(key: PrivateKey) -> tuple[str, ...]:
    if isinstance(key, RSAPrivateKey):
        return _RSA
    if isinstance(key, Ed25519PrivateKey):
        return ("EdDSA",)
    if key.curve.name not in _EC:
        raise ConfigurationError(
            "private_key", f"no algorithm signs with the curve {key.curve.name}", example="an EC key on P-256"
        )
    return _EC[key.curve.name]


def _thumbprint(pem: Secret, key: PrivateKey) -> str:
    example = 'Path("client-certificate.pem").read_bytes()'
    pem = pem.current("certificate")
    try:
        certificate = x509.load_pem_x509_certificate(pem.octets())  # the same file may hold the key
        public_key = certificate.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        certificate = None
    if certificate is None:
        raise ConfigurationError("certificate", "it is not a readable certificate in PEM", example=example)
    if public_key != key.public_key():
        raise ConfigurationError("certificate", "it does not belong to private_key", example=example)
    return urlsafe_b64encode(certificate.fingerprint(SHA256())).rstrip(b"=").decode()
