"""Which issuer is this? By the exact ``iss``."""

from typing import Any, Final

import pytest

from bearerguard import error_codes as codes
from bearerguard.errors import ConfigurationError
from bearerguard.issuers.claim_rule import ClaimRule
from bearerguard.issuers.profile import Profile
from support.sealed import ABSENT, ALL_KEYS, EC, EDWARDS, ISSUER, RSA, claims, issuer, judge, refusal, seal, server, verdict

GUID: Final = "8f3c1d52-0b6e-4c49-9d55-2f1f6a0f3b11"
TEMPLATE: Final = "https://login.test/{tenantid}/v2.0"
OF_ITS_TENANT: Final = Profile(tenant_in_issuer=True)


def judged(*issuers: Any, iss: object) -> str:
    """The verdict on a token of ``iss`` where these issuers are configured."""
    return verdict(server(*issuers, token_cache_size=0), seal(payload=claims(iss=iss, tid=GUID)))


@pytest.mark.parametrize(
    ("iss", "code"),
    [
        pytest.param(ISSUER, "accepted", id="exact"),
        pytest.param(ISSUER.rstrip("/"), "unknown_issuer", id="missing slash"),
        pytest.param(ISSUER + "/", "unknown_issuer", id="another slash"),
        pytest.param(ISSUER.upper(), "unknown_issuer", id="another case"),
        pytest.param("https://issuer.test:443/", "unknown_issuer", id="default port"),
        pytest.param("http://issuer.test/", "unknown_issuer", id="http"),
        pytest.param("https://issuer.test/%2F", "unknown_issuer", id="percent"),
        pytest.param("https://issuer.test/.", "unknown_issuer", id="dot segment"),
        pytest.param(ISSUER + "#", "unknown_issuer", id="fragment"),
        pytest.param(" " + ISSUER, "unknown_issuer", id="blank before"),
        pytest.param(ISSUER + "\n", "unknown_issuer", id="line feed behind"),
        pytest.param("https://issuer", "unknown_issuer", id="part of it"),
        pytest.param("https://evil.test/?https://issuer.test/", "unknown_issuer", id="holds it"),
        pytest.param("https://issuer.test.evil.test/", "unknown_issuer", id="begins like it"),
        pytest.param("https://\N{LATIN SMALL LETTER DOTLESS I}ssuer.test/", "unknown_issuer", id="looks like it"),
        pytest.param("", "unknown_issuer", id="empty"),
        pytest.param([ISSUER], "invalid_claim", id="list"),
        pytest.param({ISSUER: 1}, "invalid_claim", id="object"),
        pytest.param(7, "invalid_claim", id="number"),
        pytest.param(True, "invalid_claim", id="bool"),
        pytest.param(None, "missing_claim", id="null"),
        pytest.param(ABSENT, "missing_claim", id="absent"),
    ],
)
def test_iss_equals_a_configured_issuer_by_code_point(iss: object, code: str) -> None:
    """RFC 8414 §4: never normalised, never a part; CVE-2024-53861, CVE-2025-30144 (a list)."""
    assert judged(issuer(), iss=iss) == code


def test_the_operator_is_told_both_issuers_in_full() -> None:
    """They differ at their ends: tenant, version, slash."""
    tenant = f"https://login.microsoftonline.com/{GUID}"
    refused = refusal(server(issuer(f"{tenant}/v2.0")), seal(payload=claims(iss=f"{tenant[:-1]}2/v2.0")))

    assert f"{tenant}/v2.0" in refused.operator_text
    assert f"{tenant[:-1]}2/v2.0" in refused.operator_text


def test_of_many_issuers_a_few_are_told() -> None:
    refused = refusal(server(*(issuer(f"https://issuer-{number}.test") for number in range(1_000))), seal())

    assert "issuer-3.test" in refused.expected
    assert "996 more" in refused.expected
    assert len(refused.expected) < 200


def test_a_slash_too_many_or_too_few_is_told_to_the_operator() -> None:
    """The commonest mistake with Auth0 and Entra v1."""
    api = server(issuer(ISSUER.rstrip("/")))

    assert "trailing slash" in refusal(api, seal()).hint
    assert refusal(api, seal(payload=claims(iss="https://other.test/"))).hint == ""


@pytest.mark.parametrize(
    ("iss", "code"),
    [
        (f"https://login.test/{GUID}/v2.0", "accepted"),
        (f"https://login.test/{GUID.upper()}/v2.0", "unknown_issuer"),
        (f"https://login.test/{GUID}/v2.0/", "unknown_issuer"),
        (f"https://login.test/{GUID}/v2.0\n", "unknown_issuer"),
        (f"https://login.test/x{GUID}/v2.0", "unknown_issuer"),
        (f"https://login.test/{GUID}/{GUID}/v2.0", "unknown_issuer"),
        (f"https://login+test/{GUID}/v2.0", "unknown_issuer"),
        (f"https://login.test/{GUID}/v2x0", "unknown_issuer"),
        ("https://login.test/contoso/v2.0", "unknown_issuer"),
        ("https://login.test//v2.0", "unknown_issuer"),
        ("https://login.test/٨f3c1d52-0b6e-4c49-9d55-2f1f6a0f3b11/v2.0", "unknown_issuer"),
        (TEMPLATE, "unknown_issuer"),
    ],
)
def test_a_template_matches_a_guid_and_nothing_else(iss: str, code: str) -> None:
    """The rest of the template is text, not a pattern."""
    assert judged(issuer(TEMPLATE, profile=OF_ITS_TENANT), iss=iss) == code


def test_an_exact_issuer_goes_before_a_template() -> None:
    """A tenant may have rules of its own."""
    own = issuer(f"https://login.test/{GUID}/v2.0", profile=Profile(roles=(("own",),)))
    api = server(issuer(TEMPLATE, profile=OF_ITS_TENANT), own)

    principal = judge(api, seal(payload=claims(iss=own.issuer, own=["Own.Role"])))

    assert principal.roles == {"Own.Role"}


def test_the_template_that_fits_is_found_among_several() -> None:
    """Entra has one for v1 and one for v2."""
    api = server(issuer("https://sts.test/{tenantid}/", profile=OF_ITS_TENANT), issuer(TEMPLATE, profile=OF_ITS_TENANT))

    for iss in (f"https://login.test/{GUID}/v2.0", f"https://sts.test/{GUID}/"):
        assert judge(api, seal(payload=claims(iss=iss, tid=GUID))).issuer == iss


def _of_policy(name: str, *keys: Any) -> Any:
    rule = ClaimRule(("policy",), codes.WRONG_POLICY, frozenset({name}), required=False)
    return issuer(keys=keys or ALL_KEYS, profile=Profile(rules=(rule,)))


def test_records_that_share_an_issuer_are_told_apart_by_their_rules() -> None:
    """Azure AD B2C: several policies, one ``iss``, and keys for each."""
    api = server(_of_policy("a", RSA), _of_policy("b", EC), token_cache_size=0)

    assert verdict(api, seal(key=RSA, payload=claims(policy="a"))) == "accepted"
    assert verdict(api, seal(key=EC, payload=claims(policy="b"))) == "accepted"
    assert verdict(api, seal(key=RSA, payload=claims(policy="b"))) == "unknown_key"


def test_if_no_record_of_an_issuer_fits_the_first_says_what_it_expected() -> None:
    refused = refusal(server(_of_policy("a", RSA), _of_policy("b", EC)), seal(key=EC, payload=claims(policy="c")))

    assert refused.code == "wrong_policy"
    assert "'a'" in refused.expected


def test_a_token_that_fits_several_of_them_is_the_first_ones() -> None:
    api = server(_of_policy("a", RSA), _of_policy("b", EC), token_cache_size=0)

    assert verdict(api, seal(key=RSA)) == "accepted"
    assert verdict(api, seal(key=EC)) == "unknown_key"


def test_an_issuer_that_is_listed_twice_is_a_wrong_setting() -> None:
    """Which of the two counts would be a guess."""
    with pytest.raises(ConfigurationError) as caught:
        server(issuer(), issuer(keys=[RSA]))

    assert caught.value.parameter == "issuers"


def test_a_key_verifies_only_tokens_of_its_own_issuer() -> None:
    """RFC 8725 §3.8, CVE-2026-49998: the same ``kid`` at two issuers, and only one of the keys signed."""
    first = issuer("https://first.test/", keys=[{**RSA.public_jwk(), "kid": "shared"}])
    second = issuer("https://second.test/", keys=[{**EC.public_jwk(), "kid": "shared"}, EDWARDS])
    api = server(first, second, token_cache_size=0)

    verdicts = {
        (key.algorithm, iss): verdict(api, seal(payload=claims(iss=iss), key=key, kid="shared"))
        for key in (RSA, EC)
        for iss in ("https://first.test/", "https://second.test/")
    }

    assert verdicts == {
        ("RS256", "https://first.test/"): "accepted",
        ("RS256", "https://second.test/"): "unknown_key",
        ("ES256", "https://first.test/"): "unknown_key",
        ("ES256", "https://second.test/"): "accepted",
    }
