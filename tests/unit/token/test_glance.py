"""What is seen of a token before it is read: only ever enough to refuse it, and never enough to accept it."""

import json
from collections.abc import Mapping
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bearerguard import error_codes as codes
from bearerguard.issuers.claim_rule import ClaimRule
from bearerguard.issuers.profile import Profile
from bearerguard.keys.jwk_set import JWKSet
from bearerguard.keys.static_key_source import StaticKeySource
from bearerguard.resource_server import ResourceServer
from bearerguard.testing import SigningKey
from bearerguard.token.glance import ISSUER, KID, sole_text
from bearerguard.token.jws import Parser
from support.sealed import ALL_KEYS, EC, RSA, claims, issuer, key_set, refusal, seal, server, verdict

HERE: Final = "https://issuer.test/"
ELSEWHERE: Final = "https://elsewhere.test/"
TEMPLATE: Final = "https://login.test/{tenantid}/"
TENANT: Final = "8f3c1d52-0b6e-4c49-9d55-2f1f6a0f3b11"
BROKEN: Final = b'{"iss":"%b","exp":}'


# --- one member's text


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        pytest.param(b'{"iss":"a"}', "a", id="alone"),
        pytest.param(b'{"x":1,"iss" :\n\t"a" ,"y":[]}', "a", id="white space"),
        pytest.param(b'{"iss":""}', "", id="empty"),
        pytest.param(b'{"x":{"iss":"a"}}', "a", id="nested: not at the top, so that the token is refused either way"),
        pytest.param(b'{"x":"iss","y":":a","iss":"b"}', "b", id="texts that look like it"),
        pytest.param(b"{}", None, id="absent"),
        pytest.param(b'{"iss":7}', None, id="no text"),
        pytest.param(b'{"iss":"a","x":{"iss":"b"}}', None, id="two"),
        pytest.param(b'{"iss":"a","iss":"a"}', None, id="twice"),
        pytest.param(b'{"\\u0069ss":"b","x":{"iss":"a"}}', None, id="escaped name"),
        pytest.param(b'{"iss":"a\\"b"}', None, id="escaped text"),
        pytest.param(b'{"x":"\\"iss\\":\\"a\\""}', None, id="a text that holds JSON"),
        pytest.param('{"iss":"\N{LATIN SMALL LETTER DOTLESS I}"}'.encode(), None, id="beyond ASCII"),
        pytest.param(b'{"ISS":"a"}', None, id="another case"),
        pytest.param(b'{"iss":"a', None, id="cut"),
    ],
)
def test_a_text_is_seen_where_it_cannot_be_another(octets: bytes, text: str | None) -> None:
    assert sole_text(ISSUER, octets) == text


@pytest.mark.parametrize("kid", ["", "a\tb", "k" * 257])
def test_a_name_that_no_key_may_have_is_left_to_the_reader(kid: str) -> None:
    assert sole_text(KID, json.dumps({"kid": kid}, ensure_ascii=False).encode()) is None


@given(
    members=st.dictionaries(st.text(max_size=3) | st.just("iss"), st.text(max_size=5) | st.integers() | st.just({"iss": "b"})),
    indent=st.sampled_from([None, 1]),
)
def test_what_is_seen_is_what_a_reader_finds_or_nothing_it_accepts(members: dict[str, Any], indent: int | None) -> None:
    octets = json.dumps(members, ensure_ascii=False, indent=indent).encode()

    seen = sole_text(ISSUER, octets)

    assert seen is None or seen == members.get("iss") or type(members.get("iss")) is not str


# --- what it refuses


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        pytest.param(BROKEN % ELSEWHERE.encode(), "unknown_issuer", id="unknown issuer"),
        pytest.param(BROKEN % HERE.encode(), "malformed_token", id="known issuer"),
        pytest.param(b'{"exp":}', "malformed_token", id="no issuer"),
    ],
)
def test_an_unknown_issuer_is_refused_before_the_payload_is_read(payload: bytes, code: str) -> None:
    """Bad input is refused at the cheapest point; this payload cannot be read."""
    assert verdict(server(), seal(payload)) == code


class Flooded(StaticKeySource):
    """Keys for which nobody may look now, and for which many have looked in vain."""

    def __init__(self, *keys: SigningKey | Mapping[str, Any]) -> None:
        super().__init__(HERE, key_set(*keys))

    def lacking(self, kid: str, /) -> JWKSet | None:
        return None if self._key_set.may_hold(kid) else self._key_set


def in_a_flood(*keys: SigningKey | Mapping[str, Any]) -> ResourceServer:
    """A resource server whose issuer's keys may not be looked for."""
    api = server()
    (registration,) = api._connection.registrations.all
    object.__setattr__(registration, "keys", Flooded(*keys))
    return api


def test_in_a_flood_an_unknown_key_is_refused_before_the_payload_is_read() -> None:
    refused = refusal(in_a_flood(*ALL_KEYS), seal(BROKEN % HERE.encode(), kid="another"))

    assert (refused.code, refused.actual, refused.at) == ("unknown_key", "another", "header.kid")
    assert all(name in refused.expected for name in ("rsa", "ec", "edwards"))


def test_in_a_flood_a_key_of_one_policy_is_not_looked_for_at_another() -> None:
    """Records of one ``iss`` have keys of their own, and only claims tell the records apart."""
    rules = [ClaimRule(("policy",), codes.WRONG_POLICY, frozenset({name}), required=False) for name in ("a", "b")]
    api = server(*(issuer(profile=Profile(rules=(rule,))) for rule in rules))
    for registration, key in zip(api._connection.registrations.all, (RSA, EC), strict=True):
        object.__setattr__(registration, "keys", Flooded(key))

    assert verdict(api, seal(claims(policy="b"), key=EC)) == "accepted"


def test_without_one_it_is_told_what_else_is_wrong() -> None:
    """An expired token of a key that is gone should be renewed: ``token_expired`` says so."""
    assert verdict(server(), seal(claims(exp=1), kid="another")) == "token_expired"
    assert verdict(in_a_flood(*ALL_KEYS), seal(claims(exp=1), kid="another")) == "unknown_key"


@pytest.mark.parametrize(
    ("kid", "header"),
    [
        pytest.param("k1", b'{"alg":"ES256","jwk":{"kty":"EC","kid":"abc"}}', id="one key, and a token that names none"),
        pytest.param(None, b'{"alg":"ES256","jwk":{"kid":"abc"}}', id="a key without a name"),
        pytest.param("schl\u00fcssel", '{"alg":"ES256","kid":"schl\u00fcssel","x":{"kid":"abc"}}'.encode(), id="beyond ASCII"),
        pytest.param("k1", b'{"alg":"ES256","kid":"k1"}', id="its name"),
    ],
)
def test_in_a_flood_good_tokens_are_accepted(kid: str | None, header: bytes) -> None:
    """A member of this name elsewhere in the header says nothing about the token's key."""
    key = SigningKey("ES256", kid=kid)
    member = {name: value for name, value in key.public_jwk().items() if value is not None}

    assert verdict(in_a_flood(member), seal(key=key, raw_header=header)) == "accepted"


def test_a_tenant_of_a_template_is_known() -> None:
    api = server(issuer(TEMPLATE, profile=Profile(tenant_in_issuer=True)))

    assert verdict(api, seal(BROKEN % TEMPLATE.replace("{tenantid}", TENANT).encode())) == "malformed_token"
    assert verdict(api, seal(BROKEN % TEMPLATE.replace("{tenantid}", "common").encode())) == "unknown_issuer"


# --- what it leaves alone


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(claims(act={"iss": ELSEWHERE}), id="the issuer of somebody else"),
        pytest.param(claims(note=f'"iss":"{ELSEWHERE}"'), id="a text with quotation marks"),
        pytest.param(claims(note="\N{SNOWMAN}", kid="another"), id="a claim named kid"),
        pytest.param(json.dumps(claims(), indent=2).encode(), id="white space"),
        pytest.param(json.dumps(claims()).replace("iss", "\\u0069ss").encode(), id="an escaped name"),
        pytest.param(json.dumps(claims()).replace("https://", "https:\\/\\/").encode(), id="an escaped text"),
    ],
)
def test_a_good_token_is_accepted_whatever_else_it_says(payload: Any) -> None:
    assert verdict(server(), seal(payload)) == "accepted"


@pytest.mark.parametrize("header", [{"x": {"kid": "another"}}, {"x": '"kid":"another"'}])
def test_a_header_may_say_more_than_one_thing(header: dict[str, Any]) -> None:
    assert verdict(server(), seal(**header)) == "accepted"


values = st.sampled_from([HERE, ELSEWHERE, "ec", "another", 7, None, {"iss": HERE}, {"kid": "ec", "iss": ELSEWHERE}, f'"{HERE}'])


@given(
    extra=st.dictionaries(st.sampled_from(["iss", "kid", "act", "exp", "note"]), values, max_size=3),
    header=st.dictionaries(st.sampled_from(["kid", "typ", "x"]), values, max_size=2),
)
def test_whoever_glances_accepts_what_whoever_reads_accepts(extra: dict[str, Any], header: dict[str, Any]) -> None:
    token = seal(claims(**extra), **header)

    assert (verdict(in_a_flood(*ALL_KEYS), token) == "accepted") is (verdict(without_a_glance(), token) == "accepted")


def without_a_glance() -> ResourceServer:
    """The same, which reads every token."""
    api = server()
    object.__setattr__(api._connection, "parser", Parser())
    return api
