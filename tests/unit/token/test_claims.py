"""What a token says of itself: for us, of this kind, and now."""

from typing import Any, Final

import pytest

from bearerguard import error_codes as codes
from bearerguard.errors import ABSENT as NOTHING
from bearerguard.issuers.claim_rule import ClaimRule
from bearerguard.issuers.issuer import Issuer
from bearerguard.issuers.profile import Profile
from bearerguard.testing import FakeClock
from bearerguard.token.claims import CHECKS, Expectations, failures
from bearerguard.token.jws import Parser
from support.sealed import ABSENT, AUDIENCE, NOW, claims, issuer, judge, refusal, seal, server, verdict

API: Final = server(token_cache_size=0)

MARKS: Final = ("nonce", "at_hash", "c_hash", "events")
MARK_VALUES: Final[tuple[object, ...]] = ("x", None, 0, {}, [])
OTHER_USES: Final[tuple[object, ...]] = ("id", "ID", "Access", "", None, 1, [], {"access": 1})


def judged(**changes: Any) -> str:
    """The verdict on good claims with these changes."""
    return verdict(API, seal(payload=claims(**changes)))


# --- subject, token id


@pytest.mark.parametrize("name", ["sub", "jti"])
@pytest.mark.parametrize("value", [None, 1, True, [], ["x"], {}], ids=repr)
def test_names_are_text(name: str, value: object) -> None:
    """RFC 7519 §4.1.2, §4.1.7."""
    assert judged(**{name: value}) == "invalid_claim"


# --- tokens of another kind


@pytest.mark.parametrize(
    "marker",
    [
        *[{name: value} for name in MARKS for value in MARK_VALUES],
        {"events": {"http://schemas.openid.net/event/backchannel-logout": {}}},
        *[{"token_use": use} for use in OTHER_USES],
        *[{"typ": kind} for kind in ("ID", "Refresh", "Offline", "Logout")],
    ],
    ids=repr,
)
def test_a_token_of_another_kind_is_refused_by_each_of_its_marks(marker: dict[str, Any]) -> None:
    """RFC 8725 §3.12, RFC 9068 §5: whatever value a mark has."""
    assert judged(**marker) == "not_an_access_token"


@pytest.mark.parametrize(
    "harmless", [{"token_use": "access"}, {"typ": "Bearer"}, {"typ": "JWT"}, {"typ": 1}, {"Nonce": "x"}], ids=repr
)
def test_an_access_token_is_not_taken_for_another_kind(harmless: dict[str, Any]) -> None:
    """Cognito's and Keycloak's own marks of access tokens."""
    assert judged(**harmless) == "accepted"


@pytest.mark.parametrize(
    "cnf", [{"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}, {"x5t#S256": "bwcK"}, {}, None, 0, "x", []]
)
def test_a_bound_token_is_refused_until_its_binding_can_be_checked(cnf: object) -> None:
    """RFC 9449 §7.2, RFC 8705 §3: as Bearer a stolen copy would work."""
    assert judged(cnf=cnf) == "bound_token"


# --- at+jwt


@pytest.mark.parametrize("name", ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"])
def test_an_at_jwt_has_all_its_claims_where_it_is_demanded(name: str) -> None:
    """RFC 9068 §2.2."""
    api = server(issuer(require_at_jwt=True), token_cache_size=0)

    assert verdict(api, seal(typ="at+jwt")) == "accepted"
    assert verdict(api, seal(typ="at+jwt", payload=claims(**{name: ABSENT}))) == "missing_claim"


def test_an_at_jwt_names_its_audience_also_where_another_claim_names_it() -> None:
    """RFC 9068 §2.2."""
    trusted = issuer(profile=Profile(audience_claim="client_id"), audience="reader", require_at_jwt=True)
    api = server(trusted, token_cache_size=0)

    assert verdict(api, seal(typ="at+jwt")) == "accepted"
    assert verdict(api, seal(typ="at+jwt", payload=claims(aud=ABSENT))) == "missing_claim"


@pytest.mark.parametrize(
    ("client", "code"),
    [("reader", "accepted"), (7, "invalid_claim"), (None, "missing_claim"), (ABSENT, "missing_claim")],
    ids=repr,
)
def test_the_client_is_text_where_a_profile_demands_it(client: object, code: str) -> None:
    """ID tokens carry no client claim."""
    api = server(issuer(profile=Profile(client=(("azp",),), client_required=True)), token_cache_size=0)

    assert verdict(api, seal(payload=claims(azp=client))) == code


def test_at_jwt_alone_demands_nothing() -> None:
    """An option: a header's ``typ`` must not choose the rules."""
    assert verdict(API, seal(typ="at+jwt", payload=claims(sub=ABSENT, jti=ABSENT, iat=ABSENT))) == "accepted"


# --- what a profile demands


def rules(*demanded: ClaimRule, **more: Any) -> Issuer:
    """An issuer whose profile demands this."""
    return issuer(profile=Profile(rules=demanded, **more))


@pytest.mark.parametrize(
    ("rule", "claim", "code"),
    [
        pytest.param(ClaimRule(("azp",)), ABSENT, "missing_claim", id="absent"),
        pytest.param(ClaimRule(("azp",)), None, "missing_claim", id="null"),
        pytest.param(ClaimRule(("azp",)), "x", "accepted", id="any text"),
        pytest.param(ClaimRule(("azp",)), "", "invalid_claim", id="empty"),
        pytest.param(ClaimRule(("azp",)), ["x"], "invalid_claim", id="a list where any text will do"),
        pytest.param(ClaimRule(("azp",), codes.WRONG_VERSION, frozenset({"a", "b"})), "b", "accepted", id="one of several"),
        pytest.param(ClaimRule(("azp",), codes.WRONG_VERSION, frozenset({"a"})), "c", "wrong_version", id="none of them"),
        pytest.param(ClaimRule(("azp",), codes.WRONG_VERSION, frozenset({"a"})), ["a"], "wrong_version", id="a list of it"),
        pytest.param(ClaimRule(("azp",), codes.WRONG_VERSION, frozenset({"a"})), "", "wrong_version", id="not even text"),
        pytest.param(
            ClaimRule(("azp",), codes.WRONG_POLICY, frozenset({"a"}), required=False), ABSENT, "accepted", id="optional"
        ),
        pytest.param(ClaimRule(("azp",), codes.WRONG_POLICY, frozenset({"a"}), required=False), "b", "wrong_policy", id="not so"),
        pytest.param(ClaimRule(("azp", "x")), {"x": "y"}, "accepted", id="nested"),
        pytest.param(ClaimRule(("azp", "x")), "x", "missing_claim", id="nested in text"),
        pytest.param(ClaimRule(("azp", "x")), ["x"], "missing_claim", id="nested in a list"),
    ],
)
def test_what_an_issuers_profile_demands_is_checked(rule: ClaimRule, claim: object, code: str) -> None:
    """Each preset names its own."""
    assert verdict(server(rules(rule), token_cache_size=0), seal(payload=claims(azp=claim))) == code


def test_a_rule_tells_which_values_were_expected() -> None:
    """Expected, actual, place."""
    rule = ClaimRule(("realm", "ver"), codes.WRONG_VERSION, frozenset({"2.0", "1.0"}))
    error = refusal(server(rules(rule)), seal(payload=claims(realm={"ver": "3.0"})))

    assert (error.at, error.actual) == ("$.realm.ver", "3.0")
    assert "'1.0' or '2.0'" in error.expected


def test_the_header_nonce_of_graph_is_judged_where_a_profile_says_so() -> None:
    """Elsewhere a header's ``nonce`` means nothing."""
    graph = server(issuer(profile=Profile(graph_nonce=True)), token_cache_size=0)

    assert verdict(graph, seal(nonce="x")) == "graph_token"
    assert verdict(graph, seal(nonce=None)) == "graph_token"
    assert verdict(graph, seal()) == "accepted"
    assert verdict(API, seal(nonce="x")) == "accepted"


GUID: Final = "8f3c1d52-0b6e-4c49-9d55-2f1f6a0f3b11"
OTHER: Final = "00000000-0b6e-4c49-9d55-2f1f6a0f3b11"


@pytest.mark.parametrize(
    "name", ["https://login.test/{tenantid}/v2.0", f"https://login.test/{GUID}/v2.0"], ids=["template", "exact"]
)
@pytest.mark.parametrize(
    ("tid", "code"),
    [
        (GUID, "accepted"),
        (OTHER, "wrong_tenant"),
        (GUID.upper(), "wrong_tenant"),
        (GUID[:8], "wrong_tenant"),
        (GUID + "/v2.0", "wrong_tenant"),
        ("", "wrong_tenant"),
        ("https:", "wrong_tenant"),
        ("login.test", "wrong_tenant"),
        ("v2.0", "wrong_tenant"),
        ("{tenantid}", "wrong_tenant"),
        ([GUID], "wrong_tenant"),
        (7, "wrong_tenant"),
        (None, "missing_claim"),
        (ABSENT, "missing_claim"),
    ],
    ids=repr,
)
def test_tid_is_the_tenant_in_iss(name: str, tid: object, code: str) -> None:
    """CVE-2025-55241: of a template and of an exact issuer alike."""
    api = server(issuer(name, profile=Profile(tenant_in_issuer=True)), token_cache_size=0)

    assert verdict(api, seal(payload=claims(iss=f"https://login.test/{GUID}/v2.0", tid=tid))) == code


def test_a_guid_elsewhere_in_a_template_is_no_tenant() -> None:
    """CVE-2025-55241: only the segment that the template leaves open names one."""
    api = server(issuer(f"https://login.test/{OTHER}/{{tenantid}}/v2.0", profile=Profile(tenant_in_issuer=True)))
    iss = f"https://login.test/{OTHER}/{GUID}/v2.0"

    assert verdict(api, seal(payload=claims(iss=iss, tid=GUID))) == "accepted"
    assert verdict(api, seal(payload=claims(iss=iss, tid=OTHER))) == "wrong_tenant"


# --- the table


def test_all_failures_of_a_token_are_told_in_the_order_of_the_table() -> None:
    """One table serves the verifier and whoever explains a token."""
    payload = claims(exp=1, nbf=NOW + 999, aud="x", iat="x", sub=1, cnf={}, nonce="x")
    token = Parser().parse(seal(payload=payload, typ="x", alg="none"))
    expected = Expectations(issuer(), frozenset({AUDIENCE}), frozenset({AUDIENCE}), frozenset({"ES256"}), 60.0)

    found = [failure.code for failure in failures(token, expected, NOW)]

    assert found == [
        *("wrong_token_type", "unsupported_algorithm", "not_an_access_token", "bound_token", "token_expired"),
        *("token_not_yet_valid", "invalid_claim", "wrong_audience", "invalid_claim"),
    ]


def test_a_good_token_has_no_failures() -> None:
    """The other side of the same table."""
    expected = Expectations(issuer(), frozenset({AUDIENCE}), frozenset({AUDIENCE}), frozenset({"ES256"}), 60.0)

    assert list(failures(Parser().parse(seal()), expected, NOW)) == []


def test_every_check_names_its_source() -> None:
    """A check without its clause gets simplified away."""
    assert all(check.what and check.source for check in CHECKS)


def test_what_is_judged_before_the_signature_is_called_unverified() -> None:
    """Style: an operator must not take a forged value for a fact."""
    error = refusal(API, seal(payload=claims(aud="api://billing")))

    assert not error.verified
    assert "unverified 'api://billing'" in error.operator_text


def test_a_missing_claim_is_told_without_a_value() -> None:
    """Absent is not null."""
    assert refusal(API, seal(payload=claims(exp=ABSENT))).actual is NOTHING
    assert refusal(API, seal(payload=claims(exp=None))).actual is None


def test_a_token_is_judged_by_the_time_of_its_request() -> None:
    """Pure functions take the time: nothing is remembered of an earlier judgement."""
    clock = FakeClock(NOW)
    api = server(clock=clock, token_cache_size=0)
    token = seal(payload=claims(exp=NOW + 10))
    assert judge(api, token).expires_at == NOW + 10

    clock.advance(70)

    assert verdict(api, token) == "token_expired"
