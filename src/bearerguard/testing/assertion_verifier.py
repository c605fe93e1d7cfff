"""``private_key_jwt``: a client proves who it is by a signed assertion.

Sources: RFC 7523 §3, OpenID Connect Core 1.0 §9.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

import jwt

from bearerguard.clock import Clock
from bearerguard.testing.local_client import LocalClient
from bearerguard.testing.signed_claims import signed_claims
from bearerguard.testing.token_refusal import Reason, TokenRefused

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LEEWAY: Final = 60.0
_REQUIRED: Final = ("iss", "sub", "aud", "exp", "jti")  # OpenID Connect Core 1.0 §9


class AssertionVerifier:
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
        """The client id that an assertion names. Nothing is verified yet: it only selects the keys.

        Raises:
            TokenRefused: the type is another, the assertion cannot be read, or ``client_id`` names
                another client.
        """
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise _wrong("the client_assertion_type is unknown")
        try:
            claims = jwt.decode(form["client_assertion"], options={"verify_signature": False})
        except jwt.PyJWTError:
            raise _wrong("it is not a JWT") from None
        client_id = claims.get("sub")
        if not isinstance(client_id, str) or claims.get("iss") != client_id:
            raise _wrong("iss and sub must both be the client id", Reason.ASSERTION_OF_ANOTHER_CLIENT)
        if form.get("client_id", client_id) != client_id:
            raise _wrong("client_id names another client", Reason.ASSERTION_OF_ANOTHER_CLIENT)
        return client_id

    def verify(self, assertion: str, client: LocalClient) -> None:
        """Judge signature, audience, times and replay.

        Raises:
            TokenRefused: one of them is wrong.
        """
        claims = signed_claims(assertion, (client.public_jwks or {"keys": []})["keys"])
        if claims is None:
            raise _wrong("no registered key of the client verifies it", Reason.ASSERTION_WRONGLY_SIGNED)
        self._check_audience_and_times(claims)
        now = self._clock.now()
        self._seen = {used: until for used, until in self._seen.items() if until > now - _LEEWAY}
        used = (client.id, str(claims["jti"]))
        if used in self._seen:
            raise _wrong("its jti was used before")
        self._seen[used] = claims["exp"]

    def _check_audience_and_times(self, claims: dict[str, Any]) -> None:
        missing = [name for name in _REQUIRED if claims.get(name) is None]
        if missing:
            raise _wrong(f"it has no {missing[0]}")
        named = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        if not any(audience in named for audience in self._audiences):
            raise _wrong("its aud names neither the token endpoint nor the issuer", Reason.ASSERTION_NOT_FOR_THIS_SERVER)
        now, expires_at, not_before = self._clock.now(), claims["exp"], claims.get("nbf", 0)
        if not (_is_time(expires_at) and _is_time(not_before)):
            raise _wrong("its exp or nbf is not a number")
        if not expires_at > now - _LEEWAY:  # refuses NaN, too
            raise _wrong("it has expired", Reason.ASSERTION_OUT_OF_TIME)
        if not not_before <= now + _LEEWAY:
            raise _wrong("it is not valid yet", Reason.ASSERTION_OUT_OF_TIME)


def _is_time(value: object) -> bool:
    return type(value) in (int, float)


def _wrong(problem: str, reason: Reason = Reason.WRONG_ASSERTION) -> TokenRefused:
    return TokenRefused(reason, problem)
