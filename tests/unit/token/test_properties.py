"""Whatever a caller or an issuer sends, the answer is one of the documented ones."""

import json
from base64 import urlsafe_b64decode
from typing import Any, Final

import anyio
import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from bearerguard.errors import AccessTokenError, ConfigurationError, IssuerUnavailable
from bearerguard.issuers.issuer import Issuer
from bearerguard.resource_server import ResourceServer
from bearerguard.testing import FakeClock
from bearerguard.testing.signing_key import base64url
from support.sealed import ALL_KEYS, AUDIENCE, EC, ISSUER, NOW, RSA, claims, key_set, refusal, seal, server, verdict

API: Final = server(token_cache_size=0)

numbers = st.integers(min_value=-(10**25), max_value=10**25) | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | numbers | st.text(max_size=20)
json_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)


def members(*names: str, values: st.SearchStrategy[Any] = json_values) -> st.SearchStrategy[dict[str, Any]]:
    """Objects whose members are mostly those that mean something."""
    return st.dictionaries(st.sampled_from(names) | st.text(max_size=6), values, max_size=6)


# --- tokens


@given(st.text(max_size=300))
def test_any_text_as_token_is_refused_by_a_documented_error(token: str) -> None:
    """Bad input: never 500."""
    assert verdict(API, token) != "accepted"


@given(st.binary(max_size=300))
def test_any_bytes_as_token_are_refused_by_a_documented_error(token: bytes) -> None:
    """The same for what comes from a socket."""
    assert verdict(API, token) != "accepted"


@given(st.lists(st.binary(max_size=80), min_size=3, max_size=3))
def test_any_three_encoded_parts_are_refused_by_a_documented_error(parts: list[bytes]) -> None:
    """Behind the encoding, too."""
    assert verdict(API, b".".join(base64url(part).encode() for part in parts)) != "accepted"


HEADER_NAMES: Final = ("alg", "kid", "typ", "crit", "b64", "nonce", "jwk", "jku", "x5u", "x5c", "x5t", "cty", "zip", "enc")
header_values = json_values | st.sampled_from(["RS256", "ES256", "none", "HS256", "JWT", "at+jwt", "ec", "rsa", [], {}, 0, ""])


@given(members(*HEADER_NAMES, values=header_values))
def test_any_json_as_header_under_a_good_signature(header: dict[str, Any]) -> None:
    """RFC 7515 §4.1: and where it is accepted, it is by the one key and algorithm there are for it."""
    raw = json.dumps(header).encode()
    code = verdict(API, seal(raw_header=raw))

    if code == "accepted":
        assert header["alg"] == "ES256"
        assert header.get("kid", "ec") == "ec"
        assert not {"crit", "b64"} & header.keys()
        assert str(header.get("typ", "JWT")).lower().removeprefix("application/") in {"jwt", "at+jwt"}


CLAIM_NAMES: Final = (
    "iss",
    "aud",
    "exp",
    "nbf",
    "iat",
    "sub",
    "jti",
    "cnf",
    "nonce",
    "events",
    "token_use",
    "typ",
    "roles",
    "scope",
)
claim_values = json_values | st.sampled_from(
    [ISSUER, AUDIENCE, [AUDIENCE], NOW, NOW + 61, NOW - 61, float(NOW), 1e308, "access", "ID"]
)


@given(members(*CLAIM_NAMES, values=claim_values))
def test_any_json_as_claims_under_a_good_signature(changes: dict[str, Any]) -> None:
    """RFC 7519 §4.1: and where they are accepted, they are for us, of this kind, and now."""
    payload = {**claims(), **changes}
    code = verdict(API, seal(payload=payload))

    if code == "accepted":
        assert payload["iss"] == ISSUER
        assert AUDIENCE in ([payload["aud"]] if isinstance(payload["aud"], str) else payload["aud"])
        assert isinstance(payload["exp"], int | float)
        assert not isinstance(payload["exp"], bool)
        assert payload["exp"] + 60 > NOW
        assert payload["nbf"] <= NOW + 60
        assert not {"cnf", "nonce", "at_hash", "c_hash", "events"} & payload.keys()
        assert payload.get("token_use", "access") == "access"


@given(json_values)
def test_any_json_as_payload_under_a_good_signature(payload: Any) -> None:
    """RFC 7519 §7.2: an array skipped every claim check elsewhere (CVE-2026-107723)."""
    assert verdict(API, seal(payload=json.dumps(payload).encode())) != "accepted"


@given(st.binary(max_size=60))
def test_any_bytes_as_payload_under_a_good_signature(payload: bytes) -> None:
    """A good signature does not make text of it."""
    assert verdict(API, seal(payload=payload)) != "accepted"


@given(st.sampled_from(ALL_KEYS), st.dictionaries(st.text(max_size=5), json_values, max_size=3), st.data())
def test_any_flipped_bit_of_a_good_token_is_refused(key: Any, more: dict[str, Any], data: st.DataObject) -> None:
    """RFC 7515 §5.2, whatever the token says; ``refusal`` sees to it that the refusal tells nothing of it."""
    token = bytearray(seal(payload={**more, **claims()}, key=key))
    bit = data.draw(st.integers(0, len(token) * 8 - 1))
    token[bit // 8] ^= 1 << bit % 8

    assert refusal(API, bytes(token)).status in {400, 401}


@given(st.dictionaries(st.sampled_from(["aud", "iss", "sub", "exp", "typ", "nonce", "azp"]), st.text(min_size=100), min_size=1))
def test_the_operators_text_is_short_and_on_one_line_whatever_a_claim_says(changes: dict[str, str]) -> None:
    """No forged log lines; ``refusal`` demands printable text without the token."""
    if verdict(API, seal(payload=claims(**changes))) != "accepted":
        refusal(API, seal(payload=claims(**changes)))


# --- key sets

KEY_NAMES: Final = ("kty", "kid", "use", "key_ops", "alg", "n", "e", "crv", "x", "y", "d", "k", "x5c", "issuer")
key_values = json_values | st.sampled_from(
    ["RSA", "EC", "OKP", "oct", "sig", "enc", ["verify"], "RS256", "ES256", "P-256", "AQAB"]
)
odd_keys = members(*KEY_NAMES, values=key_values)
changed_keys = st.builds(lambda key, changes: {**key.public_jwk(), **changes}, st.sampled_from(ALL_KEYS), odd_keys)


@given(st.lists(odd_keys | changed_keys | json_values, max_size=5))
def test_any_json_as_static_key_set_is_a_wrong_setting_or_a_key_set(keys: list[Any]) -> None:
    """RFC 7517 §5: and then a token is judged by documented errors."""
    try:
        api = ResourceServer(Issuer(ISSUER, jwks={"keys": keys}), AUDIENCE, clock=FakeClock(NOW))
    except ConfigurationError:
        return
    verdict(api, seal())
    verdict(api, seal(key=RSA))


@given(st.lists(odd_keys | changed_keys | json_values, max_size=5), st.integers(0, 5))
def test_no_member_of_a_key_set_sinks_a_good_one(keys: list[Any], place: int) -> None:
    """RFC 7517 §5: a list as ``alg`` lost a whole set elsewhere."""
    stranger = [key for key in keys if not (isinstance(key, dict) and key.get("kid") == "ec")]
    api = server(Issuer(ISSUER, jwks={"keys": [*stranger[:place], EC.public_jwk(), *stranger[place:]]}))

    assert verdict(api, seal()) == "accepted"


async def _fetched(body: bytes) -> str:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=body))
    api = ResourceServer(Issuer(ISSUER, jwks_uri=f"{ISSUER}keys"), AUDIENCE, transport=transport, clock=FakeClock(NOW))
    try:
        await api.authenticate(seal())
    except (AccessTokenError, IssuerUnavailable) as error:
        return error.code
    return "accepted"


@settings(max_examples=50)
@given(
    st.binary(max_size=100)
    | json_values.map(json.dumps).map(str.encode)
    | st.lists(odd_keys).map(lambda keys: json.dumps({"keys": keys}).encode())
)
def test_any_fetched_key_set_gives_an_answer(body: bytes) -> None:
    """Bad input: an error page, half a set, another document."""
    assert anyio.run(_fetched, body) in {"issuer_unavailable", "unknown_key", "invalid_signature"}


@settings(max_examples=20)
@given(st.lists(odd_keys | changed_keys, max_size=3))
def test_a_fetched_key_set_with_odd_members_serves_its_good_key(keys: list[Any]) -> None:
    """The same over the wire."""
    others = [key for key in keys if key.get("kid") != "ec"]
    body = json.dumps({"keys": [*others, *key_set(EC)["keys"]]}).encode()

    assert anyio.run(_fetched, body) == "accepted"


@given(st.binary(min_size=64, max_size=64))
def test_no_other_octets_are_the_signature_of_a_token(signature: bytes) -> None:
    """Of the right length, too."""
    token = seal()
    message, _, good = token.rpartition(b".")
    if signature != urlsafe_b64decode(good + b"=="):
        assert verdict(API, message + b"." + base64url(signature).encode()) == "invalid_signature"
