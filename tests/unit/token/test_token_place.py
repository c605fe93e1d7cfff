"""Where a request carries its token: a header of another name, or the sub-protocol of a websocket."""

from typing import Any, Final

import pytest

from bearerguard.errors import AccessTokenError, ConfigurationError, MissingToken
from bearerguard.token.credentials import IN_AUTHORIZATION, TokenPlace, read_credentials

TOKEN: Final = "aaaa.bbbb.cccc"
ACCESS: Final = TokenPlace("Cf-Access-Jwt-Assertion")
PROTOCOL: Final = TokenPlace(websocket_protocol=True)


def scope(*headers: tuple[str, str], kind: str = "http", **more: Any) -> dict[str, Any]:
    return {"type": kind, "headers": [(name.encode(), value.encode()) for name, value in headers], **more}


def websocket(*subprotocols: str, headers: tuple[tuple[str, str], ...] = ()) -> dict[str, Any]:
    return scope(*headers, kind="websocket", subprotocols=list(subprotocols))


def answer(place: TokenPlace, request: dict[str, Any]) -> str:
    """The token, or the code of the refusal."""
    try:
        return place.read(request).decode()
    except AccessTokenError as error:
        return error.code


# --- a header of another name


def test_the_bare_token_is_read_from_the_header_that_is_named() -> None:
    """https://developers.cloudflare.com/cloudflare-one/identity/authorization-cookie/validating-json/"""
    assert answer(ACCESS, scope(("cf-access-jwt-assertion", f" {TOKEN} "))) == TOKEN


OTHER_PLACES = {
    "nowhere": scope(),
    "Authorization": scope(("authorization", f"Bearer {TOKEN}")),
    "a name that begins like it": scope(("cf-access-jwt-assertion-2", TOKEN)),
    "an empty header": scope(("cf-access-jwt-assertion", "")),
}


@pytest.mark.parametrize("request_", OTHER_PLACES.values(), ids=OTHER_PLACES)
def test_no_other_place_is_then_read(request_: dict[str, Any]) -> None:
    assert answer(ACCESS, request_) == "missing_token"


def test_two_such_headers_are_refused() -> None:
    """A caller may add one beside the proxy's: which of them counts would be a guess."""
    name = "cf-access-jwt-assertion"
    assert answer(ACCESS, scope((name, TOKEN), (name, TOKEN))) == "repeated_authorization"


def test_a_huge_token_is_refused_before_anything_is_computed_over_it() -> None:
    assert answer(ACCESS, scope(("cf-access-jwt-assertion", "a" * 16_384))) == "a" * 16_384
    assert answer(ACCESS, scope(("cf-access-jwt-assertion", "a" * 16_385))) == "token_too_large"
    assert answer(PROTOCOL, websocket("bearer", "a" * 16_385)) == "token_too_large"


def test_the_refusal_names_the_header() -> None:
    with pytest.raises(MissingToken) as caught:
        ACCESS.read(scope())
    assert "cf-access-jwt-assertion" in caught.value.operator_text


def test_authorization_by_its_name_is_the_usual_place() -> None:
    assert TokenPlace("Authorization") == IN_AUTHORIZATION
    assert answer(TokenPlace("Authorization"), scope(("authorization", f"Bearer {TOKEN}"))) == TOKEN
    assert answer(TokenPlace("AUTHORIZATION"), scope(("authorization", TOKEN))) == "unsupported_scheme"


@pytest.mark.parametrize("name", ["", "x y", "x:", "Cookie", "cookie", "ä", "\ud800", None, 7, b"x", "x\n"], ids=ascii)
def test_what_is_no_name_of_a_header_is_a_wrong_setting(name: Any) -> None:
    """A cookie is sent by a browser whatever page asks: it needs a defence of its own (CWE-352)."""
    with pytest.raises(ConfigurationError) as caught:
        TokenPlace(name)
    assert caught.value.parameter == "token_header"


# --- the sub-protocol of a websocket


@pytest.mark.parametrize("offered", [("bearer", TOKEN), ("bearer", TOKEN, "chat"), ("chat", "bearer", TOKEN)])
def test_a_websocket_may_carry_the_token_behind_bearer(offered: tuple[str, ...]) -> None:
    assert answer(PROTOCOL, websocket(*offered)) == TOKEN


def test_a_websocket_may_carry_it_in_its_header_all_the_same() -> None:
    bearer = ("authorization", f"Bearer {TOKEN}")
    assert answer(PROTOCOL, websocket(headers=(bearer,))) == TOKEN
    assert answer(PROTOCOL, websocket("chat", headers=(bearer,))) == TOKEN


REFUSED = {
    "nothing behind it": (websocket("bearer"), "malformed_authorization"),
    "an empty token": (websocket("bearer", ""), "malformed_authorization"),
    "another name": (websocket("Bearer", TOKEN), "missing_token"),
    "no offer": (websocket(), "missing_token"),
    "twice": (websocket("bearer", TOKEN, "bearer", TOKEN), "repeated_authorization"),
    "beside a header": (websocket("bearer", TOKEN, headers=(("authorization", f"Bearer {TOKEN}"),)), "repeated_authorization"),
    "beside another scheme": (websocket("bearer", TOKEN, headers=(("authorization", "Basic YTpi"),)), "repeated_authorization"),
}


@pytest.mark.parametrize(("request_", "code"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_bearer_and_one_token_is_refused(request_: dict[str, Any], code: str) -> None:
    """RFC 6750 §2: not more than one method."""
    assert answer(PROTOCOL, request_) == code


def test_it_is_for_websockets_and_by_choice_alone() -> None:
    http = scope(subprotocols=["bearer", TOKEN])
    assert answer(PROTOCOL, http) == "missing_token"
    assert answer(IN_AUTHORIZATION, websocket("bearer", TOKEN)) == "missing_token"
    assert not IN_AUTHORIZATION.answers(websocket("bearer", TOKEN))
    assert not PROTOCOL.answers(http)
    assert not PROTOCOL.answers({"type": "websocket", "headers": []})


@pytest.mark.parametrize(
    "settings", [{"websocket_protocol": 1}, {"websocket_protocol": "bearer"}, {"header": "x", "websocket_protocol": True}]
)
def test_a_switch_that_is_no_bool_or_contradicts_the_header_is_a_wrong_setting(settings: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        TokenPlace(**settings)
    assert caught.value.parameter == "websocket_protocol"


@pytest.mark.parametrize(
    ("place", "request_", "sent"),
    [
        pytest.param(IN_AUTHORIZATION, scope(("authorization", "Basic YTpi")), True, id="another scheme"),
        pytest.param(IN_AUTHORIZATION, scope(), False, id="none"),
        pytest.param(IN_AUTHORIZATION, websocket("bearer", TOKEN), False, id="a sub-protocol that is not read"),
        pytest.param(PROTOCOL, websocket("bearer", TOKEN), True, id="a sub-protocol"),
        pytest.param(PROTOCOL, websocket("bearer"), True, id="a sub-protocol without a token"),
        pytest.param(PROTOCOL, websocket("chat"), False, id="another sub-protocol"),
        pytest.param(ACCESS, scope(("cf-access-jwt-assertion", "")), True, id="an empty header"),
        pytest.param(ACCESS, scope(("authorization", "Bearer x")), False, id="another header"),
    ],
)
def test_a_caller_that_sent_any_credentials_is_not_anonymous(place: TokenPlace, request_: dict[str, Any], sent: bool) -> None:
    """An optional caller whose token is bad is refused, not served as nobody."""
    assert place.has_credentials(request_) is sent


# --- a scheme that was forgotten


def test_a_token_without_its_scheme_is_told_so() -> None:
    with pytest.raises(MissingToken) as caught:
        read_credentials([(b"authorization", b"eyJhbGciOiJSUzI1NiJ9.e30.c2ln")])

    assert caught.value.code == "unsupported_scheme"
    assert "without a scheme" in caught.value.operator_text
    assert "eyJ" not in caught.value.operator_text
