"""Tokens sealed with keys of our own, and a resource server that judges them under static keys, so that nothing has to wait."""

from collections.abc import Collection, Mapping
from typing import Any, Final

import pytest

from bearerguard.error_codes import ALL_CODES
from bearerguard.errors import AccessTokenError, InsufficientScope, InvalidRequest, InvalidToken, MissingToken
from bearerguard.issuers.issuer import Issuer
from bearerguard.principal import Principal
from bearerguard.resource_server import ResourceServer
from bearerguard.testing import FakeClock, SigningKey

NOW: Final = 1_767_268_800
ISSUER: Final = "https://issuer.test/"
AUDIENCE: Final = "api://orders"
RSA: Final = SigningKey("RS256", kid="rsa")
EC: Final = SigningKey("ES256", kid="ec")
EDWARDS: Final = SigningKey("EdDSA", kid="edwards")
ALL_KEYS: Final = (RSA, EC, EDWARDS)
ABSENT: Final = ...
"""Stands for a member to leave out."""

_MEANING: Final = {
    MissingToken: (401, ""),
    InvalidRequest: (400, "invalid_request"),
    InvalidToken: (401, "invalid_token"),
    InsufficientScope: (403, "insufficient_scope"),
}


def claims(**changes: Any) -> dict[str, Any]:
    """Good claims, with members replaced, or left out by ``ABSENT``."""
    good = {
        "iss": ISSUER,
        "sub": "5f1d7a0e",
        "aud": AUDIENCE,
        "exp": NOW + 3600,
        "nbf": NOW,
        "iat": NOW,
        "jti": "0c4f",
        "client_id": "reader",
        "roles": ["Read.All"],
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not ABSENT}


def seal(
    payload: Mapping[str, Any] | bytes | None = None,
    *,
    key: SigningKey = EC,
    raw_header: bytes | None = None,
    **header: Any,
) -> bytes:
    """A token over exactly this payload, signed so that nothing but what a test changed can be wrong with it."""
    members = {"alg": key.algorithm, "kid": key.kid, **header}
    present = {name: value for name, value in members.items() if value is not ABSENT}
    algorithm = header.get("alg")
    used = algorithm if key.can_sign_with(algorithm) else None
    return key.compact(present if raw_header is None else raw_header, claims() if payload is None else payload, used).encode()


def key_set(*keys: SigningKey | Mapping[str, Any]) -> dict[str, Any]:
    """A JWK Set of these keys, or of ready members."""
    return {"keys": [key.public_jwk() if isinstance(key, SigningKey) else dict(key) for key in keys]}


def issuer(name: str = ISSUER, keys: Collection[SigningKey | Mapping[str, Any]] = ALL_KEYS, **settings: Any) -> Issuer:
    """An issuer with static keys."""
    return Issuer(name, jwks=key_set(*keys), **settings)


def server(*issuers: Issuer, audience: str | Collection[str] = AUDIENCE, **settings: Any) -> ResourceServer:
    """A resource server whose clock stands at ``NOW``; its default issuer has a key of each kind."""
    return ResourceServer(issuers or (issuer(),), audience, **{"clock": FakeClock(NOW), **settings})


def judge(judging: ResourceServer, token: str | bytes) -> Principal:
    """What ``authenticate`` gives or raises, without an event loop: under static keys it must not wait for anything."""
    judgement = judging.authenticate(token)
    try:
        judgement.send(None)
    except StopIteration as done:
        principal: Principal = done.value
        return principal
    finally:
        judgement.close()
    raise AssertionError("a token judged under static keys had to wait")


def refusal(judging: ResourceServer, token: str | bytes) -> AccessTokenError:
    """The refusal of a token, once it has been seen that it keeps the promises all refusals make."""
    with pytest.raises(AccessTokenError) as caught:
        judge(judging, token)
    error = caught.value
    assert (error.status, error.error) == _MEANING[type(error)]
    tells_nothing(error, token if isinstance(token, bytes) else token.encode("utf-8", "surrogatepass"))
    return error


def verdict(judging: ResourceServer, token: str | bytes) -> str:
    """The code of a refusal, or ``accepted``."""
    try:
        judge(judging, token)
    except AccessTokenError:
        return refusal(judging, token).code
    return "accepted"


def tells_nothing(error: AccessTokenError, token: bytes) -> None:
    """The wire's text is a constant; the operator's is one short line without the token, its payload or its signature."""
    assert error.reason in ALL_CODES
    shown = error.operator_text
    assert shown.isprintable()
    assert len(shown) < 800
    text = f"{shown} {error!r} {error.args}".encode()
    for part in (token, *token.split(b".")[1:]):
        assert len(part) < 16 or part not in text
