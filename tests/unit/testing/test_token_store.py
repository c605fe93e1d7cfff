"""What an issuer takes for a token of its own."""

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bearerguard.testing import LocalIssuer
from bearerguard.testing.key_ring import KeyRing
from bearerguard.testing.token_store import TokenStore

NOW: Final = 1_767_268_800.0
KEYS: Final = KeyRing("ES256")
GOOD: Final[dict[str, Any]] = {"sub": "reader", "exp": NOW + 60}


@given(st.text(max_size=200))
def test_any_text_may_be_asked_about(text: str) -> None:
    assert TokenStore(KEYS).active_claims(text, NOW) is None


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES384", "EdDSA", "Ed25519"])
def test_a_jwt_of_any_algorithm_is_known_by_its_signature(algorithm: str) -> None:
    keys = KeyRing(algorithm)
    token = keys.current.compact({"alg": algorithm, "kid": keys.current.kid}, GOOD)

    assert TokenStore(keys).active_claims(token, NOW) == GOOD


def test_a_jwt_of_a_withdrawn_key_is_not_known() -> None:
    issuer = LocalIssuer()
    token, kid = issuer.mint(), issuer.signing_key.kid
    issuer.rotate_keys()

    issuer.withdraw(kid)

    assert issuer._operations.tokens.claims_of(token) is None


@pytest.mark.parametrize(("exp", "nbf"), [(NOW, 0), (NOW + 1, NOW + 1), (float("nan"), 0), (None, 0), ("x", 0), (NOW + 1, "x")])
def test_a_token_outside_of_its_times_is_not_active(exp: object, nbf: object) -> None:
    store = TokenStore(KEYS)

    assert store.active_claims(store.issue({"exp": exp, "nbf": nbf}), NOW) is None


def test_what_it_gives_out_can_be_changed_without_effect() -> None:
    store = TokenStore(KEYS)
    token = store.issue(GOOD)

    (store.claims_of(token) or {}).clear()

    assert store.active_claims(token, NOW) == GOOD
