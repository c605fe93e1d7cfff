"""How each algorithm's signature is verified, by ``cryptography`` alone.

PyJWT does the same, but makes paddings and digests anew for each token.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512

Verify: TypeAlias = Callable[[Any, bytes, bytes], None]
"""Given a public key of the algorithm's type, message and signature; raises unless it is the key's."""

_DIGESTS: Final = (SHA256(), SHA384(), SHA512())


def _rsa(padding: Any, digest: Any) -> Verify:
    def verify(key: Any, message: bytes, signature: bytes) -> None:
        key.verify(signature, message, padding, digest)

    return verify


def _ecdsa(digest: Any, octets: int) -> Verify:
    """RFC 7518 §3.4: R and S, each as long as the order of the curve; X.509 has them in DER."""
    how = ECDSA(digest)

    def verify(key: Any, message: bytes, signature: bytes) -> None:
        if len(signature) != 2 * octets:
            raise ValueError
        r, s = int.from_bytes(signature[:octets], "big"), int.from_bytes(signature[octets:], "big")
        key.verify(encode_dss_signature(r, s), message, how)

    return verify


def _eddsa(key: Any, message: bytes, signature: bytes) -> None:
    """RFC 8037 §3.1."""
    key.verify(signature, message)


VERIFY: Final[Mapping[str, Verify]] = {
    **{f"RS{digest.digest_size * 8}": _rsa(PKCS1v15(), digest) for digest in _DIGESTS},  # RFC 7518 §3.3
    # RFC 7518 §3.5: the salt is as long as the digest
    **{f"PS{digest.digest_size * 8}": _rsa(PSS(MGF1(digest), digest.digest_size), digest) for digest in _DIGESTS},
    "ES256": _ecdsa(SHA256(), 32),
    "ES384": _ecdsa(SHA384(), 48),
    "ES512": _ecdsa(SHA512(), 66),
    "EdDSA": _eddsa,
}
"""By ``alg``. A key is verified only by algorithms that belong to its type and curve."""
