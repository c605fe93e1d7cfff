"""A local issuer replaces a real one: an API with production's settings accepts its tokens."""

from collections.abc import Mapping
from typing import Any, Final

import httpx
import pytest

from bearerguard import Issuer, ResourceServer, auth0, azure_b2c, cognito, entra, entra_multitenant, keycloak, oidc, okta
from bearerguard.error_codes import INVALID_CLAIM
from bearerguard.issuers.claim_rule import ClaimRule
from bearerguard.issuers.profile import Profile
from bearerguard.testing import FakeClock, LocalIssuer, SigningKey, stand_in
from bearerguard.testing.posing import posing_as
from support.plain_jwt import FORMS

pytestmark = pytest.mark.anyio

TENANT: Final = "808b7ce5-9924-441e-ae53-3e42fd8a6d43"
ES256: Final = {"keys": [SigningKey("ES256").public_jwk()]}
OWN_PROFILE: Final = Profile(
    name="own",
    roles=(("app", "permissions"),),
    scopes=(("app", "scopes"),),
    client=(("app", "client"),),
    rules=(
        ClaimRule(("zone",), INVALID_CLAIM, frozenset({"eu"})),
        ClaimRule(("app", "kind"), required=True),
        ClaimRule(("jti",), INVALID_CLAIM, frozenset({"one"}), required=False),
        ClaimRule(("colour",), INVALID_CLAIM, frozenset({"blue"}), required=False),
    ),
)
PRODUCTION: Final[Mapping[str, Issuer | tuple[Issuer, ...]]] = {
    "entra": entra(TENANT),
    "entra in China": entra(TENANT, authority="https://login.partner.microsoftonline.cn"),
    "entra with keys of its own": entra(TENANT, app_id="2bfddaf4-0673-49a7-a615-2b6bb3acbf31"),
    "entra with known keys": entra(TENANT, jwks=ES256),
    "entra with a jwks_uri": entra(TENANT, jwks_uri="https://keys.contoso.example/jwks"),
    "entra of two tenants": entra_multitenant([TENANT, "ed815121-cdfa-4097-b524-e2b23cd36eb6"]),
    "entra of any tenant": entra_multitenant(insecure_any_tenant=True),
    "azure_b2c": azure_b2c("contoso", TENANT, "B2C_1_signin"),
    "azure_b2c of a custom domain": azure_b2c("contoso", TENANT, "b2c_1a_x", authority="https://login.contoso.example"),
    "azure_b2c with known keys": azure_b2c("contoso", TENANT, "B2C_1_orders", jwks=ES256),
    "auth0": auth0("contoso.eu.auth0.com"),
    "auth0 with roles": auth0("contoso.eu.auth0.com", roles_claim="https://orders.example/roles"),
    "auth0 of RFC 9068": auth0("contoso.eu.auth0.com", require_at_jwt=True),
    "keycloak": keycloak("https://sso.contoso.example/auth", "shop", "orders"),
    "cognito": cognito("eu-west-1", "eu-west-1_AbC123", ["4e4c9d60", "billing"]),
    "okta": okta("https://contoso.okta.com/oauth2/aus1abcd"),
    "oidc": oidc("https://issuer.contoso.example/"),
    "oidc below a path": oidc("https://issuer.contoso.example/tenants/7"),
    "oidc with claims of its own": oidc(
        "https://issuer.contoso.example", roles_claim=["urn:roles", "orders"], scopes_claim=["may"], client_claim=["caller"]
    ),
    "RFC 8414": oidc("https://issuer.contoso.example/a", discovery="oauth"),
    "metadata elsewhere": oidc("https://issuer.contoso.example", metadata_url="https://cdn.example/oidc.json"),
    "ES256 alone": oidc("https://issuer.contoso.example", algorithms=["ES256"]),
    **{
        f"{shape} at a host of its own": LocalIssuer(f"https://{shape.replace('_', '-')}.contoso.example", shape=shape).trusted()
        for shape in ("entra_external", "zitadel", "authentik", "hydra", "duende", "adfs", "cloudflare_access")
    },
    "loopback": oidc("http://127.0.0.1:9000", insecure_allow_http=True),
    "a URN": Issuer("urn:contoso:issuer", jwks_uri="https://keys.contoso.example/jwks"),
    "a URN with known keys": Issuer("urn:contoso:issuer", jwks=ES256),
    "metadata under another name": Issuer("https://a.example", metadata_issuers=["https://b.example"]),
    "a profile of its own": Issuer("https://issuer.contoso.example", profile=OWN_PROFILE),
    "no roles": Issuer("https://issuer.contoso.example", profile=Profile(roles=(), scopes=(), client=())),
}


def _records(trusted: Issuer | tuple[Issuer, ...]) -> tuple[Issuer, ...]:
    return trusted if isinstance(trusted, tuple) else (trusted,)


CASES: Final = [
    pytest.param(trusted, record, id=f"{name}-{number}")
    for name, trusted in PRODUCTION.items()
    for number, record in enumerate(_records(trusted))
]


@pytest.mark.parametrize(("trusted", "record"), CASES)
async def test_its_tokens_are_accepted_with_their_roles_scopes_and_client(trusted: Any, record: Issuer) -> None:
    api = ResourceServer([trusted], "api://orders")

    with stand_in(api, clock=FakeClock()) as issuers:
        issuer = posing_as(record, "api://orders", twin_of=issuers.main)
        client = next(iter(issuer.clients))
        principal = await api.authenticate(issuer.mint(client, roles=["Read.All"], scopes=["orders.read"]))

    profile = record.profile
    assert "Read.All" in principal.roles or not profile.roles
    assert "orders.read" in principal.scopes or not profile.scopes
    assert principal.client_id == client or not profile.client


@pytest.mark.parametrize("trusted", [pytest.param(trusted, id=name) for name, trusted in PRODUCTION.items()])
async def test_a_token_that_its_endpoint_issued_is_accepted(trusted: Any) -> None:
    api = ResourceServer([trusted], "api://orders")

    with stand_in(api, clock=FakeClock()) as issuers:
        client = next(iter(issuers.main.clients.values()))
        form = {"grant_type": "client_credentials", "client_id": client.id, "client_secret": client.secret}
        async with httpx.AsyncClient(transport=issuers.transport) as http:
            answer = await http.post(issuers.main.token_endpoint, data={**form, **FORMS[issuers.main.shape]})

        assert (await api.authenticate(answer.raise_for_status().json()["access_token"])).expires_at


def test_its_addresses_are_those_of_the_vendor() -> None:
    """https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow"""
    issuer = posing_as(entra(TENANT)[1], "api://orders")

    assert issuer.token_endpoint == f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token"
    assert issuer.metadata_url == f"https://login.microsoftonline.com/{TENANT}/v2.0/.well-known/openid-configuration"


def test_the_names_of_the_customer_are_read_from_the_record() -> None:
    assert posing_as(keycloak("https://sso.example", "shop", "orders"), "orders").directory.realm == "shop"
    assert posing_as(azure_b2c("fabrikam", TENANT, "B2C_1_x")[0], "orders").directory.tenant_name == "fabrikam"
    assert posing_as(cognito("us-east-1", "us-east-1_Ab1", "a")[0], "orders").directory.user_pool_id == "us-east-1_Ab1"


def test_clients_of_cognito_are_those_that_the_api_admits() -> None:
    issuer = posing_as(cognito("us-east-1", "us-east-1_Ab1", ["b", "a"])[0], "orders")

    assert list(issuer.clients) == ["a", "b"]


def test_a_twin_signs_with_the_same_keys_where_it_may() -> None:
    main = LocalIssuer()

    assert posing_as(auth0("contoso.eu.auth0.com"), "api://orders", twin_of=main).signing_key is main.signing_key
    other = posing_as(auth0("contoso.eu.auth0.com", algorithms=["ES256"]), "api://orders", twin_of=main)
    assert other.signing_key.algorithm == "ES256"
