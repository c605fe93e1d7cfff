"""Which key may verify: of this issuer, under this name, for this tenant."""

from typing import Any, Final

import pytest

from bearerguard.issuers.profile import Profile
from bearerguard.testing import SigningKey
from support.sealed import ABSENT, EC, EDWARDS, RSA, claims, issuer, refusal, seal, server, verdict

API: Final = server(token_cache_size=0)


def test_a_foreign_key_under_a_known_kid_does_not_verify() -> None:
    """RFC 8725 §3.8."""
    stranger = SigningKey("ES256", kid="ec")

    assert verdict(API, seal(key=stranger)) == "invalid_signature"


def test_the_key_of_another_issuer_does_not_verify_under_the_same_kid_and_algorithm() -> None:
    """CVE-2025-59936, CVE-2026-49998: keys are found by issuer and kid, never by kid alone."""
    theirs = SigningKey("ES256", kid="ec")
    api = server(issuer(), issuer("https://other.test/", keys=[theirs]), token_cache_size=0)

    assert verdict(api, seal(payload=claims(iss="https://other.test/"), key=theirs)) == "accepted"
    assert verdict(api, seal(payload=claims(iss="https://other.test/"))) == "invalid_signature"
    assert verdict(api, seal(key=theirs)) == "invalid_signature"


def test_each_of_two_keys_under_one_kid_verifies() -> None:
    """RFC 7517 §4.5: two different keys under one kid and algorithm are both kept."""
    first, second = SigningKey("ES256", kid="same"), SigningKey("ES256", kid="same")
    api = server(issuer(keys=[first, second]), token_cache_size=0)

    assert verdict(api, seal(key=first)) == "accepted"
    assert verdict(api, seal(key=second)) == "accepted"
    assert verdict(api, seal(key=EC, kid="same")) == "invalid_signature"


def nameless(key: SigningKey) -> dict[str, Any]:
    """The key's JWK without ``kid``."""
    return {name: value for name, value in key.public_jwk().items() if name != "kid"}


SECOND: Final = SigningKey("ES256", kid="second")


@pytest.mark.parametrize(
    ("keys", "kid", "code"),
    [
        pytest.param([EC], ABSENT, "accepted", id="the only key, which has a name"),
        pytest.param([EC, RSA, EDWARDS], ABSENT, "accepted", id="the only key for this algorithm"),
        pytest.param([EC, SECOND], ABSENT, "unknown_key", id="two named keys: which one would be a guess"),
        pytest.param([nameless(EC)], ABSENT, "accepted", id="a nameless key"),
        pytest.param([nameless(SECOND), nameless(EC)], ABSENT, "accepted", id="one of two nameless keys"),
        pytest.param([nameless(SECOND)], ABSENT, "invalid_signature", id="another nameless key"),
        pytest.param([nameless(EC)], "ec", "unknown_key", id="a name that no key has"),
        pytest.param([nameless(EC), SECOND], "second", "invalid_signature", id="the name of another key"),
        pytest.param([SECOND], ABSENT, "invalid_signature", id="the only key is another"),
        pytest.param([RSA], ABSENT, "unknown_key", id="no key for this algorithm"),
    ],
)
def test_tokens_and_keys_without_kid(keys: list[Any], kid: Any, code: str) -> None:
    """RFC 7515 §4.1.4: ``kid`` is optional, and an absent one never returns just any key (CVE-2025-59936)."""
    assert verdict(server(issuer(keys=keys)), seal(kid=kid)) == code


# --- a key that names its own issuer

GUID: Final = "8f3c1d52-0b6e-4c49-9d55-2f1f6a0f3b11"
OTHER: Final = "00000000-0b6e-4c49-9d55-2f1f6a0f3b11"


@pytest.mark.parametrize(
    ("named", "code"),
    [
        pytest.param(None, "accepted", id="none"),
        pytest.param(f"https://login.test/{GUID}/v2.0", "accepted", id="this tenant"),
        pytest.param("https://login.test/{tenantid}/v2.0", "accepted", id="template"),
        pytest.param(f"https://login.test/{OTHER}/v2.0", "unknown_key", id="another tenant"),
        pytest.param(f"https://login.test/{GUID}/v2.0/", "unknown_key", id="a slash too many"),
        pytest.param("https://evil.test/{tenantid}/v2.0", "unknown_key", id="another host"),
        pytest.param("", "unknown_key", id="empty"),
    ],
)
@pytest.mark.parametrize(
    "name", [f"https://login.test/{GUID}/v2.0", "https://login.test/{tenantid}/v2.0"], ids=["exact", "template"]
)
def test_a_key_that_names_its_issuer_verifies_no_other_tenants_tokens(name: str, named: str | None, code: str) -> None:
    """Microsoft's key sets hold keys of one tenant and keys of all."""
    profile = Profile(tenant=(("tid",),), tenant_in_issuer=True, key_issuers=(name,))
    jwk = {**EC.public_jwk(), "issuer": named} if named is not None else EC.public_jwk()
    api = server(issuer(name, keys=[jwk], profile=profile))

    assert verdict(api, seal(payload=claims(iss=f"https://login.test/{GUID}/v2.0", tid=GUID))) == code


@pytest.mark.parametrize("named", [None, [], [f"https://login.test/{GUID}/v2.0"], 1, "\ud800"], ids=repr)
def test_a_key_whose_issuer_is_no_text_is_nobodys(named: object) -> None:
    """Only a key that names no issuer at all serves every tenant; absence is not read into a damaged name."""
    profile = Profile(tenant=(("tid",),), tenant_in_issuer=True, key_issuers=(f"https://login.test/{GUID}/v2.0",))
    jwk = {**EC.public_jwk(), "issuer": named}
    iss = f"https://login.test/{GUID}/v2.0"

    assert verdict(server(issuer(iss, keys=[jwk], profile=profile)), seal(payload=claims(iss=iss, tid=GUID))) == "unknown_key"
    assert verdict(server(issuer(keys=[jwk])), seal()) == "accepted"


def test_a_key_that_names_an_issuer_is_an_ordinary_key_elsewhere() -> None:
    """RFC 7517 §4: an unknown member is ignored where no profile gives it a meaning."""
    api = server(issuer(keys=[{**EC.public_jwk(), "issuer": "https://evil.test/"}]))

    assert verdict(api, seal()) == "accepted"


def test_a_token_of_a_key_that_is_published_but_unusable_is_told_why() -> None:
    """A rotation to a key that no verifier may use looks like an unknown key otherwise."""
    weak = {"kty": "RSA", "kid": "weak", "n": "AQ", "e": "AQAB"}
    refused = refusal(server(issuer(keys=[RSA, weak])), seal(key=RSA, kid="weak"))

    assert refused.code == "unknown_key"
    assert "publishes this key, but it cannot be used" in refused.operator_text


def test_a_token_of_a_key_for_another_algorithm_is_told_so() -> None:
    refused = refusal(server(issuer(keys=[RSA, EC])), seal(key=EC, kid="rsa"))

    assert "it is a key for RS256" in refused.hint


def test_a_token_of_a_key_that_nobody_published_is_not() -> None:
    assert refusal(server(), seal(kid="other")).hint == ""
