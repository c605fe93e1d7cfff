"""The JOSE header: what is accepted of it, and what is never used."""

from typing import Any, Final

import pytest

from support.sealed import ABSENT, RSA, issuer, seal, server, verdict

API: Final = server(token_cache_size=0)
EVIL: Final = RSA.public_jwk()


def headers(text: str) -> bytes:
    """A token sealed under a header that is the standard one with these members behind."""
    return seal(raw_header=f'{{"alg":"ES256","kid":"ec",{text}}}'.encode())


@pytest.mark.parametrize("value", ["[]", '["exp"]', '["b64"]', "null", "{}", '"exp"', "0", "false", '["http://x.test/y"]'])
def test_any_crit_is_refused(value: str) -> None:
    """RFC 7515 §4.1.11: no extension is understood, and an empty or odd list is malformed (CVE-2026-32597)."""
    assert verdict(API, headers(f'"crit":{value}')) == "critical_header"


@pytest.mark.parametrize("value", ["true", "false", "null", "0"])
def test_any_b64_is_refused(value: str) -> None:
    """RFC 7797 §7."""
    assert verdict(API, headers(f'"b64":{value}')) == "critical_header"
    assert verdict(API, headers(f'"b64":{value},"crit":["b64"]')) == "critical_header"


@pytest.mark.parametrize(
    "alg",
    [
        *("none", "None", "NONE", "nOnE", " none", "none ", "noNE\u0000", ""),
        *("HS256", "HS384", "HS512", "hs256", "A256GCMKW", "dir", "RSA1_5", "ES256K", "Ed448", "ML-DSA-44"),
        *(
            "es256",
            "Es256",
            "ES256 ",
            "RS256",
            "RS384",
            "ES384",
            "ES512",
            "eddsa",
            "ed25519",
            "\N{FULLWIDTH LATIN CAPITAL LETTER E}S256",
        ),
    ],
)
def test_only_configured_algorithms_are_accepted_by_their_exact_name(alg: str) -> None:
    """RFC 8725 §3.1: an allow-list, since parsers and case vary."""
    api = server(issuer(algorithms=("ES256", "PS256", "EdDSA")), token_cache_size=0)

    assert verdict(api, seal(alg=alg)) == "unsupported_algorithm"


@pytest.mark.parametrize("alg", [None, 256, 0, 1.5, True, False, ["ES256"], [], {"ES256": 1}, {}, ABSENT], ids=repr)
def test_an_alg_that_is_no_text_is_refused(alg: object) -> None:
    """A list or an integer was a 500 elsewhere, or unhashable."""
    assert verdict(API, seal(alg=alg)) == "unsupported_algorithm"


@pytest.mark.parametrize(
    ("kid", "code"),
    [
        pytest.param(7, "malformed_token", id="integer"),
        pytest.param(None, "malformed_token", id="null"),
        pytest.param(True, "malformed_token", id="bool"),
        pytest.param(["ec"], "malformed_token", id="list"),
        pytest.param({"ec": 1}, "malformed_token", id="object"),
        pytest.param("", "malformed_token", id="empty"),
        pytest.param("k" * 257, "malformed_token", id="257 characters"),
        pytest.param("k" * 300, "malformed_token", id="300 characters"),
        pytest.param("ec\n", "malformed_token", id="line feed"),
        pytest.param("ec\u0000", "malformed_token", id="NUL"),
        pytest.param("\u202eec", "malformed_token", id="writing direction"),
        pytest.param("k" * 256, "unknown_key", id="256 characters"),
        pytest.param("EC", "unknown_key", id="another case"),
        pytest.param("ec ", "unknown_key", id="a blank behind"),
        pytest.param("../../../../dev/null", "unknown_key", id="path"),
        pytest.param("/proc/self/environ", "unknown_key", id="absolute path"),
        pytest.param("https://evil.test/key.json", "unknown_key", id="URL"),
        pytest.param("x' UNION SELECT 'secret", "unknown_key", id="SQL"),
        pytest.param("$(id)|id;`id`", "unknown_key", id="shell"),
        pytest.param("e\N{CYRILLIC SMALL LETTER ES}", "unknown_key", id="Cyrillic letters that look the same"),
    ],
)
def test_a_kid_is_a_short_text_that_is_only_looked_up(kid: object, code: str) -> None:
    """RFC 8725 §3.10, §2.15: case-sensitive, by code point, never a path or a query."""
    assert verdict(API, seal(kid=kid)) == code


@pytest.mark.parametrize(
    ("typ", "code"),
    [
        pytest.param(ABSENT, "accepted", id="absent"),
        *[pytest.param(typ, "accepted", id=typ) for typ in ("JWT", "jwt", "Jwt", "at+jwt", "AT+JWT", "application/at+jwt")],
        *[pytest.param(typ, "accepted", id=typ) for typ in ("application/jwt", "Application/AT+JWT")],
        pytest.param("", "wrong_token_type", id="empty"),
        pytest.param("application/", "wrong_token_type", id="empty behind application/"),
        pytest.param("application/application/at+jwt", "wrong_token_type", id="application/ twice"),
        pytest.param(" at+jwt", "wrong_token_type", id="blank before"),
        pytest.param("at+jwt ", "wrong_token_type", id="blank behind"),
        pytest.param("at+jwt;charset=utf-8", "wrong_token_type", id="parameter"),
        *[pytest.param(typ, "wrong_token_type", id=typ) for typ in ("dpop+jwt", "id_token", "logout+jwt", "secevent+jwt")],
        *[pytest.param(typ, "wrong_token_type", id=typ) for typ in ("JOSE", "JWE", "JWS", "JOSE+JSON", "oauth-authz-req+jwt")],
        *[pytest.param(typ, "wrong_token_type", id=typ) for typ in ("rt+jwt", "refresh+jwt", "token-introspection+jwt")],
        *[pytest.param(typ, "wrong_token_type", id=repr(typ)) for typ in (None, 1, True, ["JWT"], {"JWT": 1})],
    ],
)  # fmt: skip
def test_typ_is_absent_or_that_of_an_access_token(typ: object, code: str) -> None:
    """RFC 8725 §3.11, RFC 9068 §2.1: demanding ``JWT`` or ``at+jwt`` alone breaks good issuers."""
    assert verdict(API, seal(typ=typ)) == code


@pytest.mark.parametrize(
    ("typ", "code"),
    [
        *[pytest.param(typ, "accepted", id=typ) for typ in ("at+jwt", "AT+jwt", "application/at+jwt")],
        *[pytest.param(typ, "wrong_token_type", id=typ) for typ in ("JWT", "application/jwt", "", "id_token")],
        pytest.param(ABSENT, "wrong_token_type", id="absent"),
    ],
)
def test_typ_is_at_jwt_where_that_is_demanded(typ: object, code: str) -> None:
    """RFC 9068 §4."""
    assert verdict(server(issuer(require_at_jwt=True)), seal(typ=typ)) == code


@pytest.mark.parametrize(
    "brought",
    [
        pytest.param({"jwk": EVIL}, id="jwk"),
        pytest.param({"jwk": {**EVIL, "kid": "ec"}}, id="jwk under the known kid"),
        pytest.param({"jku": "https://evil.test/jwks.json"}, id="jku"),
        pytest.param({"jku": "file:///etc/passwd"}, id="jku of a file"),
        pytest.param({"x5u": "https://evil.test/chain.pem"}, id="x5u"),
        pytest.param({"x5c": ["MIIB"]}, id="x5c"),
        pytest.param({"x5t": "AAAA", "x5t#S256": "AAAA"}, id="x5t"),
        pytest.param({"jwk": 1, "jku": 2, "x5u": [], "x5c": {}, "x5t": None}, id="of odd types"),
        pytest.param({"cty": "JWT", "zip": "DEF", "enc": "A256GCM", "p2c": 2**31, "epk": {}}, id="of encryption"),
    ],
)
def test_what_a_header_brings_of_keys_is_never_used(brought: dict[str, Any]) -> None:
    """CVE-2018-0114: such members change no verdict, and under static keys nothing could wait for a fetch."""
    assert verdict(API, seal(**brought)) == "accepted"
    assert verdict(API, seal(key=RSA, kid="evil", **brought)) == "unknown_key"
    assert verdict(API, seal(key=RSA, kid="ec", **brought)) == "unknown_key"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        pytest.param([[]] * 30, "accepted", id="32 objects and arrays"),
        pytest.param([[]] * 31, "malformed_token", id="33 objects and arrays"),
        pytest.param([0] * 63, "accepted", id="64 commas"),
        pytest.param([0] * 64, "malformed_token", id="65 commas"),
    ],
)
def test_an_unfamiliar_header_is_little_work(value: list[Any], code: str) -> None:
    """Anybody can make us read one."""
    assert verdict(server(), seal(x=value)) == code
