"""Statements about callers that services can verify by themselves."""

import base64
import hashlib
import json
from collections.abc import Sequence
from typing import Any, Final, NoReturn

import jwt
from jwt.algorithms import get_default_algorithms

from bearerguard.checks import checked_number, checked_text
from bearerguard.client_authentication.secret import Secret, SecretPem
from bearerguard.client_authentication.signed_assertion import AssertionKey, load_assertion_key
from bearerguard.clock import Clock, SystemClock
from bearerguard.errors import ConfigurationError
from bearerguard.forward_auth.principal_header import members_of
from bearerguard.principal import Principal

TYPE: Final = "gateway-principal+jwt"
"""``typ`` of a statement: no access token has it (RFC 8725 §3.11)."""

_NAME: Final = r"[\x21-\x7e]{1,256}"
_MAX_LIFETIME: Final = 300.0
_THUMBPRINT_MEMBERS: Final = ("crv", "e", "kty", "n", "x", "y")  # RFC 7638 §3.2, RFC 8037 §2


class SignedPrincipals:
    """Names callers in a short-lived JWT, signed by a key of the gateway.

    ::

        SignedPrincipals(Path("gateway.pem").read_bytes(), issuer="https://gateway.internal", audience="orders")

    A service verifies it as any JWT: the algorithm of the key, ``iss``, ``aud``, ``exp``, and
    ``typ`` ``gateway-principal+jwt``; the claim ``principal`` holds what the plain header holds.
    The public keys are served as a JWK Set at ``/keys``.

    A statement is not bound to one request: whoever reads it can use it until it expires, at the
    services of that audience.

    Args:
        private_key: PEM: EC P-256, P-384 or P-521, Ed25519, or RSA, which signs much more slowly.
            With several, the first signs, and the others are published: first add the new one at
            the end, then put it first, then drop the old one.
        issuer: ``iss`` of the statements.
        audience: ``aud``: the services that may believe them.
        lifetime: Seconds, 5 to 300.
        clock: Tells the wall time.

    Raises:
        ConfigurationError: a value is wrong.
    """

    def __init__(
        self,
        private_key: SecretPem | Sequence[SecretPem],
        *,
        issuer: str,
        audience: str,
        lifetime: float = 60.0,
        clock: Clock | None = None,
    ) -> None:
        given = [private_key] if not isinstance(private_key, (list, tuple)) else list(private_key)
        sealed = [Secret(pem) for pem in given]
        del private_key, given  # an error's traceback shows variables
        if not sealed:
            raise ConfigurationError("private_key", "there is none", example='Path("gateway.pem").read_bytes()')
        keys = [load_assertion_key(pem) for pem in sealed]
        self._signing = keys[0]
        self._public = [_public_jwk(key) for key in keys]
        self._header = {"typ": TYPE, "kid": self._public[0]["kid"]}
        self._issuer = checked_text(
            "issuer", issuer, _NAME, expected="ASCII without blanks", example='"https://gateway.internal"'
        )
        self._audience = checked_text("audience", audience, _NAME, expected="ASCII without blanks", example='"orders"')
        self._lifetime = int(checked_number("lifetime", lifetime, 5, _MAX_LIFETIME, example="60"))
        self._clock = clock or SystemClock()

    def __call__(self, principal: Principal) -> str:
        """The statement about one caller, valid from now on."""
        now = int(self._clock.now())
        claims: dict[str, Any] = {"iss": self._issuer, "aud": self._audience, "iat": now, "exp": now + self._lifetime}
        claims["principal"] = members_of(principal)
        return jwt.encode(claims, self._signing.key, algorithm=self._signing.algorithm, headers=self._header)

    def jwks(self) -> dict[str, Any]:
        """The public keys (RFC 7517 §5)."""
        return {"keys": [dict(jwk) for jwk in self._public]}

    def __reduce__(self) -> NoReturn:
        """A pickle would hold the key in clear."""
        raise TypeError("SignedPrincipals cannot be pickled or copied: build them in each process")


def _public_jwk(key: AssertionKey) -> dict[str, Any]:
    algorithm: Any = get_default_algorithms()[key.algorithm]
    jwk: dict[str, Any] = algorithm.to_jwk(key.key.public_key(), as_dict=True)
    needed: dict[str, Any] = {name: jwk[name] for name in _THUMBPRINT_MEMBERS if name in jwk}
    digest = hashlib.sha256(json.dumps(needed, sort_keys=True, separators=(",", ":")).encode()).digest()
    kid = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return needed | {"use": "sig", "alg": key.algorithm, "kid": kid}
