"""A private key that signs tokens and shows only its public half."""

import hashlib
import json
import weakref
from base64 import urlsafe_b64encode
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import Algorithm, get_default_algorithms

PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

_CURVES: Final[dict[str, ec.EllipticCurve]] = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
_RSA: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_EDWARDS: Final = ("EdDSA", "Ed25519")
_FAMILIES: Final = (_RSA, _EDWARDS, *((name,) for name in _CURVES))
_REQUIRED_MEMBERS: Final = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}
_ALGORITHMS: Final[dict[str, Algorithm]] = get_default_algorithms()

# An RSA key takes some 50 ms to make, so one whose owner is gone is lent again. Two owners that
# live never share one.
_idle_rsa_keys: Final[dict[int, list[rsa.RSAPrivateKey]]] = defaultdict(list)


class SigningKey:
    """A fresh key pair. The private half never leaves this object and is in no ``repr``.

    Attributes:
        algorithm: The JWS algorithm it signs with unless another is asked for.
        kid: Key id: by default the first 16 characters of the key's thumbprint (RFC 7638).

    Args:
        algorithm: ``RS256``, ``RS384``, ``RS512``, ``PS256``, ``PS384``, ``PS512``, ``ES256``,
            ``ES384``, ``ES512``, ``EdDSA`` or ``Ed25519``.
        kid: Key id instead of the thumbprint; two keys may share one, as no good issuer does.
        bits: Size of an RSA key; 1024 makes one that a verifier has to refuse (RFC 7518 §3.3).

    Raises:
        ValueError: the algorithm is not one of those.
    """

    def __init__(self, algorithm: str = "RS256", *, kid: str | None = None, bits: int = 2048) -> None:
        self._private = self._borrow_rsa(bits) if algorithm in _RSA else _small_key(algorithm)
        self.algorithm = algorithm
        public = self._public_members()
        self.kid = thumbprint(public)[:16] if kid is None else kid

    def _borrow_rsa(self, bits: int) -> rsa.RSAPrivateKey:
        idle = _idle_rsa_keys[bits]
        private = idle.pop() if idle else rsa.generate_private_key(public_exponent=65537, key_size=bits)
        weakref.finalize(self, idle.append, private)
        return private

    def _public_members(self) -> dict[str, Any]:
        jwk: dict[str, Any] = _algorithm(self.algorithm).to_jwk(self._private.public_key(), as_dict=True)
        return {name: jwk[name] for name in _REQUIRED_MEMBERS[jwk["kty"]]}

    def public_jwk(self) -> dict[str, Any]:
        """The public key as a JWK (RFC 7517) with ``kid``, ``use`` and ``alg``."""
        return {**self._public_members(), "kid": self.kid, "use": "sig", "alg": self.algorithm}

    def can_sign_with(self, algorithm: object) -> bool:
        """Whether the algorithm needs this type of key, and this curve."""
        return any(algorithm in family and self.algorithm in family for family in _FAMILIES)

    def sign(self, message: bytes, algorithm: str | None = None) -> bytes:
        """The signature over ``message``.

        Args:
            message: Signing input, header and payload of a compact JWS.
            algorithm: Another algorithm for this type of key: ``PS256`` with a key made for
                ``RS256``.

        Raises:
            ValueError: the algorithm needs another type of key.
        """
        name = algorithm or self.algorithm
        if not self.can_sign_with(name):
            raise ValueError(f"a key for {self.algorithm} cannot sign {name!r}")
        return _algorithm(name).sign(message, self._private)

    def compact(self, header: Mapping[str, Any] | bytes, payload: Mapping[str, Any] | bytes, algorithm: str | None = None) -> str:
        """A JWS in compact form (RFC 7515 §7.1): any header, any payload, and their signature.

        Args:
            header: An object, or the raw bytes to send in its place.
            payload: The same.
            algorithm: By default the header's ``alg`` where this key can sign with it, else the
                key's.

        Raises:
            ValueError: this key cannot sign with ``algorithm``.
        """
        signing_input = f"{base64url(_octets(header))}.{base64url(_octets(payload))}"
        if algorithm is None and isinstance(header, Mapping) and self.can_sign_with(header.get("alg")):
            algorithm = header["alg"]
        return f"{signing_input}.{base64url(self.sign(signing_input.encode('ascii'), algorithm))}"

    def __repr__(self) -> str:
        """Algorithm and key id."""
        return f"<SigningKey {self.algorithm} kid={self.kid!r}>"


def thumbprint(public_jwk: dict[str, Any]) -> str:
    """SHA-256 thumbprint of a public JWK in base64url (RFC 7638 §3)."""
    members = {name: public_jwk[name] for name in _REQUIRED_MEMBERS[public_jwk["kty"]]}
    canonical = json.dumps(members, sort_keys=True, separators=(",", ":")).encode()
    return base64url(hashlib.sha256(canonical).digest())


def base64url(data: bytes) -> str:
    """Base64url without padding (RFC 7515 §2)."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _octets(part: Mapping[str, Any] | bytes) -> bytes:
    return part if isinstance(part, bytes) else json.dumps(part, separators=(",", ":"), ensure_ascii=False).encode()


def _small_key(algorithm: str) -> PrivateKey:
    if algorithm in _EDWARDS:
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm in _CURVES:
        return ec.generate_private_key(_CURVES[algorithm])
    raise ValueError(f"expected one of {', '.join((*_RSA, *_CURVES, *_EDWARDS))}, got {algorithm!r}")


def _algorithm(name: str) -> Algorithm:
    return _ALGORITHMS["EdDSA" if name == "Ed25519" else name]  # PyJWT only knows the older name
