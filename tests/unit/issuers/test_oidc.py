"""Any other issuer: where its metadata is, and where its claims are, is declared."""

import logging
from typing import Any

import pytest

from bearerguard.errors import ConfigurationError
from bearerguard.issuers.oidc import oidc
from support.preset_tokens import key_set

METADATA = {
    "OpenID, no path": ("https://issuer.example", "openid", "https://issuer.example/.well-known/openid-configuration"),
    "OpenID, a slash": ("https://issuer.example/", "openid", "https://issuer.example/.well-known/openid-configuration"),
    "OpenID, a path": ("https://issuer.example/one", "openid", "https://issuer.example/one/.well-known/openid-configuration"),
    "OAuth, no path": ("https://issuer.example", "oauth", "https://issuer.example/.well-known/oauth-authorization-server"),
    "OAuth, a slash": ("https://issuer.example/", "oauth", "https://issuer.example/.well-known/oauth-authorization-server"),
    "OAuth, a path": (
        "https://issuer.example:8443/one/two",
        "oauth",
        "https://issuer.example:8443/.well-known/oauth-authorization-server/one/two",
    ),
    "OAuth, a path with a slash": (
        "https://issuer.example/one/",
        "oauth",
        "https://issuer.example/.well-known/oauth-authorization-server/one",
    ),
}


@pytest.mark.parametrize(("issuer", "discovery", "url"), METADATA.values(), ids=METADATA)
def test_the_metadata_is_where_the_chosen_standard_puts_it(issuer: str, discovery: Any, url: str) -> None:
    """OpenID Connect Discovery 1.0 §4.1 appends, RFC 8414 §3.1 inserts; the issuer itself is never changed."""
    built = oidc(issuer, discovery=discovery)
    assert built.metadata_url == url
    assert built.issuer == issuer


def test_an_issuer_that_is_no_address_works_with_known_keys() -> None:
    assert oidc("urn:example:issuer", jwks=key_set()).issuer == "urn:example:issuer"


def test_paths_may_be_lists_and_may_hold_any_name() -> None:
    """A dot in a name is part of the name."""
    profile = oidc("https://issuer.example", roles_claim=["https://acme.example/v1.0", "app roles"]).profile
    assert profile.roles_of({"https://acme.example/v1.0": {"app roles": ["Read.All"]}}) == {"Read.All"}


@pytest.mark.parametrize("subject", ["reader", "somebody"])
def test_a_declared_client_is_compared_with_the_subject(subject: str) -> None:
    profile = oidc("https://issuer.example", client_claim=["app", "id"]).profile
    claims = {"sub": subject, "app": {"id": "reader"}, "client_id": "somebody", "scope": "orders.read"}
    assert profile.is_application(claims, frozenset()) is (subject == "reader")


@pytest.mark.parametrize(
    ("when", "claims", "expected"),
    [
        pytest.param({"gty": "client_credentials"}, {"gty": "client_credentials"}, True, id="the mark"),
        pytest.param({"gty": "client_credentials"}, {"gty": "password"}, False, id="another value"),
        pytest.param({"gty": "client_credentials"}, {}, False, id="no such claim"),
        pytest.param({"a": True}, {"a": 1}, False, id="one is not true"),
        pytest.param({"a": 1}, {"a": 1}, True, id="a number"),
        pytest.param({"a": 1, "b": "x"}, {"a": 1}, False, id="one of two marks"),
        pytest.param({"a": 1, "b": "x"}, {"a": 1, "b": "x"}, True, id="both marks"),
        pytest.param({"a": "x"}, {"a": ["x"]}, False, id="a list with it"),
        pytest.param({"a": "x"}, {"sub": "c", "client_id": "c"}, True, id="the client itself"),
        pytest.param(None, {"roles": ["Read.All"], "client_id": "c", "sub": "u"}, False, id="no mark named"),
    ],
)
def test_an_application_is_told_by_a_mark_of_ones_own(when: Any, claims: dict[str, Any], expected: bool) -> None:
    assert oidc("https://issuer.example", application_when=when).profile.read(claims).is_application is expected


FORMS: dict[str, tuple[Any, object, set[str]]] = {
    "an array": ("array", ["a", "b"], {"a", "b"}),
    "a string is no array": ("array", "a", set()),
    "one role": ("text", "Read.All", {"Read.All"}),
    "one role with a space": ("text", "Read All", {"Read All"}),
    "several where one is a string": ("text", ["a", "b"], {"a", "b"}),
    "no role": ("text", "", set()),
    "an object is no string": ("text", {"a": 1}, set()),
    "names with spaces between": ("spaces", "a b  c", {"a", "b", "c"}),
    "only spaces": ("spaces", "  ", set()),
    "an array of names": ("spaces", ["a"], {"a"}),
    "member names": ("object", {"Read.All": {"286": "acme"}, "b": 1}, {"Read.All", "b"}),
    "an empty member name": ("object", {"": 1}, set()),
    "member names whose value takes the role away": (
        "object",
        {"a": False, "b": None, "c": True, "d": {}, "e": 0},
        {"c", "d", "e"},
    ),
    "an array is no object": ("object", ["a"], set()),
    "a null among the names": ("array", ["Read.All", None], set()),
}


@pytest.mark.parametrize(("form", "value", "roles"), FORMS.values(), ids=FORMS)
def test_roles_are_read_in_the_declared_form_alone(form: Any, value: object, roles: set[str]) -> None:
    """CVE-2026-35039: a value of another form grants nothing."""
    read = oidc("https://issuer.example", roles_claim=["r"], roles_form=form).profile.read({"r": value})
    assert read.roles == roles


PROBLEMS: dict[str, tuple[Any, object, str]] = {
    "a string": ("array", "Read.All", "`r` is not an array;"),
    "an object": ("array", {"Read.All": {}}, "`r` is not an array;"),
    "a null among the names": ("array", ["Read.All", None], "`r` is not an array of non-empty strings"),
    "an array": ("object", ["a"], "`r` is not an object;"),
    "an object as text": ("text", {"a": 1}, "`r` is not a string;"),
    "a number": ("spaces", 7, "`r` is not a string;"),
    "nothing": ("array", None, ""),
    "an empty array": ("array", [], ""),
    "roles": ("array", ["a"], ""),
}


@pytest.mark.parametrize(("form", "value", "problem"), PROBLEMS.values(), ids=PROBLEMS)
def test_why_no_role_was_read_is_told(form: Any, value: object, problem: str) -> None:
    read = oidc("https://issuer.example", roles_claim=["r"], roles_form=form).profile.read({"r": value})
    assert read.roles_problem.startswith(problem)
    assert bool(read.roles_problem) is bool(problem)


def test_a_place_in_a_nested_claim_is_named_in_full() -> None:
    read = oidc("https://issuer.example", roles_claim=["realm", "roles"]).profile.read({"realm": {"roles": "a"}})
    assert read.roles_problem.startswith("`realm.roles` is not an array")


def test_the_documents_issuer_may_be_declared_to_differ() -> None:
    """AD FS: tokens name ``http://…/adfs/services/trust``, the document ``https://…/adfs``."""
    issuer = oidc(
        "http://fs.example.com/adfs/services/trust",
        metadata_url="https://fs.example.com/adfs/.well-known/openid-configuration",
        metadata_issuers="https://fs.example.com/adfs",
    )
    assert issuer.metadata_issuers == ("https://fs.example.com/adfs",)


@pytest.mark.parametrize("issuer", ["accounts.google.com", "http://fs.example.com/adfs/services/trust", "urn:example:issuer"])
def test_an_iss_that_is_no_address_is_told_with_the_options_that_help(issuer: str) -> None:
    with pytest.raises(ConfigurationError, match="metadata_url="):
        oidc(issuer)


def test_an_issuer_of_auth0_without_its_slash_is_a_wrong_setting() -> None:
    """Tokens of Auth0 always have the slash: https://auth0.com/docs/customize/custom-domains"""
    with pytest.raises(ConfigurationError, match=r"auth0\('dev-1x2y3z.us.auth0.com'\)") as caught:
        oidc("https://dev-1x2y3z.us.auth0.com")
    assert caught.value.parameter == "issuer"
    assert oidc("https://dev-1x2y3z.us.auth0.com/").issuer.endswith("/")


@pytest.mark.parametrize(
    ("issuer", "preset"),
    [
        ("https://login.microsoftonline.com/t/v2.0", "entra("),
        ("https://login.microsoftonline.us/t/v2.0", "entra("),
        ("https://sts.windows.net/t/", "entra("),
        ("https://t.ciamlogin.com/t/v2.0", "entra_external("),
        ("https://contoso.b2clogin.com/t/v2.0/", "azure_b2c("),
    ],
)
def test_a_host_that_has_a_preset_of_its_own_is_told_in_the_log(
    issuer: str, preset: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="bearerguard"):
        oidc(issuer)
    assert preset in caplog.text


@pytest.mark.parametrize(
    "issuer", ["https://issuer.example", "https://evil.example/login.microsoftonline.com", "urn:a:b", "https://[::1"]
)
def test_any_other_host_is_not(issuer: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="bearerguard"):
        oidc(issuer, jwks=key_set())
    assert caplog.records == []


def test_accepting_id_tokens_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="bearerguard"):
        assert oidc("https://dex.example", insecure_accept_id_tokens=True).profile.insecure_accept_id_tokens
    assert "insecure_accept_id_tokens is on" in caplog.text


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a form of roles that is unknown": ({"issuer": "https://issuer.example", "roles_form": "csv"}, "roles_form"),
    "a mark that is text": ({"issuer": "https://issuer.example", "application_when": "gty"}, "application_when"),
    "a mark without a claim": ({"issuer": "https://issuer.example", "application_when": {}}, "application_when"),
    "a mark with several values": ({"issuer": "https://issuer.example", "application_when": {"a": ["b"]}}, "application_when"),
    "an empty issuer": ({"issuer": ""}, "issuer"),
    "a query": ({"issuer": "https://issuer.example?tenant=1"}, "issuer"),
    "a fragment": ({"issuer": "https://issuer.example#a"}, "issuer"),
    "a query, OAuth": ({"issuer": "https://issuer.example?tenant=1", "discovery": "oauth"}, "issuer"),
    "a name that is no address": ({"issuer": "urn:example:issuer"}, "issuer"),
    "a name that is no address, OAuth": ({"issuer": "urn:example:issuer", "discovery": "oauth"}, "issuer"),
    "plain http": ({"issuer": "http://issuer.example"}, "issuer"),
    "roles as a text": ({"roles_claim": "roles"}, "roles_claim"),
    "roles as a dotted text": ({"roles_claim": "realm_access.roles"}, "roles_claim"),
    "an empty path": ({"roles_claim": []}, "roles_claim"),
    "an empty name": ({"roles_claim": ["realm_access", ""]}, "roles_claim"),
    "no roles": ({"roles_claim": None}, "roles_claim"),
    "scopes as a text": ({"scopes_claim": "scope"}, "scopes_claim"),
    "a client as a text": ({"client_claim": "azp"}, "client_claim"),
    "a tenant as a text": ({"tenant_claim": "tid"}, "tenant_claim"),
    "an unknown discovery": ({"discovery": "oidc"}, "discovery"),
    "OAuth discovery beside metadata": ({"discovery": "oauth", "metadata_url": "https://i.example/m"}, "discovery"),
    "OAuth discovery beside an address of keys": ({"discovery": "oauth", "jwks_uri": "https://i.example/k"}, "discovery"),
    "OAuth discovery beside keys": ({"discovery": "oauth", "jwks": {"keys": []}}, "discovery"),
}


@pytest.mark.parametrize(("settings", "parameter"), WRONG.values(), ids=WRONG)
def test_a_wrong_setting_is_named(settings: dict[str, Any], parameter: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        oidc(**{"issuer": "https://issuer.example", **settings})
    assert caught.value.parameter == parameter
