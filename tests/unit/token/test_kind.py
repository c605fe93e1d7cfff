"""Marks of tokens of another kind, and where they are none."""

from typing import Any, Final

import pytest

from bearerguard.issuers.profile import Profile
from support.sealed import claims, issuer, refusal, seal, server, verdict

PLAIN: Final = server(token_cache_size=0)
WITH_A_MARK_OF_ITS_OWN: Final = server(issuer(profile=Profile(nonce_marks_id_tokens=False)), token_cache_size=0)
ACCEPTING: Final = server(issuer(profile=Profile(insecure_accept_id_tokens=True)), token_cache_size=0)


def test_a_nonce_is_no_mark_where_access_tokens_have_another_one() -> None:
    """https://www.keycloak.org/docs/latest/upgrading/index.html (25.0.0): access tokens had ``nonce``."""
    assert verdict(WITH_A_MARK_OF_ITS_OWN, seal(payload=claims(nonce="n"))) == "accepted"
    assert verdict(PLAIN, seal(payload=claims(nonce="n"))) == "not_an_access_token"


def test_a_nonce_is_no_mark_in_a_token_that_is_typed_as_an_access_token() -> None:
    """RFC 9068 §2.1: an ID token is never typed ``at+jwt``."""
    assert verdict(PLAIN, seal(typ="at+jwt", payload=claims(nonce="n"))) == "accepted"
    assert verdict(PLAIN, seal(typ="application/at+jwt", payload=claims(nonce="n"))) == "accepted"
    assert verdict(PLAIN, seal(typ="JWT", payload=claims(nonce="n"))) == "not_an_access_token"


@pytest.mark.parametrize("mark", ["at_hash", "c_hash"])
@pytest.mark.parametrize("api", [PLAIN, WITH_A_MARK_OF_ITS_OWN], ids=["plain", "own mark"])
@pytest.mark.parametrize("typ", ["JWT", "at+jwt"])
def test_a_hash_of_the_token_response_is_always_a_mark(mark: str, api: Any, typ: str) -> None:
    """OpenID Connect Core 1.0 §3.1.3.6, §3.3.2.11."""
    assert verdict(api, seal(typ=typ, payload=claims(**{mark: "x"}))) == "not_an_access_token"


@pytest.mark.parametrize("mark", ["nonce", "at_hash", "c_hash"])
def test_the_marks_of_id_tokens_are_accepted_by_an_explicit_choice_alone(mark: str) -> None:
    """Dex gives its access tokens the claims of ID tokens, ``at_hash`` included."""
    assert verdict(ACCEPTING, seal(payload=claims(**{mark: "x"}))) == "accepted"


@pytest.mark.parametrize(
    "other", [{"events": {}}, {"typ": "Refresh"}, {"typ": "Logout"}, {"tokenType": "refresh-token"}], ids=repr
)
def test_the_choice_lets_no_other_kind_in(other: dict[str, Any]) -> None:
    assert verdict(ACCEPTING, seal(payload=claims(**other))) == "not_an_access_token"


@pytest.mark.parametrize("name", ["tokenType", "TokenType", "token_type", "type"])
@pytest.mark.parametrize("value", ["refresh-token", "refresh_token", "Refresh", "refresh"])
def test_a_refresh_token_that_verifies_is_refused(name: str, value: str) -> None:
    """Casdoor signs refresh tokens with the key of its access tokens; either spelling may say so."""
    assert verdict(PLAIN, seal(payload=claims(**{name: value}))) == "not_an_access_token"
    assert verdict(PLAIN, seal(payload=claims(tokenType="access-token", TokenType="refresh-token"))) == "not_an_access_token"


@pytest.mark.parametrize("value", ["access-token", "Bearer", "application", "", 1, None, ["refresh"]], ids=repr)
def test_other_types_of_tokens_are_no_refresh_tokens(value: object) -> None:
    assert verdict(PLAIN, seal(payload=claims(tokenType=value, type=value))) == "accepted"


def test_the_refusal_of_a_genuine_access_token_names_the_ways_out() -> None:
    shown = refusal(PLAIN, seal(payload=claims(nonce="n"))).operator_text

    assert "at+jwt" in shown
    assert "insecure_accept_id_tokens=True" in shown
