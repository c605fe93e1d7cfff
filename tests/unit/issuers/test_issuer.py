"""The record of one issuer: everything is checked when it is built, and nothing is normalised."""

import dataclasses
import logging
from typing import Any

import pytest

from bearerguard.errors import ConfigurationError
from bearerguard.issuers.issuer import (
    ALGORITHMS,
    DEFAULT_ALGORITHMS,
    Issuer,
)
from bearerguard.issuers.profile import TENANT, Profile

HERE = "https://issuer.example"
KEYS: dict[str, Any] = {"keys": []}


@pytest.mark.parametrize(
    ("issuer", "metadata_url"),
    [
        (HERE, f"{HERE}/.well-known/openid-configuration"),
        (f"{HERE}/", f"{HERE}/.well-known/openid-configuration"),
        (f"{HERE}/one", f"{HERE}/one/.well-known/openid-configuration"),
    ],
    ids=["no path", "a slash", "a path"],
)
def test_without_a_place_of_keys_openid_discovery_is_used_and_the_issuer_stays_as_it_is(issuer: str, metadata_url: str) -> None:
    """OpenID Connect Discovery 1.0 §4.1; RFC 8414 §4: no normalisation."""
    built = Issuer(issuer)
    assert built.issuer == issuer
    assert built.metadata_url == metadata_url
    assert built.metadata_issuers == (issuer,)


def test_the_defaults_are_those_of_the_design() -> None:
    issuer = Issuer(HERE)
    assert issuer.algorithms == ("RS256", "PS256", "ES256", "EdDSA")
    assert issuer.require_at_jwt is False
    assert issuer.audience is None
    assert issuer.profile == Profile()
    assert issuer.insecure_allow_http is False
    assert not issuer.is_template


def test_an_issuer_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Issuer(HERE).issuer = "https://other.example"  # type: ignore[misc]


def test_an_issuer_with_known_keys_need_be_no_address() -> None:
    """RFC 7519 §4.1.1: StringOrURI."""
    assert Issuer("accounts", jwks=KEYS).metadata_url is None
    assert Issuer("accounts", jwks_uri=f"{HERE}/jwks").metadata_url is None


def test_the_repr_does_not_show_keys() -> None:
    assert "keys" not in repr(Issuer(HERE, jwks={"keys": [{"kty": "RSA"}]})).replace("key_issuers", "")


def test_ed25519_is_the_name_of_eddsa_and_names_count_once() -> None:
    """RFC 9864."""
    assert Issuer(HERE, algorithms=["Ed25519", "EdDSA", "RS256"]).algorithms == ("EdDSA", "RS256")


def test_one_algorithm_may_be_a_text() -> None:
    assert Issuer(HERE, algorithms="PS512").algorithms == ("PS512",)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_asymmetric_algorithm_can_be_chosen(algorithm: str) -> None:
    assert Issuer(HERE, algorithms=[algorithm]).algorithms == ("EdDSA" if algorithm == "Ed25519" else algorithm,)


def test_no_symmetric_algorithm_is_known() -> None:
    """RFC 8725 §3.1; CVE-2022-29217."""
    assert not {name for name in (*ALGORITHMS, *DEFAULT_ALGORITHMS) if name.startswith("HS") or name.lower() == "none"}


def test_one_metadata_issuer_may_be_a_text() -> None:
    assert Issuer(HERE, metadata_issuers=f"{HERE}/v1").metadata_issuers == (f"{HERE}/v1",)


def test_an_audience_is_a_set_of_identifiers() -> None:
    assert Issuer(HERE, audience="api://orders").audience == frozenset({"api://orders"})
    assert Issuer(HERE, audience=["api://orders", "orders"]).audience == frozenset({"api://orders", "orders"})


def test_plain_http_on_loopback_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="bearerguard"):
        Issuer("http://localhost:9000", insecure_allow_http=True)
    assert len(caplog.records) == 1


def test_a_template_stands_for_every_tenant() -> None:
    issuer = Issuer(
        f"{HERE}/{TENANT}/v2.0",
        metadata_url=f"{HERE}/common/metadata",
        profile=Profile(tenant=(("tid",),), tenant_in_issuer=True),
    )
    assert issuer.is_template


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "an empty issuer": ({"issuer": ""}, "issuer"),
    "a space before": ({"issuer": f" {HERE}"}, "issuer"),
    "a line break after": ({"issuer": f"{HERE}\n"}, "issuer"),
    "no text": ({"issuer": None}, "issuer"),
    "bytes": ({"issuer": b"https://issuer.example"}, "issuer"),
    "plain http": ({"issuer": "http://issuer.example"}, "issuer"),
    "plain http on loopback": ({"issuer": "http://127.0.0.1:9000"}, "issuer"),
    "the address of its metadata": ({"issuer": "https://issuer.example/.well-known/openid-configuration"}, "issuer"),
    "plain http elsewhere": ({"issuer": "http://issuer.example", "insecure_allow_http": True}, "issuer"),
    "a query": ({"issuer": f"{HERE}?a"}, "issuer"),
    "a fragment": ({"issuer": f"{HERE}#a"}, "issuer"),
    "no address": ({"issuer": "issuer.example"}, "issuer"),
    "metadata over plain http": ({"metadata_url": "http://issuer.example/m"}, "metadata_url"),
    "metadata with credentials": ({"metadata_url": "https://me:secret@issuer.example/m"}, "metadata_url"),
    "empty metadata": ({"metadata_url": ""}, "metadata_url"),
    "keys from a file": ({"jwks_uri": "file:///etc/keys.json"}, "jwks_uri"),
    "keys in the address": ({"jwks_uri": "data:application/json,{}"}, "jwks_uri"),
    "keys of no host": ({"jwks_uri": "https:///jwks"}, "jwks_uri"),
    "a key set without keys": ({"jwks": {}}, "jwks"),
    "keys as an object": ({"jwks": {"keys": {}}}, "jwks"),
    "a list of keys": ({"jwks": []}, "jwks"),
    "two places": ({"metadata_url": f"{HERE}/m", "jwks": KEYS}, "metadata_url and jwks"),
    "three places": (
        {"metadata_url": f"{HERE}/m", "jwks_uri": f"{HERE}/k", "jwks": KEYS},
        "metadata_url and jwks_uri and jwks",
    ),
    "HMAC": ({"algorithms": ["RS256", "HS256"]}, "algorithms"),
    "none": ({"algorithms": "none"}, "algorithms"),
    "lower case": ({"algorithms": ["rs256"]}, "algorithms"),
    "no algorithm": ({"algorithms": ()}, "algorithms"),
    "no collection of algorithms": ({"algorithms": None}, "algorithms"),
    "an empty audience": ({"audience": ""}, "audience"),
    "no audience": ({"audience": []}, "audience"),
    "an empty one among audiences": ({"audience": ["api://orders", ""]}, "audience"),
    "an audience of bytes": ({"audience": b"api://orders"}, "audience"),
    "an empty metadata issuer": ({"metadata_issuers": [HERE, ""]}, "metadata_issuers"),
    "metadata issuers that are no text": ({"metadata_issuers": [None]}, "metadata_issuers"),
    "no collection of metadata issuers": ({"metadata_issuers": 1}, "metadata_issuers"),
    "no profile": ({"profile": None}, "profile"),
    "a dict as profile": ({"profile": {"roles": ["roles"]}}, "profile"),
    "a template whose tokens need not name the tenant": ({"issuer": f"{HERE}/{TENANT}", "metadata_url": f"{HERE}/m"}, "profile"),
    "a template without metadata": (
        {"issuer": f"{HERE}/{TENANT}", "profile": Profile(tenant_in_issuer=True)},
        "metadata_url",
    ),
    "a switch that is no bool": ({"require_at_jwt": 1}, "require_at_jwt"),
    "an insecure switch that is no bool": ({"insecure_allow_http": 1}, "insecure_allow_http"),
}


@pytest.mark.parametrize(("settings", "parameter"), WRONG.values(), ids=WRONG)
def test_a_wrong_value_is_named_and_a_valid_one_shown(settings: dict[str, Any], parameter: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Issuer(**{"issuer": HERE, **settings})
    assert caught.value.parameter == parameter
    assert "A valid value: " in str(caught.value)
