"""The signature check alone, as ``cryptography`` does it: the unit of everything else. Needs nothing but ``cryptography``."""

from collections.abc import Callable
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")


def raw_verification(algorithm: str, key: Any, message: bytes, signature: bytes) -> Callable[[], object]:
    """One verification with everything prepared: the key, the padding, and for ES256 the signature in DER.

    Args:
        algorithm: One of ``ALGORITHMS``.
        key: Public key of ``cryptography``.
        message: Signing input.
        signature: As it stands in the token.
    """
    if algorithm == "EdDSA":
        return lambda: key.verify(signature, message)
    if algorithm == "ES256":
        half = len(signature) // 2
        der = encode_dss_signature(int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big"))
        ecdsa = ec.ECDSA(SHA256())
        return lambda: key.verify(der, message, ecdsa)
    how = padding.PKCS1v15() if algorithm == "RS256" else padding.PSS(padding.MGF1(SHA256()), SHA256.digest_size)
    digest = SHA256()
    return lambda: key.verify(signature, message, how, digest)
