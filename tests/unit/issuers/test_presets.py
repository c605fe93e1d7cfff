"""What all presets share: strict options, the keywords of ``Issuer``, and a local issuer in place of the vendor."""

import inspect
import logging
import pickle
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import httpx
import pytest

from bearerguard.errors import ConfigurationError
from bearerguard.issuers.issuer import DEFAULT_ALGORITHMS, Issuer
from bearerguard.resource_server import ResourceServer
from bearerguard.testing.local_issuer import LocalIssuer
from support.preset_tokens import DOCUMENTED, PRESETS, key_set, options_passed_on

TENANT = "11111111-2222-3333-4444-555555555555"
BASE = "https://issuer.test"
SETTINGS: dict[str, dict[str, Any]] = {
    "entra": {"tenant_id": TENANT},
    "entra_multitenant": {"tenants": [TENANT]},
    "entra_external": {"tenant_id": TENANT},
    "azure_b2c": {"tenant_name": "contoso", "tenant_id": TENANT, "policy": "B2C_1_signin"},
    "auth0": {"domain": "contoso.eu.auth0.com"},
    "keycloak": {"base_url": BASE, "realm": "contoso", "client_id": "api://orders"},
    "cognito": {"region": "eu-central-1", "user_pool_id": "eu-central-1_Example01", "client_ids": "reader"},
    "okta": {"issuer": f"{BASE}/oauth2/default"},
    "oidc": {"issuer": BASE},
}


def built(preset: str, **settings: Any) -> tuple[Issuer, ...]:
    result = PRESETS[preset](**{**SETTINGS[preset], **settings})
    return result if isinstance(result, tuple) else (result,)


def test_every_preset_is_shown_on_documented_tokens() -> None:
    assert {row["preset"] for row in DOCUMENTED.values()} == set(PRESETS)
    assert all(row["source"] for row in DOCUMENTED.values())


@pytest.mark.parametrize("preset", PRESETS)
def test_a_misspelled_option_is_a_type_error_that_names_the_preset_and_the_option(preset: str) -> None:
    with pytest.raises(TypeError, match=rf"^{preset}\(\) got an unexpected keyword argument 'algorithm'$"):
        built(preset, algorithm=["RS256"])


@pytest.mark.parametrize(
    ("preset", "option"), [("entra", "metadata_url"), ("entra_multitenant", "metadata_url"), ("cognito", "audience")]
)
def test_an_option_that_a_preset_decides_itself_is_a_type_error_too(preset: str, option: str) -> None:
    with pytest.raises(TypeError, match=rf"^{preset}\(\) got an unexpected keyword argument '{option}'$"):
        built(preset, **{option: "https://elsewhere.example"})


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_every_option_passed_on_is_one_of_issuer_and_named_in_the_docstring(preset: Callable[..., Any]) -> None:
    passed_on = options_passed_on(preset)
    assert passed_on
    assert passed_on <= {field.name for field in fields(Issuer)}
    assert {name for name in passed_on if f"``{name}``" not in (preset.__doc__ or "")} == set()


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_every_docstring_names_its_source(preset: Callable[..., Any]) -> None:
    text = inspect.getdoc(preset) or ""
    assert "Source: https://" in text or "RFC " in text


@pytest.mark.parametrize("preset", PRESETS)
def test_by_default_every_asymmetric_algorithm_of_the_library_is_accepted_and_any_typ(preset: str) -> None:
    for issuer in built(preset):
        assert issuer.algorithms == DEFAULT_ALGORITHMS
        assert issuer.require_at_jwt is False
        assert issuer.insecure_allow_http is False
        assert issuer.metadata_url is not None


@pytest.mark.parametrize("preset", PRESETS)
def test_the_keywords_of_issuer_reach_every_issuer_of_a_preset(preset: str) -> None:
    for issuer in built(preset, algorithms=["ES256"], require_at_jwt=True):
        assert issuer.algorithms == ("ES256",)
        assert issuer.require_at_jwt is True


@pytest.mark.parametrize("preset", sorted(set(PRESETS) - {"cognito"}))
def test_an_audience_overrides_the_servers(preset: str) -> None:
    for issuer in built(preset, audience="api://orders"):
        assert issuer.audience == frozenset({"api://orders"})


@pytest.mark.parametrize("place", ["jwks", "jwks_uri"])
@pytest.mark.parametrize("preset", PRESETS)
def test_keys_may_be_given_without_discovery(preset: str, place: str) -> None:
    keys: Any = key_set() if place == "jwks" else "https://keys.example/jwks"
    for issuer in built(preset, **{place: keys}):
        assert getattr(issuer, place) == keys
        assert issuer.metadata_url is None


@pytest.mark.parametrize("preset", sorted(set(PRESETS) - {"entra", "entra_multitenant"}))
def test_metadata_may_be_elsewhere(preset: str) -> None:
    for issuer in built(preset, metadata_url="https://internal.example/metadata"):
        assert issuer.metadata_url == "https://internal.example/metadata"


@pytest.mark.parametrize("preset", PRESETS)
def test_only_one_place_of_the_keys_may_be_given(preset: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        built(preset, jwks=key_set(), jwks_uri="https://keys.example/jwks")
    assert caught.value.parameter == "jwks_uri and jwks"


WRONG_FOR_ALL = {
    "a symmetric algorithm": ({"algorithms": ["HS256"]}, "algorithms"),
    "no signature": ({"algorithms": ["none"]}, "algorithms"),
    "no algorithm": ({"algorithms": []}, "algorithms"),
    "keys over plain http": ({"jwks_uri": "http://127.0.0.1/jwks"}, "jwks_uri"),
    "a text in place of a key set": ({"jwks": "{}"}, "jwks"),
    "a text in place of a switch": ({"require_at_jwt": "no"}, "require_at_jwt"),
    "a text in place of an insecure switch": ({"insecure_allow_http": "no"}, "insecure_allow_http"),
    "a host with its scheme": ({"insecure_http_hosts": "http://keycloak"}, "insecure_http_hosts"),
}


@pytest.mark.parametrize(("settings", "parameter"), WRONG_FOR_ALL.values(), ids=WRONG_FOR_ALL)
@pytest.mark.parametrize("preset", PRESETS)
def test_a_wrong_value_is_a_configuration_error_that_names_it(preset: str, settings: dict[str, Any], parameter: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        built(preset, **settings)
    assert caught.value.parameter == parameter


@pytest.mark.parametrize("preset", PRESETS)
def test_keys_may_come_over_plain_http_from_a_host_that_is_named(preset: str, caplog: pytest.LogCaptureFixture) -> None:
    """An issuer inside a cluster; whoever can answer in its place can forge any token, so that it is logged."""
    for issuer in built(preset, jwks_uri="http://keys.cluster:8080/jwks", insecure_http_hosts="keys.cluster"):
        assert issuer.jwks_uri == "http://keys.cluster:8080/jwks"
    assert "keys may travel over plain http from keys.cluster" in caplog.text
    with pytest.raises(ConfigurationError):
        built(preset, jwks_uri="http://keys.cluster:8080/jwks", insecure_http_hosts=["other.cluster"])


@pytest.mark.parametrize("preset", PRESETS)
def test_issuers_are_values_that_can_be_compared_hashed_and_pickled(preset: str) -> None:
    issuers = built(preset)
    assert issuers == built(preset)
    assert hash(issuers) == hash(built(preset))
    assert pickle.loads(pickle.dumps(issuers)) == issuers  # noqa: S301  our own bytes


@pytest.mark.parametrize("preset", PRESETS)
def test_a_local_http_issuer_needs_the_insecure_switch_and_is_logged(preset: str, caplog: pytest.LogCaptureFixture) -> None:
    local = {
        "entra": {"authority": "http://127.0.0.1:9000"},
        "entra_multitenant": {"authority": "http://127.0.0.1:9000"},
        "azure_b2c": {"authority": "http://127.0.0.1:9000"},
        "okta": {"issuer": "http://127.0.0.1:9000/oauth2/default"},
        "oidc": {"issuer": "http://127.0.0.1:9000"},
        "entra_external": {"metadata_url": "http://127.0.0.1:9000/metadata"},
    }.get(preset, {"base_url": "http://127.0.0.1:9000"})
    with pytest.raises(ConfigurationError):
        built(preset, **local)
    with caplog.at_level(logging.WARNING, logger="bearerguard"):
        issuers = built(preset, **local, insecure_allow_http=True)
    assert len(caplog.records) == len(issuers)


LOCAL = {
    "entra_v1": ("entra", {"authority": BASE}),
    "entra_v2": ("entra", {"authority": BASE}),
    "entra_external": ("entra_external", {"metadata_url": f"{BASE}/{TENANT}/v2.0/.well-known/openid-configuration"}),
    "azure_b2c": ("azure_b2c", {"authority": BASE}),
    "auth0": ("auth0", {"base_url": BASE}),
    "keycloak": ("keycloak", {}),
    "cognito": ("cognito", {"base_url": BASE}),
    "okta": ("okta", {}),
    "generic": ("oidc", {}),
}


@pytest.mark.anyio
@pytest.mark.parametrize("shape", LOCAL)
async def test_a_local_issuer_stands_in_for_the_vendor(shape: str) -> None:
    """Metadata, keys and tokens are fetched where the preset says: its addresses are those that the shape serves."""
    preset, settings = LOCAL[shape]
    local = LocalIssuer(BASE, shape=shape, audience="api://orders")
    transport = httpx.ASGITransport(local)
    api = ResourceServer(built(preset, **settings), "api://orders", transport=transport)
    principal = await api.authenticate(local.mint("reader"))
    assert principal.issuer == local.issuer
    assert principal.client_id == "reader"
    assert principal.is_application
    assert "Read.All" in principal.roles
    await api.aclose()


@pytest.mark.anyio
@pytest.mark.parametrize(("discovery", "endpoint"), [("openid", 0), ("oauth", 1)])
async def test_an_issuer_with_a_path_is_found_by_the_declared_discovery_alone(discovery: str, endpoint: int) -> None:
    """RFC 8414 §3.1 inserts, OpenID Connect Discovery 1.0 §4 appends."""
    local = LocalIssuer(f"{BASE}/tenant/one", audience="api://orders")
    (issuer,) = built("oidc", issuer=local.issuer, discovery=discovery)
    assert issuer.metadata_url == local.documents[0].urls[endpoint]
    api = ResourceServer(issuer, "api://orders", transport=httpx.ASGITransport(local))
    assert (await api.authenticate(local.mint("reader"))).client_id == "reader"
    await api.aclose()
