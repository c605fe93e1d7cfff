"""A bad token for each code with which a token can be refused, made from a good one.

::

    for code in spoilable(issuer):
        with pytest.raises(AccessTokenError) as caught:
            await resource_server.authenticate(spoil(issuer, code))
        assert caught.value.code == code

Codes of status 403 depend on the route, too: theirs are good tokens that lack what it may require.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bearerguard import error_codes as codes
from bearerguard.error_codes import ErrorCode
from bearerguard.testing.local_issuer import LocalIssuer
from bearerguard.testing.signing_key import SigningKey, base64url

_UNKNOWN: Final = "unknown"
_OTHER_TENANT: Final = "99999999-8888-7777-6666-555555555555"
_HOUR: Final = 3600


@dataclass(frozen=True, slots=True)
class Spoiled:
    """How to make a token that is refused with one code.

    Attributes:
        what: What is wrong with it, in words.
        make: Makes it.
        of_some_vendors: Whether only tokens of some vendors can be wrong in this way.
        needs_introspection: Whether only an API that asks the introspection endpoint tells this
            code; any other refuses the token as ``opaque_token``.
    """

    what: str
    make: Callable[[LocalIssuer], str]
    of_some_vendors: bool = False
    needs_introspection: bool = False


def spoil(issuer: LocalIssuer, code: str | ErrorCode) -> str:
    """A token of this issuer that is refused with this code.

    Args:
        issuer: Signs it. Its times are the issuer's: the verifier must use the same clock.
        code: Such as ``"token_expired"``.

    Raises:
        ValueError: no token of this issuer is refused with this code; see ``spoilable``.
    """
    name = code.code if isinstance(code, ErrorCode) else code
    known = spoilable(issuer, introspection=True)
    if name not in known:
        raise ValueError(f"expected one of {', '.join(known)}, got {name!r}")
    return SPOILED[name].make(issuer)


def spoilable(issuer: LocalIssuer, *, introspection: bool = False) -> tuple[str, ...]:
    """The codes for which this issuer has a bad token.

    Args:
        issuer: Signs it.
        introspection: Whether the API asks this issuer's introspection endpoint.
    """
    asks = introspection and bool(issuer.introspection_endpoint)
    return tuple(
        code
        for code, spoiled in SPOILED.items()
        if (not spoiled.of_some_vendors or code in issuer.vendor.own_codes) and (asks or not spoiled.needs_introspection)
    )


def _changed(**claims: Any) -> Callable[[LocalIssuer], str]:
    return lambda issuer: issuer.mint(claims=claims)


def _retyped(**header: Any) -> Callable[[LocalIssuer], str]:
    return lambda issuer: issuer.mint(header=header)


def _encrypted(issuer: LocalIssuer) -> str:
    header = b'{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"%s"}' % issuer.signing_key.kid.encode()
    return ".".join([base64url(header), *(base64url(part * 16) for part in (b"key", b"iv", b"text", b"tag"))])


def _damaged(issuer: LocalIssuer) -> str:
    """One octet is not UTF-8, as in a token that a public tutorial shows."""
    header = {"alg": issuer.signing_key.algorithm, "kid": issuer.signing_key.kid}
    return issuer.sign(header, b'{"aud":"api://orders","wids":["\x9f"]}')


def _for_another_api(issuer: LocalIssuer) -> str:
    return issuer.mint(claims={issuer.vendor.audience_claim: _UNKNOWN})


def _run_out(issuer: LocalIssuer) -> str:
    now = issuer.now()
    times = {"iat": now - 2 * _HOUR, "exp": now - _HOUR}
    return issuer.mint(claims={**times, "nbf": now - 2 * _HOUR})


def _too_early(issuer: LocalIssuer) -> str:
    return issuer.mint(claims={"nbf": issuer.now() + _HOUR, "exp": issuer.now() + 2 * _HOUR})


def _of_the_other_version(issuer: LocalIssuer) -> str:
    return issuer.mint(claims={"ver": "2.0" if issuer.shape == "entra_v1" else "1.0"})


def _by_an_unknown_key(issuer: LocalIssuer) -> str:
    return issuer.mint(key=SigningKey(issuer.signing_key.algorithm))


def _forged(issuer: LocalIssuer) -> str:
    return issuer.mint(key=SigningKey(issuer.signing_key.algorithm, kid=issuer.signing_key.kid))


def _of_a_user(issuer: LocalIssuer) -> str:
    return issuer.mint(user="00000000-1111-2222-3333-444444444444", roles=[], scopes=["orders.read"])


def _of_another_client(issuer: LocalIssuer) -> str:
    *others, last = issuer.clients or (_UNKNOWN,)
    return issuer.mint(last if others else _UNKNOWN)


def _revoked(issuer: LocalIssuer) -> str:
    """Opaque, so that only an API with introspection judges it."""
    issuer.revoke(token := issuer.mint(opaque=True))
    return token


def _good(issuer: LocalIssuer) -> str:
    return issuer.mint()


SPOILED: Final[Mapping[str, Spoiled]] = {
    code.code: spoiled
    for code, spoiled in (
        (codes.TOKEN_TOO_LARGE, Spoiled("longer than 16 KiB", _changed(padding="x" * 16_384))),
        (codes.OPAQUE_TOKEN, Spoiled("not a JWT", lambda _: "2YotnFZFEjr1zCsicMWpAA")),
        (codes.ENCRYPTED_TOKEN, Spoiled("five parts", _encrypted)),
        (codes.MALFORMED_TOKEN, Spoiled("claims that are not UTF-8", _damaged)),
        (codes.CRITICAL_HEADER, Spoiled("crit", _retyped(crit=["exp"]))),
        (codes.UNSUPPORTED_ALGORITHM, Spoiled("alg none", _retyped(alg="none"))),
        (codes.WRONG_TOKEN_TYPE, Spoiled("typ of a logout token", _retyped(typ="logout+jwt"))),
        (codes.MISSING_CLAIM, Spoiled("no exp", _changed(exp=None))),
        (codes.INVALID_CLAIM, Spoiled("exp as a string", _changed(exp="4102444800"))),
        (codes.UNKNOWN_ISSUER, Spoiled("iss of an unknown issuer", _changed(iss="https://unknown.test"))),
        (codes.WRONG_AUDIENCE, Spoiled("aud of another API", _for_another_api)),
        (codes.TOKEN_EXPIRED, Spoiled("expired an hour ago", _run_out)),
        (codes.TOKEN_NOT_YET_VALID, Spoiled("valid in an hour", _too_early)),
        (codes.NOT_AN_ACCESS_TOKEN, Spoiled("at_hash of an ID token", _changed(at_hash="77QmUPtjPfzWtF2AnpK9RQ"))),
        (codes.BOUND_TOKEN, Spoiled("cnf", _changed(cnf={"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}))),
        (codes.GRAPH_TOKEN, Spoiled("nonce in the header", _retyped(nonce="STv_yEfAkE8kvfdWxBXVjMDF"), of_some_vendors=True)),
        (codes.WRONG_TENANT, Spoiled("tid of another tenant", _changed(tid=_OTHER_TENANT), of_some_vendors=True)),
        (codes.WRONG_VERSION, Spoiled("ver of the other version", _of_the_other_version, of_some_vendors=True)),
        (codes.WRONG_POLICY, Spoiled("tfp of another policy", _changed(tfp="B2C_1_other"), of_some_vendors=True)),
        (codes.UNKNOWN_KEY, Spoiled("a key that was never published", _by_an_unknown_key)),
        (codes.INVALID_SIGNATURE, Spoiled("a forger's key under the issuer's kid", _forged)),
        (codes.INACTIVE_TOKEN, Spoiled("an opaque token that was revoked", _revoked, needs_introspection=True)),
        (codes.MISSING_ROLE, Spoiled("no roles", lambda issuer: issuer.mint(roles=[]))),
        (codes.MISSING_SCOPE, Spoiled("no scopes", lambda issuer: issuer.mint(scopes=[]))),
        (codes.CLIENT_NOT_ALLOWED, Spoiled("a client that is on no list", _of_another_client)),
        (codes.TENANT_NOT_ALLOWED, Spoiled("the issuer's own tenant", _good)),
        (codes.APPLICATION_REQUIRED, Spoiled("acts for a user", _of_a_user)),
        (codes.USER_REQUIRED, Spoiled("an application's own", _good)),
        (codes.REQUIREMENT_NOT_MET, Spoiled("neither roles nor scopes", lambda issuer: issuer.mint(roles=[], scopes=[]))),
    )
}
"""By code."""
