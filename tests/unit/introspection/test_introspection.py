"""The settings of introspection."""

from typing import Any, Final

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bearerguard import ConfigurationError, Introspection, Issuer, ResourceServer, entra_multitenant
from bearerguard.client_authentication.secret import Secret
from bearerguard.issuers.profile import Profile
from support.introspected import AUDIENCE, URL, settings

TEMPLATE: Final = entra_multitenant(insecure_any_tenant=True)[0]
WRONG: Final[dict[str, tuple[Any, ...]]] = {
    "endpoint": (
        None,
        "",
        "http://issuer.test/introspect",
        "http://localhost/introspect",
        "issuer.test",
        "https://a:b@c.test",
        7,
    ),
    "issuer": (TEMPLATE,),
    "client_id": ("", None, 7, "a\nb"),
    "client_secret": (None, "", "a\nb"),
    "client_auth": ("digest", "tls_client_auth", None),
    "private_key": (),
    "audience": ("", [], 7, "api://orders/.default"),
    "only_this_api": ("yes", None, 1),
    "also_jwt": ("yes", None, 1),
    "cache_for": (-1, 3601, "60", None, True, float("nan")),
    "timeout": (0, -1, 31, "5", None, float("nan")),
    "transport": ("x", httpx.HTTPTransport(), httpx.AsyncClient()),
    "profile": ("keycloak", "", 0, Issuer("https://issuer.test")),
    "insecure_allow_http": ("yes", None),
}


@pytest.mark.parametrize(
    ("parameter", "value"),
    [pytest.param(name, value, id=f"{name} {number}") for name, values in WRONG.items() for number, value in enumerate(values)],
)
def test_a_wrong_setting_is_named_when_it_is_built(parameter: str, value: object) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings(**{parameter: value})

    assert caught.value.parameter == parameter
    assert "A valid value: " in str(caught.value)


def test_a_secret_is_never_shown() -> None:
    asked = settings(client_secret="reader-secret")

    assert "reader-secret" not in repr(asked)
    assert "reader-secret" not in repr(asked.client_secret)


def test_secrets_are_sealed_when_it_is_built() -> None:
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    by_key = settings(client_secret=None, client_auth="private_key_jwt", private_key=pem)

    assert isinstance(settings().client_secret, Secret)
    assert isinstance(by_key.private_key, Secret)


@pytest.mark.parametrize(("parameter", "values"), [("timeout", (0.001, 30)), ("cache_for", (0, 3600))])
def test_the_bounds_of_a_number_are_allowed(parameter: str, values: tuple[float, float]) -> None:
    for value in values:
        assert getattr(settings(**{parameter: value}), parameter) == value


def test_its_place_is_the_endpoint_or_else_the_issuer_that_names_it() -> None:
    assert settings(issuer="https://issuer.test").place == URL
    assert settings(endpoint=None, issuer="https://issuer.test").place == "https://issuer.test"


def test_plain_http_is_for_loopback_and_only_where_it_is_allowed() -> None:
    assert settings(endpoint="http://localhost:8000/introspect", insecure_allow_http=True)
    with pytest.raises(ConfigurationError):
        settings(endpoint="http://issuer.test/introspect", insecure_allow_http=True)


def test_an_issuer_with_keys_alone_needs_the_endpoint() -> None:
    keys = Issuer("https://issuer.test", jwks_uri="https://issuer.test/jwks")

    with pytest.raises(ConfigurationError) as caught:
        settings(endpoint=None, issuer=keys)

    assert caught.value.parameter == "endpoint"
    assert settings(issuer=keys).named_issuer == "https://issuer.test"


def test_an_issuer_need_not_be_an_address_where_the_endpoint_is_given() -> None:
    assert settings(issuer="accounts").named_issuer == "accounts"


def test_a_profile_replaces_the_issuers() -> None:
    profile = Profile(roles=(("groups",),))

    assert settings(issuer=Issuer("https://issuer.test"), profile=profile).record.profile is profile


def test_whatever_else_an_issuer_is_made_of_stays() -> None:
    plain = Issuer("http://localhost:9000", insecure_allow_http=True, metadata_issuers=["http://localhost:9001"])
    record = settings(issuer=plain, profile=Profile(roles=(("groups",),))).record

    assert settings(issuer=plain).record is plain
    assert (record.issuer, record.metadata_issuers) == (plain.issuer, plain.metadata_issuers)


@pytest.mark.parametrize("value", ["x", URL, Introspection, object()])
def test_a_server_takes_an_introspection_and_nothing_else(value: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        ResourceServer(audience=AUDIENCE, introspection=value)

    assert caught.value.parameter == "introspection"


def test_a_server_needs_issuers_or_introspection() -> None:
    assert ResourceServer(audience=AUDIENCE, introspection=settings()).issuers == ()
    with pytest.raises(ConfigurationError) as caught:
        ResourceServer(audience=AUDIENCE)

    assert caught.value.parameter == "issuers"


def test_a_server_with_introspection_needs_an_audience_all_the_same() -> None:
    with pytest.raises(ConfigurationError) as caught:
        ResourceServer(introspection=settings(only_this_api=True))

    assert caught.value.parameter == "audience"


def test_jwts_of_several_issuers_are_not_shown_to_one_endpoint() -> None:
    issuers = [Issuer("https://one.test"), Issuer("https://two.test")]

    with pytest.raises(ConfigurationError) as caught:
        ResourceServer(issuers, AUDIENCE, introspection=settings(also_jwt=True))

    assert caught.value.parameter == "introspection"
    assert ResourceServer(issuers, AUDIENCE, introspection=settings(also_jwt=True, issuer="https://one.test"))
