"""What other verifiers got wrong, one test each: security first, then what kept good tokens out.

The mistakes of key fetching, of middlewares and of clients have their tests in those rooms.
"""

import logging
from typing import Any, Final

import pytest

from bearerguard.error_codes import ALL_CODES
from bearerguard.errors import AccessTokenError
from bearerguard.issuers.issuer import Issuer
from bearerguard.resource_server import ResourceServer
from bearerguard.testing import SigningKey
from bearerguard.token.credentials import read_credentials
from support.published import Published
from support.sealed import ABSENT, AUDIENCE, EC, ISSUER, NOW, RSA, claims, issuer, judge, key_set, refusal, seal, server, verdict

API: Final = server(token_cache_size=0)
FORGED: Final = seal(payload=claims(roles=["Admin"], scope="admin"), key=SigningKey("ES256", kid="ec"))
ODD: Final = (
    seal(alg=7),
    seal(alg=["ES256"]),
    seal(kid=7),
    seal(typ=["JWT"]),
    seal(crit=7),
    seal(payload=b"[]"),
    seal(payload=b'"x"'),
    seal(payload=b"7"),
    seal(payload=claims(exp="soon")),
    seal(payload=claims(exp=[])),
    seal(payload=claims(iss=[ISSUER])),
    seal(payload=claims(iss={})),
    seal(payload=claims(aud={})),
    seal(payload=claims(aud=[[]])),
    seal(payload=claims(token_use=[])),
    seal(payload=claims(typ={}, events=1)),
)


# --- security


def test_a_token_without_exp_is_not_accepted() -> None:
    """PyJWT's client, fastmcp, okta-jwt-verifier and guardpost accept one: it would never end."""
    assert verdict(API, seal(payload=claims(exp=ABSENT))) == "missing_claim"


def test_nbf_is_checked() -> None:
    """auth0-fastapi-api, okta-jwt-verifier and fastmcp do not."""
    assert verdict(API, seal(payload=claims(nbf=NOW + 61))) == "token_not_yet_valid"


@pytest.mark.parametrize("name", ["aud", "iss"])
@pytest.mark.parametrize("value", [ABSENT, None, "", []], ids=["absent", "null", "empty", "empty list"])
def test_aud_and_iss_are_not_optional(name: str, value: object) -> None:
    """fastmcp, fastapi-cognito and fastapi-keycloak-middleware make them so (CVE-2024-33663, CVE-2026-116684)."""
    assert verdict(API, seal(payload=claims(**{name: value}))) != "accepted"


def test_what_a_token_permits_is_not_judged_before_its_signature() -> None:
    """A forged role must neither open a route nor tell by a 403 that it would: there is no principal without a signature."""
    error = refusal(API, FORGED)

    assert (error.code, error.status) == ("invalid_signature", 401)


def test_no_token_is_logged_at_any_level(caplog: pytest.LogCaptureFixture) -> None:
    """CVE-2025-65015: neither by this library nor by those below it."""
    caplog.set_level(logging.DEBUG)
    api, good = server(), seal()
    refused = (FORGED, *ODD, good[:-3], b"2YotnFZFEjr1zCsicMWpAA", seal(payload=claims(exp=1)))
    judge(api, good)
    for token in refused:
        api.report(refusal(api, token))

    assert len(caplog.records) >= len(refused)
    for token in (good, *refused):
        assert not any(part in caplog.text for part in token.decode().split(".")[-2:] if len(part) > 8)


@pytest.mark.parametrize(
    "alg", ['ES256", error="none', "ES256\r\nSet-Cookie: a=b", "ES256\u2028", "\u0000", "a" * 500], ids=ascii
)
def test_the_tokens_alg_reaches_neither_the_wire_nor_a_line_of_its_own_in_the_log(alg: str) -> None:
    """RFC 6750 §3: copied into ``WWW-Authenticate``, it brought quotes and line breaks."""
    error = refusal(API, seal(alg=alg))

    assert error.code == "unsupported_algorithm"
    assert error.reason in ALL_CODES
    assert error.operator_text.isprintable()


@pytest.mark.parametrize("first", [seal(), seal(claims(iss="https://elsewhere.test/")), seal(b"{"), seal(crit=["x"]), b"a.b"])
@pytest.mark.parametrize("between", [b" ", b", ", b",", b", Bearer "])
def test_several_credentials_are_a_malformed_request_whatever_the_first_is_worth(first: bytes, between: bytes) -> None:
    """RFC 6750 §3.1: which of them counts would be a guess, and the answer must not depend on one of them."""
    error = refusal(API, first + between + seal())

    assert (error.code, error.status) == ("malformed_authorization", 400)


@pytest.mark.parametrize("token", ODD, ids=map(str, range(len(ODD))))
def test_a_value_of_an_odd_type_is_a_401_and_no_crash(token: bytes) -> None:
    """An integer ``alg``, a list as payload or a text as ``exp`` was a 500 elsewhere (CVE-2019-12995, CVE-2019-17195)."""
    assert refusal(API, token).status == 401


def test_an_unknown_crit_is_not_ignored() -> None:
    """CVE-2026-32597, CVE-2025-59420, okta-jwt-verifier."""
    assert verdict(API, seal(crit=["x"], x=1)) == "critical_header"


def test_ps256_is_not_accepted_with_a_key_for_rs256() -> None:
    """RFC 7517 §4.4: a key is used with the one algorithm that it names."""
    api = server(issuer(keys=[RSA], algorithms=["RS256", "PS256"]), token_cache_size=0)

    assert verdict(api, seal(key=RSA)) == "accepted"
    assert verdict(api, seal(key=RSA, alg="PS256")) == "unknown_key"


@pytest.mark.anyio
async def test_keys_and_verified_tokens_are_not_found_without_their_issuer() -> None:
    """CVE-2025-59936, CVE-2026-49998: one kid at two issuers, one after the other, and a cache in between."""
    published = Published()
    theirs = SigningKey("ES256", kid="ec")
    published.keys["evil.test"] = [theirs]
    api = published.server(published.issuer(), published.issuer("https://evil.test/"))
    await api.authenticate(seal(payload=claims(iss="https://evil.test/"), key=theirs))
    await api.authenticate(seal())

    assert (await _code(api, seal(key=theirs))) == "invalid_signature"
    assert (await _code(api, seal(payload=claims(iss="https://evil.test/")))) == "invalid_signature"


async def _code(api: ResourceServer, token: bytes) -> str:
    with pytest.raises(AccessTokenError) as caught:
        await api.authenticate(token)
    return caught.value.code


# --- interoperability


@pytest.mark.parametrize("alg", ["RS256", "PS256"])
def test_keys_without_alg_are_not_dropped(alg: str) -> None:
    """Entra publishes keys without `alg`; fastapi-zitadel-auth refuses them, PyJWT binds them to RS256."""
    jwk = {name: value for name, value in RSA.public_jwk().items() if name not in {"alg", "use"}}

    assert verdict(server(issuer(keys=[jwk])), seal(key=RSA, alg=alg)) == "accepted"


@pytest.mark.parametrize("typ", [ABSENT, "JWT", "at+jwt", "application/at+jwt"], ids=["absent", "JWT", "at+jwt", "application"])
def test_typ_is_not_demanded_as_one_of_its_forms_alone(typ: object) -> None:
    """fastapi-zitadel-auth demands ``JWT``, Authlib's RFC 9068 validator ``at+jwt``: it refuses every token of Entra."""
    assert verdict(API, seal(typ=typ)) == "accepted"


@pytest.mark.parametrize("name", ["https://tenant.auth0.test/", "https://sts.test/8f3c/", "https://kc.test/realms/r"])
def test_an_issuers_trailing_slash_is_not_touched(name: str) -> None:
    """fastapi-oidc-guard strips it: Auth0 and Entra v1 fail to start."""
    assert verdict(server(issuer(name)), seal(payload=claims(iss=name))) == "accepted"


def test_an_audience_in_a_list_is_accepted() -> None:
    """fastapi-azure-auth refuses it."""
    assert verdict(API, seal(payload=claims(aud=["https://tenant.auth0.test/userinfo", AUDIENCE]))) == "accepted"


def test_nbf_is_not_demanded() -> None:
    """fastapi-azure-auth does; Auth0 and Cognito send none."""
    assert verdict(API, seal(payload=claims(nbf=ABSENT))) == "accepted"


@pytest.mark.parametrize("scheme", [b"bearer", b"BEARER", b"Bearer"])
def test_the_scheme_is_not_compared_by_case(scheme: bytes) -> None:
    """RFC 9110 §11.1."""
    assert judge(API, read_credentials([(b"authorization", scheme + b" " + seal())]))


@pytest.mark.parametrize("role", ["Read All", "Read,All", "Read.All Write.All", " Read.All", "Läs.Allt"])
def test_a_role_is_a_whole_element_and_is_not_split(role: str) -> None:
    """Names match exactly; a role may hold blanks and commas."""
    assert judge(API, seal(payload=claims(roles=[role]))).roles == {role}


@pytest.mark.parametrize(
    "odd",
    [
        {"kty": "RSA", "kid": "x", "alg": ["RS256"], "n": "AQAB", "e": "AQAB"},
        {"kty": "RSA", "kid": "x", "n": "!", "e": "AQAB"},
        {"kty": "oct", "kid": "x", "k": "c2VjcmV0"},
        {"kty": "EC", "crv": "secp256k1", "kid": "x", "x": "AA", "y": "AA"},
        {"kty": "AKP", "kid": "x", "alg": "ML-DSA-44", "pub": "AA"},
        {"kid": "x"},
        {**RSA.public_jwk(), "crv": []},
    ],
    ids=["list as alg", "no base64", "symmetric", "unknown curve", "unknown type", "empty", "list as crv of an RSA key"],
)
def test_a_key_that_cannot_be_used_does_not_sink_the_set(odd: dict[str, Any]) -> None:
    """RFC 7517 §5: unusable members are ignored one by one. A list as ``alg`` loses a whole set in PyJWT."""
    api = server(Issuer(ISSUER, jwks={"keys": [odd, *key_set(EC)["keys"]]}))

    assert verdict(api, seal()) == "accepted"
