"""How claims are read: declared paths, exact types, nothing guessed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bearerguard.error_codes import WRONG_VERSION
from bearerguard.errors import ConfigurationError
from bearerguard.issuers.application import application_by_idtyp, application_by_subject
from bearerguard.issuers.claim_rule import ClaimRule
from bearerguard.issuers.claim_values import NOTHING, claim_at, names_in_array, scopes_in
from bearerguard.issuers.profile import Profile

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
claim_names = st.sampled_from(["roles", "scope", "scp", "client_id", "azp", "tid", "sub", "idtyp", "realm_access"])
claim_sets = st.dictionaries(claim_names, json_values)

PATHS: dict[str, tuple[dict[str, Any], tuple[str, ...], Any]] = {
    "one level": ({"roles": ["a"]}, ("roles",), ["a"]),
    "two levels": ({"realm_access": {"roles": ["a"]}}, ("realm_access", "roles"), ["a"]),
    "a name with a dot": ({"a.b": 1, "a": {"b": 2}}, ("a.b",), 1),
    "a name with slashes": ({"https://acme.example/roles": 1}, ("https://acme.example/roles",), 1),
    "missing": ({}, ("roles",), None),
    "missing below": ({"realm_access": {}}, ("realm_access", "roles"), None),
    "a parent that is text": ({"realm_access": "roles"}, ("realm_access", "roles"), None),
    "a parent that is an array": ({"realm_access": ["roles"]}, ("realm_access", "roles"), None),
    "a parent that is null": ({"realm_access": None}, ("realm_access", "roles"), None),
    "another case": ({"Roles": ["a"]}, ("roles",), None),
}


@pytest.mark.parametrize(("claims", "path", "expected"), PATHS.values(), ids=PATHS)
def test_a_path_is_followed_member_by_member(claims: dict[str, Any], path: tuple[str, ...], expected: Any) -> None:
    """Names match by code point (RFC 7515 §5.3), one per level."""
    assert claim_at(claims, path) == expected


ARRAYS: dict[str, tuple[Any, set[str]]] = {
    "names": (["Read.All", "Write.All"], {"Read.All", "Write.All"}),
    "a name twice": (["Read.All", "Read.All"], {"Read.All"}),
    "a name with a space is one name": (["Read.All Write.All"], {"Read.All Write.All"}),
    "empty": ([], set()),
    "text": ("Read.All", set()),
    "text with commas": ("Read.All,Write.All", set()),
    "an object": ({"Read.All": True}, set()),
    "a number among them": (["Read.All", 1], set()),
    "null among them": (["Read.All", None], set()),
    "true among them": (["Read.All", True], set()),
    "an array among them": (["Read.All", ["Write.All"]], set()),
    "an object among them": (["Read.All", {}], set()),
    "an empty name among them": (["Read.All", ""], set()),
    "null": (None, set()),
    "true": (True, set()),
}


@pytest.mark.parametrize(("value", "expected"), ARRAYS.values(), ids=ARRAYS)
def test_roles_are_an_array_of_text_or_none_at_all(value: Any, expected: set[str]) -> None:
    """CVE-2026-35039: a value of the wrong type grants nothing."""
    assert names_in_array(value) == expected


SCOPES: dict[str, tuple[Any, set[str]]] = {
    "a text": ("orders.read orders.write", {"orders.read", "orders.write"}),
    "two spaces": (" orders.read  orders.write ", {"orders.read", "orders.write"}),
    "commas do not separate": ("orders.read,orders.write", {"orders.read,orders.write"}),
    "tabs do not separate": ("orders.read\torders.write", {"orders.read\torders.write"}),
    "an empty text": ("", set()),
    "an array": (["orders.read", "orders.write"], {"orders.read", "orders.write"}),
    "an array with a number": (["orders.read", 1], set()),
    "a number": (1, set()),
    "null": (None, set()),
}


@pytest.mark.parametrize(("value", "expected"), SCOPES.values(), ids=SCOPES)
def test_scopes_are_a_text_with_spaces_or_an_array(value: Any, expected: set[str]) -> None:
    """RFC 6749 §3.3; Okta's array."""
    assert scopes_in(value) == expected


def test_all_paths_of_roles_count_together() -> None:
    profile = Profile(roles=(("realm_access", "roles"), ("resource_access", "orders", "roles")))
    claims = {"realm_access": {"roles": ["a"]}, "resource_access": {"orders": {"roles": ["b"]}, "billing": {"roles": ["c"]}}}
    assert profile.roles_of(claims) == {"a", "b"}


def test_a_wrong_type_at_one_path_leaves_the_other_alone() -> None:
    profile = Profile(roles=(("permissions",), ("https://acme.example/roles",)))
    assert profile.roles_of({"permissions": "a", "https://acme.example/roles": ["b"]}) == {"b"}


def test_a_profile_without_paths_reads_nothing() -> None:
    profile = Profile(roles=(), scopes=(), client=(), tenant=())
    claims = {"roles": ["a"], "scope": "b", "client_id": "c", "tid": "d"}
    assert profile.roles_of(claims) == NOTHING
    assert profile.scopes_of(claims) == NOTHING
    assert profile.client_of(claims) is None
    assert profile.tenant_of(claims) is None


def test_the_first_scope_claim_that_is_present_counts() -> None:
    profile = Profile()
    assert profile.scopes_of({"scope": "a", "scp": ["b"]}) == {"a"}
    assert profile.scopes_of({"scp": ["b"]}) == {"b"}
    assert profile.scopes_of({"scope": 1, "scp": ["b"]}) == NOTHING


def test_the_first_client_claim_that_is_present_counts() -> None:
    profile = Profile()
    assert profile.client_of({"client_id": "a", "azp": "b"}) == "a"
    assert profile.client_of({"azp": "b"}) == "b"
    assert profile.client_of({}) is None


@pytest.mark.parametrize("value", ["", 1, True, ["a"], {"a": 1}])
def test_a_client_or_tenant_that_is_no_text_is_none_and_no_other_claim_is_tried(value: Any) -> None:
    profile = Profile(tenant=(("tid",), ("tenant",)))
    assert profile.client_of({"client_id": value, "azp": "b"}) is None
    assert profile.tenant_of({"tid": value, "tenant": "b"}) is None


BY_IDTYP: dict[str, tuple[dict[str, Any], set[str], bool]] = {
    "app": ({"idtyp": "app"}, set(), True),
    "app with scp": ({"idtyp": "app", "scp": "a"}, set(), True),
    "user": ({"idtyp": "user"}, {"Read.All"}, False),
    "another case": ({"idtyp": "App"}, {"Read.All"}, False),
    "no text": ({"idtyp": ["app"]}, {"Read.All"}, False),
    "absent, roles": ({}, {"Read.All"}, True),
    "absent, roles and scp": ({"scp": "a"}, {"Read.All"}, False),
    "absent, roles and an empty scp": ({"scp": ""}, {"Read.All"}, False),
    "absent, roles and a slash for no scope": ({"scp": "/"}, {"Read.All"}, True),
    "absent, a slash for no scope and no roles": ({"scp": "/"}, set(), False),
    "absent, no roles": ({}, set(), False),
}


@pytest.mark.parametrize(("claims", "roles", "expected"), BY_IDTYP.values(), ids=BY_IDTYP)
def test_an_application_by_idtyp(claims: dict[str, Any], roles: set[str], expected: bool) -> None:
    """https://learn.microsoft.com/en-us/entra/identity-platform/optional-claims-reference"""
    assert application_by_idtyp(claims, frozenset(roles)) is expected


BY_SUBJECT: dict[str, tuple[dict[str, Any], set[str], bool]] = {
    "the client itself": ({"sub": "a", "client_id": "a"}, set(), True),
    "the client itself by azp": ({"sub": "a", "azp": "a"}, set(), True),
    "the client itself with scopes": ({"sub": "a", "client_id": "a", "scope": "b"}, set(), True),
    "a user with scopes": ({"sub": "u", "client_id": "a", "scope": "b"}, set(), False),
    "a user with scopes and roles": ({"sub": "u", "client_id": "a", "scope": "b"}, {"Read.All"}, False),
    "an unnamed client with scopes and roles": ({"sub": "u", "scope": "b"}, {"Read.All"}, False),
    "a user with roles and no scope": ({"sub": "u", "client_id": "a"}, {"Read.All"}, False),
    "somebody with nothing": ({"sub": "u", "client_id": "a"}, set(), False),
    "the client itself with scp, as of Ory Hydra": ({"sub": "a", "client_id": "a", "scp": ["b"]}, set(), True),
    "idtyp decides": ({"sub": "a", "client_id": "a", "idtyp": "user"}, {"Read.All"}, False),
    "idtyp decides for an application": ({"sub": "u", "client_id": "a", "idtyp": "app", "scope": "b"}, set(), True),
    "empty": ({"sub": "", "client_id": ""}, set(), False),
    "numbers": ({"sub": 1, "client_id": 1}, set(), False),
}


@pytest.mark.parametrize(("claims", "roles", "expected"), BY_SUBJECT.values(), ids=BY_SUBJECT)
def test_an_application_by_subject(claims: dict[str, Any], roles: set[str], expected: bool) -> None:
    """RFC 9068 §2.2: without a resource owner the subject is the client; a user may have roles (RFC 9068 §2.2.3.1)."""
    assert application_by_subject(claims, frozenset(roles)) is expected


@given(claims=claim_sets)
def test_any_claims_can_be_read(claims: dict[str, Any]) -> None:
    profile = Profile(roles=(("roles",), ("realm_access", "roles")), tenant=(("tid",),), key_issuers=("https://i/{tenantid}",))
    roles = profile.roles_of(claims)
    assert all(type(name) is str and name for name in roles | profile.scopes_of(claims))
    assert type(profile.client_of(claims)) in (str, type(None))
    assert type(profile.tenant_of(claims)) in (str, type(None))
    assert type(profile.is_application(claims, roles)) is bool
    assert type(profile.accepts_key_of("https://i/{tenantid}", claims)) is bool


def test_a_key_is_of_its_issuer_once_the_tenant_is_filled_in() -> None:
    """https://learn.microsoft.com/en-us/entra/identity-platform/access-tokens#validate-the-issuer"""
    profile = Profile(tenant=(("tid",),), key_issuers=("https://i/{tenantid}/v2.0",))
    assert profile.accepts_key_of("https://i/{tenantid}/v2.0", {"tid": "a"})
    assert profile.accepts_key_of("https://i/a/v2.0", {"tid": "a"})
    assert not profile.accepts_key_of("https://i/b/v2.0", {"tid": "a"})
    assert not profile.accepts_key_of("https://i/{tenantid}/v2.0", {})


def test_without_named_issuers_the_member_of_a_key_is_not_looked_at() -> None:
    assert Profile().accepts_key_of("https://elsewhere.example", {})


WRONG_PROFILES: dict[str, tuple[dict[str, Any], str]] = {
    "roles as a text": ({"roles": "roles"}, "roles"),
    "roles as one path": ({"roles": ("roles",)}, "roles"),
    "roles as a list": ({"roles": [("roles",)]}, "roles"),
    "an empty path": ({"scopes": ((),)}, "scopes"),
    "an empty name": ({"client": (("azp", ""),)}, "client"),
    "a number": ({"tenant": ((1,),)}, "tenant"),
    "no audience claim": ({"audience_claim": ""}, "audience_claim"),
    "an audience path": ({"audience_claim": ("aud",)}, "audience_claim"),
    "a text as rules": ({"rules": "ver"}, "rules"),
    "no rule among rules": ({"rules": (ClaimRule(("ver",)), "ver")}, "rules"),
    "a text as key issuers": ({"key_issuers": "https://login.test/{tenantid}/v2.0"}, "key_issuers"),
    "no function": ({"is_application": None}, "is_application"),
    "a client that stands nowhere": ({"client": (), "client_required": True}, "client_required"),
}


@pytest.mark.parametrize(("settings", "parameter"), WRONG_PROFILES.values(), ids=WRONG_PROFILES)
def test_a_wrong_profile_is_named(settings: dict[str, Any], parameter: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Profile(**settings)
    assert caught.value.parameter == parameter


WRONG_RULES: dict[str, tuple[Any, Any, str]] = {
    "a text as values would match its parts": (("ver",), "2.0", "values"),
    "a list as values": (("ver",), ["2.0"], "values"),
    "a number among values": (("ver",), frozenset({2.0}), "values"),
    "an empty text among values": (("ver",), frozenset({""}), "values"),
    "a text as path": ("ver", frozenset({"2.0"}), "path"),
    "an empty path": ((), frozenset({"2.0"}), "path"),
}


@pytest.mark.parametrize(("path", "values", "parameter"), WRONG_RULES.values(), ids=WRONG_RULES)
def test_a_wrong_rule_is_named(path: Any, values: Any, parameter: str) -> None:
    """CVE-2024-53861: ``in`` on a text is a search for a part."""
    with pytest.raises(ConfigurationError) as caught:
        ClaimRule(path, WRONG_VERSION, values)
    assert caught.value.parameter == parameter
