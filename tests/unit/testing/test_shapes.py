"""What each vendor's tokens hold, beside what their documentation shows."""

from typing import Any, Final

import jwt
import pytest

from bearerguard import errors
from bearerguard.testing import Directory, FakeClock, LocalIssuer
from bearerguard.testing.shapes import SHAPES
from support.plain_jwt import minted

NOW: Final = 1_767_268_800
TENANT: Final = "11111111-2222-3333-4444-555555555555"
CONSTANT: Final[dict[str, dict[str, Any]]] = {
    # RFC 9068 §2.2; oidc-provider leaves nbf out
    "generic": {
        "iss": "https://issuer.test",
        "exp": NOW + 3600,
        "aud": "api://orders",
        "sub": "reader",
        "client_id": "reader",
        "iat": NOW,
        "scope": "orders.read",
        "roles": ["Read.All"],
    },
    # https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference
    "entra_v1": {
        "aud": "api://orders",
        "iss": f"https://sts.windows.net/{TENANT}/",
        "iat": NOW,
        "nbf": NOW,
        "exp": NOW + 3600,
        "appid": "reader",
        "appidacr": "1",
        "idp": f"https://sts.windows.net/{TENANT}/",
        "roles": ["Read.All"],
        "tid": TENANT,
        "ver": "1.0",
    },
    "entra_v2": {
        "aud": "api://orders",
        "iss": f"https://issuer.test/{TENANT}/v2.0",
        "iat": NOW,
        "nbf": NOW,
        "exp": NOW + 3600,
        "azp": "reader",
        "azpacr": "1",
        "roles": ["Read.All"],
        "tid": TENANT,
        "ver": "2.0",
    },
    # https://learn.microsoft.com/en-us/azure/active-directory-b2c/client-credentials-grant-flow
    "azure_b2c": {
        "aud": "api://orders",
        "iss": f"https://issuer.test/{TENANT}/v2.0/",
        "iat": NOW,
        "nbf": NOW,
        "exp": NOW + 300,
        "appid": "reader",
        "appidacr": "1",
        "idp": f"https://sts.windows.net/{TENANT}/",
        "roles": ["Read.All"],
        "tid": TENANT,
        "ver": "1.0",
    },
    # https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles
    "auth0": {
        "iss": "https://issuer.test/",
        "sub": "reader@clients",
        "aud": "api://orders",
        "iat": NOW,
        "exp": NOW + 86_400,
        "gty": "client-credentials",
        "azp": "reader",
        "permissions": ["Read.All"],
        "scope": "Read.All orders.read",
    },
    # https://www.keycloak.org/docs/latest/server_admin/#_service_accounts
    "keycloak": {
        "exp": NOW + 300,
        "iat": NOW,
        "iss": "https://issuer.test/realms/contoso",
        "aud": ["api://orders", "account"],
        "typ": "Bearer",
        "azp": "reader",
        "acr": "1",
        "realm_access": {"roles": ["default-roles-contoso", "offline_access", "uma_authorization"]},
        "resource_access": {"api://orders": {"roles": ["Read.All"]}, "account": {"roles": ["view-profile"]}},
        "scope": "profile email orders.read",
        "email_verified": False,
        "preferred_username": "service-account-reader",
        "client_id": "reader",
    },
    # the page amazon-cognito-user-pools-using-the-access-token of docs.aws.amazon.com
    "cognito": {
        "sub": "reader",
        "token_use": "access",
        "auth_time": NOW,
        "iss": "https://issuer.test/eu-central-1_Example01",
        "exp": NOW + 3600,
        "iat": NOW,
        "version": 2,
        "client_id": "reader",
        "scope": "orders.read",
        "cognito:groups": ["Read.All"],
    },
    # https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/#access-token
    "okta": {
        "ver": 1,
        "iss": "https://issuer.test/oauth2/default",
        "aud": "api://orders",
        "iat": NOW,
        "exp": NOW + 3600,
        "cid": "reader",
        "scp": ["orders.read"],
        "sub": "reader",
        "groups": ["Read.All"],
    },
}
OPAQUE: Final = {
    "generic": {"jti"},
    "entra_v1": {"aio", "oid", "rh", "sub", "uti"},
    "entra_v2": {"aio", "oid", "rh", "sub", "uti"},
    "azure_b2c": {"aio", "oid", "sub"},
    "auth0": set(),
    "keycloak": {"jti", "sub"},
    "cognito": {"jti"},
    "okta": {"jti"},
}
HEADERS: Final = {
    "generic": {"typ": "at+jwt"},
    "entra_v1": {"typ": "JWT", "x5t": "kid"},
    "entra_v2": {"typ": "JWT"},
    "azure_b2c": {"typ": "JWT"},
    "auth0": {"typ": "JWT"},
    "keycloak": {"typ": "JWT"},
    "cognito": {"typ": "JWT"},
    "okta": {},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_token_holds_what_the_vendor_documents(shape: str) -> None:
    issuer = LocalIssuer(shape=shape, clock=FakeClock(now=NOW))

    claims = minted(issuer, "reader")

    assert {name: value for name, value in claims.items() if name not in OPAQUE[shape]} == CONSTANT[shape]


@pytest.mark.parametrize("shape", SHAPES)
def test_what_only_the_issuer_understands_is_a_text(shape: str) -> None:
    claims = minted(LocalIssuer(shape=shape), "reader")

    assert all(isinstance(claims[name], str) and claims[name] for name in OPAQUE[shape])


@pytest.mark.parametrize("shape", SHAPES)
def test_a_header_holds_what_the_vendor_sends(shape: str) -> None:
    issuer = LocalIssuer(shape=shape)
    kid = issuer.signing_key.kid

    header = jwt.get_unverified_header(issuer.mint("reader"))

    expected = {name: kid if value == "kid" else value for name, value in HEADERS[shape].items()}
    assert header == {"alg": "RS256", "kid": kid, **expected}


@pytest.mark.parametrize("shape", ["generic", "entra_v1", "entra_v2", "azure_b2c", "cognito", "okta"])
def test_a_token_without_roles_lacks_the_claim(shape: str) -> None:
    claims = minted(LocalIssuer(shape=shape), "noroles")

    assert not {"roles", "groups", "cognito:groups"} & claims.keys()


@pytest.mark.parametrize("shape", ["entra_v1", "entra_v2", "azure_b2c"])
def test_scp_is_in_the_tokens_of_users_alone(shape: str) -> None:
    """R101."""
    issuer = LocalIssuer(shape=shape)

    assert "scp" not in minted(issuer, "writer")
    assert minted(issuer, "writer", user="alice")["scp"] == "orders.read orders.write"


@pytest.mark.parametrize("shape", SHAPES)
def test_a_users_token_has_the_user_as_its_subject(shape: str) -> None:
    assert minted(LocalIssuer(shape=shape), user="alice")["sub"] == "alice"


def test_a_users_token_of_b2c_names_the_policy_and_not_the_directory() -> None:
    """R110."""
    claims = minted(LocalIssuer(shape="azure_b2c"), user="alice")

    assert (claims["tfp"], claims["azp"]) == ("B2C_1_signin", "reader")
    assert not {"tid", "oid", "appid"} & claims.keys()


def test_names_of_the_customer_are_the_users_choice() -> None:
    directory = Directory(realm="shop")

    assert LocalIssuer(shape="keycloak", directory=directory).issuer == "https://issuer.test/realms/shop"


@pytest.mark.parametrize("shape", ["entra_v1", "entra_v2", "azure_b2c"])
def test_microsoft_publishes_no_algorithm(shape: str) -> None:
    """Entra's keys have no ``alg``."""
    assert "alg" not in LocalIssuer(shape=shape).jwks()["keys"][0]


def test_only_the_v2_key_set_of_entra_names_the_issuer() -> None:
    """R97."""
    issuer = LocalIssuer(shape="entra_v2")
    v2, v1 = issuer.documents

    assert issuer.jwks(v2)["keys"][0]["issuer"] == f"https://issuer.test/{TENANT}/v2.0"
    assert "issuer" not in issuer.jwks(v1)["keys"][0]


@pytest.mark.parametrize("shape", ["auth0", "keycloak", "cognito", "okta", "generic"])
def test_every_other_vendor_publishes_the_algorithm(shape: str) -> None:
    assert LocalIssuer(shape=shape).jwks()["keys"][0]["alg"] == "RS256"


def test_an_unknown_shape_is_a_configuration_error() -> None:
    with pytest.raises(errors.ConfigurationError) as caught:
        LocalIssuer(shape="entra")

    assert caught.value.parameter == "shape"
