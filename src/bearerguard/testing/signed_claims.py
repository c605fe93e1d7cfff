"""What a JWT says, once a known key has verified it. Times and audience are not judged."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

import jwt
from jwt.algorithms import OKPAlgorithm

from bearerguard.issuers.issuer import ALGORITHMS

_JWS: Final = jwt.PyJWS()
_JWS.register_algorithm("Ed25519", OKPAlgorithm())  # PyJWT only knows EdDSA, its older name


def signed_claims(token: str, jwks: Iterable[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The claims; ``None`` where no key verifies them, or the algorithm is not asymmetric.

    Args:
        token: A compact JWS. Without ``kid`` it is tried with every key: msal sends ``x5t``.
        jwks: Public keys.
    """
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError):
        return None
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS:
        return None
    for jwk in jwks:
        if None in (kid, jwk.get("kid")) or kid == jwk["kid"]:
            try:
                key = jwt.PyJWK(dict(jwk), algorithm="EdDSA" if algorithm == "Ed25519" else algorithm)
                claims = json.loads(_JWS.decode(token, key.key, algorithms=[algorithm]))
            except (jwt.PyJWTError, TypeError, ValueError, RecursionError):
                continue
            return claims if isinstance(claims, dict) else None
    return None
