"""``private_key_jwt``: a client that proves itself by a signed assertion (RFC 7523 §3, OpenID Connect Core 1.0 §9)."""

from collections.abc import Collection, Mapping
from typing import Any, Final

import jwt

from bearerguard.clock import Clock
from bearerguard.issuers.issuer import ALGORITHMS
from bearerguard.testing.local_client import LocalClient
from bearerguard.testing.token_refusal import Reason, TokenRefused

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LEEWAY: Final = 60.0
_REQUIRED: Final = ["iss", "sub", "aud", "exp", "jti"]  # OpenID Connect Core 1.0 §9


class ClientAssertions:
    """Verifies assertions and remembers their ids until they expire.

    Args:
        audiences: What ``aud`` may name: the token endpoints and the issuers of this server.
        clock: Judges ``exp`` and ``nbf``.
    """

    def __init__(self, audiences: Collection[str], clock: Clock) -> None:
        self._audiences = list(audiences)
        self._clock = clock
        self._seen: dict[tuple[str, str], float] = {}

    def claimed_client(self, form: Mapping[str, str]) -> str:
        """The client id that an assertion names, before anything is verified: it only selects the keys.

        Raises:
            TokenRefused: another type of assertion, or no readable one, or ``client_id`` names another client.
        """
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise _wrong("the client_assertion_type is unknown")
        try:
            claims = jwt.decode(form["client_assertion"], options={"verify_signature": False})
        except jwt.PyJWTError:
            raise _wrong("it is no JWT") from None
        client_id = claims.get("sub")
        if not isinstance(client_id, str) or claims.get("iss") != client_id:
            raise _wrong("iss and sub must both be the client id")
        if form.get("client_id", client_id) != client_id:
            raise _wrong("client_id names another client")
        return client_id

    def verify(self, assertion: str, client: LocalClient) -> None:
        """Judge signature, audience, times and replay.

        Raises:
            TokenRefused: one of them is wrong.
        """
        claims = self._signed_claims(assertion, client)
        now, expires_at = self._clock.now(), claims["exp"]
        if not isinstance(expires_at, (int, float)) or expires_at <= now - _LEEWAY:
            raise _wrong("it has expired")
        if claims.get("nbf", 0) > now + _LEEWAY:
            raise _wrong("it is not valid yet")
        self._seen = {key: until for key, until in self._seen.items() if until > now - _LEEWAY}
        key = (client.id, str(claims["jti"]))
        if key in self._seen:
            raise _wrong("its jti was used before")
        self._seen[key] = expires_at

    def _signed_claims(self, assertion: str, client: LocalClient) -> dict[str, Any]:
        header = jwt.get_unverified_header(assertion)
        algorithm = header.get("alg")
        if algorithm not in ALGORITHMS:
            raise _wrong("its algorithm is not asymmetric")
        for jwk in (client.public_jwks or {"keys": []})["keys"]:
            if jwk.get("kid", header.get("kid")) != header.get("kid", jwk.get("kid")):
                continue
            try:
                return self._decoded(assertion, jwk, "EdDSA" if algorithm == "Ed25519" else algorithm)
            except jwt.InvalidSignatureError:
                continue
            except jwt.PyJWTError as error:
                raise _wrong(str(error)) from None
        raise _wrong("no registered key of the client verifies it")

    def _decoded(self, assertion: str, jwk: Mapping[str, Any], algorithm: str) -> dict[str, Any]:
        try:
            key = jwt.PyJWK(dict(jwk), algorithm=algorithm)
        except jwt.PyJWTError:
            raise jwt.InvalidSignatureError("the key is of another type") from None
        own_clock: Any = {"require": _REQUIRED, "verify_exp": False, "verify_nbf": False, "verify_iat": False}
        return jwt.decode(assertion, key, algorithms=[algorithm], audience=self._audiences, options=own_clock)


def _wrong(problem: str) -> TokenRefused:
    return TokenRefused(Reason.WRONG_ASSERTION, problem)
