"""Tokens that would be much work to read: only their issuer can make us read them."""

import json
from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bearerguard.errors import AccessTokenError
from bearerguard.issuers.claim_rule import ClaimRule
from bearerguard.issuers.issuer import Issuer
from bearerguard.issuers.profile import Profile
from bearerguard.strict_json import parse_object, work_in
from bearerguard.testing import SigningKey
from bearerguard.testing.signing_key import base64url
from bearerguard.token.jws import Header, Parser, UnreadToken
from support.published import Published
from support.sealed import ABSENT, EC, claims, issuer, judge, seal, server, verdict

LARGE: Final[dict[str, Any]] = {
    "objects": [{"a": 1}] * 250,
    "arrays": [*[[]] * 400, "x" * 1_000],
    "numbers": [7e-300] * 300,
    "strings": ["a"] * 2_000 + [0] * 10,
    "clients": {f"client-{number}": {"roles": ["reader"]} for number in range(220)},
}
each_kind = pytest.mark.parametrize("kind", LARGE)


def large(kind: str, **changes: Any) -> dict[str, Any]:
    """Good claims, and one that is much work to read."""
    return claims(x=LARGE[kind], **changes)


def forged(token: bytes) -> bytes:
    """The same under a signature of another token."""
    return token.rpartition(b".")[0] + b"." + seal().rpartition(b".")[2]


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The payloads that were read."""
    read: list[bytes] = []

    def note(data: bytes, *limits: int) -> dict[str, Any]:
        read.append(data)
        return parse_object(data, *limits)

    monkeypatch.setattr("bearerguard.token.jws.parse_object", note)
    return read


@each_kind
def test_a_large_token_of_the_issuer_is_read(kind: str) -> None:
    token = seal(payload=large(kind))
    assert work_in(Parser().parse(token).payload) > 2_048

    assert verdict(server(token_cache_size=0), token) == "accepted"


@each_kind
def test_a_large_token_under_a_known_key_is_refused_unread_if_that_has_not_signed_it(kind: str, reads: list[bytes]) -> None:
    """Anybody can send one: to read it takes ten times as long as to check its signature."""
    api = server()
    judge(api, seal())
    reads.clear()

    assert verdict(api, forged(seal(payload=large(kind)))) == "invalid_signature"
    assert not reads


@pytest.mark.parametrize(
    ("changes", "header", "code"),
    [
        pytest.param({"iss": "https://other.test/"}, {}, "unknown_issuer", id="another issuer"),
        pytest.param({"iss": ABSENT}, {}, "malformed_token", id="no issuer"),
        pytest.param({"iss": 1}, {}, "malformed_token", id="an issuer that is no text"),
        pytest.param({"y": {"iss": "https://issuer.test/"}}, {}, "malformed_token", id="two issuers"),
        pytest.param({"y": "a\\b"}, {}, "malformed_token", id="a backslash, behind which a quotation mark begins nothing"),
        pytest.param({"y": ["a\\b", *[7e-300] * 900]}, {}, "malformed_token", id="a backslash and small numbers"),
        pytest.param({}, {"kid": ABSENT}, "malformed_token", id="no key named"),
        pytest.param({}, {"alg": "PS256"}, "invalid_signature", id="an algorithm that the key is not for"),
    ],
)
def test_where_nobody_can_tell_who_signed_a_large_token_it_is_refused_unread(
    changes: dict[str, Any], header: dict[str, Any], code: str, reads: list[bytes]
) -> None:
    """The glance at ``iss`` is for one plain member; what is in doubt is refused."""
    token = seal(payload=large("objects", **changes), **header)

    assert verdict(server(), token) == code
    assert not [data for data in reads if len(data) > 1_000]


def test_a_large_token_of_the_issuer_is_judged_as_any_other() -> None:
    """The signature lets it be read, and nothing more."""
    assert verdict(server(), seal(payload=large("objects", aud="api://billing"))) == "wrong_audience"
    assert verdict(server(), seal(payload=large("numbers", exp=1))) == "token_expired"
    assert verdict(server(), seal(payload=claims(x=[{}] * 600))) == "malformed_token"
    assert verdict(server(), seal(payload=claims(x=[""] * 2_100))) == "malformed_token"


def test_of_issuers_that_share_a_name_each_key_counts() -> None:
    """Azure AD B2C: the policies of a tenant."""

    def policy(name: str, key: SigningKey) -> Issuer:
        rule = ClaimRule(("tfp",), values=frozenset({name}))
        return issuer(keys=[key], profile=Profile(rules=(rule,)))

    keys = {name: SigningKey("ES256", kid="shared") for name in ("sign-in", "sign-up")}
    api = server(*(policy(name, key) for name, key in keys.items()))
    for name, key in keys.items():
        assert verdict(api, seal(payload=large("objects", tfp=name), key=key)) == "accepted"
    assert (
        verdict(api, seal(payload=large("objects", tfp="sign-in"), key=SigningKey("ES256", kid="shared"))) == "invalid_signature"
    )


@pytest.mark.anyio
async def test_before_the_first_fetch_a_large_token_waits_for_the_keys_as_any_other() -> None:
    """An API all of whose tokens are large must be able to start."""
    published = Published()
    api = published.server()

    assert (await api.authenticate(seal(payload=large("clients")))).subject == claims()["sub"]
    assert published.fetches == 1


@pytest.mark.anyio
async def test_a_large_token_under_a_new_key_has_the_keys_fetched() -> None:
    """And to go on through a rotation."""
    published = Published()
    api = published.server()
    await api.authenticate(seal())
    new = SigningKey("ES256", kid="new")
    published.keys["issuer.test"] = [new]

    await api.authenticate(seal(payload=large("clients"), key=new))

    assert published.fetches == 2


@pytest.mark.anyio
async def test_in_a_flood_of_unknown_keys_large_tokens_are_refused_unread(reads: list[bytes]) -> None:
    """Also behind a header that hides its ``kid`` from the glance."""
    published = Published()
    api = published.server()
    await api.authenticate(seal())

    async def refused(number: int) -> str:
        token = seal(payload=large("objects"), kid=f"unknown-{number}", hidden={})
        with pytest.raises(AccessTokenError) as caught:
            await api.authenticate(token)
        return caught.value.code

    assert {await refused(number) for number in range(110)} == {"unknown_key"}
    reads.clear()

    assert await refused(110) == "unknown_key"
    assert not [data for data in reads if len(data) > 1_000]


# --- how much work


def parts(value: Any) -> tuple[int, int]:
    """Objects, arrays and numbers; and elements beside the first of their container."""
    if isinstance(value, dict | list):
        inner = [parts(each) for each in (value.values() if isinstance(value, dict) else value)]
        return 1 + sum(costly for costly, _ in inner), sum(more for _, more in inner) + max(0, len(value) - 1)
    return int(isinstance(value, int | float) and not isinstance(value, bool)), 0


VALUES: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=40) | st.dictionaries(st.text(max_size=3), inner, max_size=40),
    max_leaves=200,
)


@pytest.mark.parametrize("write", [lambda value: value, lambda value: [value] * 70], ids=["few", "many"])
@given(value=VALUES, space=st.sampled_from(["", " ", "\n\t "]))
def test_the_work_is_never_underrated(value: Any, space: str, write: Callable[[Any], Any]) -> None:
    """White space and signs included."""
    data = json.dumps({"x": write(value)}, separators=("," + space, ":" + space)).encode()
    costly, elements = parts({"x": write(value)})

    assert work_in(data) >= 8 * costly + elements


def test_text_is_little_work() -> None:
    """Two hundred groups by their distinguished names, and as many by their ids."""
    names = ",".join(f'"CN=orders-{number},OU=groups,OU=emea,DC=contoso,DC=example"' for number in range(200))
    ids = ",".join(f'"{number:08x}-93d1-4d1a-9f2e-0d6c1b7a5e44"' for number in range(200))
    assert work_in(b'{"groups":[%s]}' % names.encode()) < 2_048
    assert work_in(b'{"groups":[%s]}' % ids.encode()) < 2_048


def test_a_parser_of_its_own_reads_whatever_is_within_the_limits() -> None:
    """``vouch`` is the resource server's; it is given what has not been read."""
    asked: list[UnreadToken] = []
    token = seal(payload=large("objects"))

    Parser(vouch=asked.append).parse(token)

    (unread,) = asked
    assert unread.header == Header("ES256", EC.kid, "", False)
    assert base64url(unread.payload).encode() == token.split(b".")[1]
    assert unread.signing_input == token.rpartition(b".")[0]


def is_asked_about(payload: bytes) -> bool:
    """Whether somebody has to vouch for a token with this payload."""
    asked: list[UnreadToken] = []
    Parser(vouch=asked.append).parse(b".".join(base64url(part).encode() for part in (b'{"alg":"ES256"}', payload, b"x")))
    return bool(asked)


@pytest.mark.parametrize(("strings", "is_much"), [(2_033, False), (2_034, True)])
def test_much_is_as_much_as_2048_strings(strings: int, is_much: bool) -> None:
    payload = json.dumps({"x": ["a"] * strings}, separators=(",", ":")).encode()
    assert (work_in(payload) > 2_048) == is_much
    assert is_asked_about(payload) == is_much


@pytest.mark.parametrize(("octets", "is_large"), [(2_048, False), (2_049, True)])
def test_a_payload_of_2_kib_is_not_large(octets: int, is_large: bool) -> None:
    objects = b'{"x":[%s]' % b",".join([b"{}"] * 500)
    assert is_asked_about(objects + b" " * (octets - len(objects) - 1) + b"}") == is_large


def test_a_small_token_is_nobodys_concern() -> None:
    """Of the usual size none is ever much work, whatever is in it."""
    asked: list[UnreadToken] = []
    Parser(vouch=asked.append).parse(seal(payload=claims(x=[{}] * 500)))
    assert not asked
