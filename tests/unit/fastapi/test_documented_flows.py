"""The ways to a token in the OpenAPI document: alternatives, each in the words of its issuer."""

from collections.abc import Collection
from typing import Any, Final

import httpx
import pytest
from fastapi import Depends, FastAPI
from starlette.middleware import Middleware

from bearerguard import (
    AccessTokenMiddleware,
    ConfigurationError,
    Introspection,
    Issuer,
    ResourceServer,
    auth0,
    azure_b2c,
    cognito,
    entra,
    entra_multitenant,
    keycloak,
    oidc,
    okta,
    role,
    scope,
)
from bearerguard.authorization.combination import Requirement
from bearerguard.fastapi import document_security, require
from bearerguard.testing import LocalIssuer
from support.asgi import get

TENANT: Final = "808b7ce5-9924-441e-ae53-3e42fd8a6d43"
CLIENT: Final = "2bfddaf4-0673-49a7-a615-2b6bb3acbf31"
BY_CODE: Final = "accessTokenByAuthorizationCode"
OWN: Final = "accessTokenByClientCredentials"
ALL: Final = ("bearer", "authorizationCode", "clientCredentials")
ENTRA: Final = entra(TENANT)


async def endpoint() -> str:
    raise NotImplementedError


def _documented(
    issuers: Issuer | Collection[Issuer],
    needs: Requirement,
    *,
    audience: str | Collection[str] = "api://orders",
    middleware: dict[str, Any] | None = None,
    **options: Any,
) -> dict[str, Any]:
    api = ResourceServer(issuers, audience)
    app = FastAPI(middleware=[Middleware(AccessTokenMiddleware, resource_server=api, **(middleware or {}))])
    app.add_api_route("/a", endpoint, dependencies=[Depends(require(needs))])
    document_security(app, api, **{"flows": ALL, **options})
    document: dict[str, Any] = app.openapi()
    return document


def _needed(document: dict[str, Any]) -> list[dict[str, list[str]]]:
    found: list[dict[str, list[str]]] = document["paths"]["/a"]["get"]["security"]
    return found


def _scheme(document: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = document["components"]["securitySchemes"][name]
    return found


def _offered(document: dict[str, Any], name: str) -> list[str]:
    (flow,) = _scheme(document, name)["flows"].values()
    return list(flow["scopes"])


def test_flows_are_alternatives_and_never_all_needed_at_once() -> None:
    """OpenAPI: one of the Security Requirement Objects in the list has to be satisfied."""
    document = _documented(ENTRA, role("Read.All") & scope("orders.read"))

    assert _needed(document) == [
        {"accessToken": []},
        {BY_CODE: ["api://orders/orders.read"]},
        {OWN: ["api://orders/.default"]},
    ]


@pytest.mark.parametrize("flow", ALL)
def test_only_what_is_asked_for_is_told(flow: str) -> None:
    schemes = _documented(ENTRA, role("Read.All"), flows=[flow])["components"]["securitySchemes"]

    assert len(schemes) == 1


def test_the_places_are_those_of_the_preset() -> None:
    base = f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0"

    flow = _scheme(_documented(ENTRA, role("Read.All")), BY_CODE)["flows"]["authorizationCode"]

    assert (flow["authorizationUrl"], flow["tokenUrl"]) == (f"{base}/authorize", f"{base}/token")


def test_given_places_win() -> None:
    places: dict[str, Any] = {"authorization_url": "https://a.test/authorize", "token_url": "https://a.test/token"}

    flow = _scheme(_documented(ENTRA, role("Read.All"), **places), BY_CODE)["flows"]["authorizationCode"]

    assert (flow["authorizationUrl"], flow["tokenUrl"]) == tuple(places.values())


@pytest.mark.parametrize(
    ("issuers", "by_person", "by_application"),
    [
        (ENTRA, "api://orders/orders.read", "api://orders/.default"),
        (azure_b2c("contoso", TENANT, "B2C_1_signin"), "api://orders/orders.read", "api://orders/.default"),
        (auth0("contoso.eu.auth0.com"), "orders.read", "orders.read"),
        (keycloak("https://sso.example", "contoso", "orders"), "orders.read", "orders.read"),
        (okta("https://dev-1.okta.com/oauth2/default"), "orders.read", "orders.read"),
    ],
    ids=["entra", "azure_b2c", "auth0", "keycloak", "okta"],
)
def test_scopes_are_written_as_the_issuer_wants_them_requested(
    issuers: Collection[Issuer], by_person: str, by_application: str
) -> None:
    document = _documented(issuers, scope("orders.read"))

    assert _needed(document)[1:] == [{BY_CODE: [by_person]}, {OWN: [by_application]}]
    assert (_offered(document, BY_CODE), _offered(document, OWN)) == ([by_person], [by_application])


def test_an_identifier_that_is_a_uri_goes_before_a_client_id() -> None:
    document = _documented(ENTRA, scope("orders.read"), audience=[CLIENT, "api://orders"])

    assert _offered(document, BY_CODE) == ["api://orders/orders.read"]
    assert _offered(_documented(ENTRA, scope("orders.read"), audience=CLIENT), BY_CODE) == [f"{CLIENT}/orders.read"]


def test_a_scope_that_is_given_in_full_says_how_it_is_written() -> None:
    given = {"https://contoso.onmicrosoft.com/orders/orders.read": "Read orders"}
    document = _documented(azure_b2c("contoso", TENANT, "B2C_1_signin"), scope("orders.read"), audience=CLIENT, scopes=given)

    assert _needed(document)[1] == {BY_CODE: list(given)}
    assert _scheme(document, BY_CODE)["flows"]["authorizationCode"]["scopes"] == given


def test_where_nobody_needs_a_scope_a_person_of_entra_signs_in_for_all_that_was_granted() -> None:
    """Entra gives a token for an API only to a request that names one of its scopes."""
    document = _documented(ENTRA, role("Read.All"))

    assert _offered(document, BY_CODE) == ["api://orders/.default"]
    assert _needed(document)[1] == {BY_CODE: []}


def test_an_application_of_entra_is_offered_nothing_but_all_that_was_granted() -> None:
    """AADSTS1002012: a scope of client credentials must end in /.default."""
    given = {"api://orders/orders.read": "", "api://shop/.default": "Everything"}
    document = _documented(ENTRA, scope("orders.read"), scopes=given)

    assert _offered(document, OWN) == ["api://shop/.default"]
    assert _needed(document)[2] == {OWN: ["api://shop/.default"]}


@pytest.mark.anyio
async def test_the_places_come_from_the_metadata_once_it_is_known() -> None:
    issuer = LocalIssuer()
    api = ResourceServer(issuer.trusted(), "api://orders", transport=httpx.ASGITransport(issuer))
    app = FastAPI()
    app.add_api_route("/a", endpoint, dependencies=[Depends(require(scope("a"), resource_server=api))])
    document_security(app, api, flows=ALL)

    early = app.openapi()
    await api.warm_up()
    late = app.openapi()

    assert list(early["components"]["securitySchemes"]) == ["accessToken", "accessTokenByOpenIdConnect"]
    flow = _scheme(late, BY_CODE)["flows"]["authorizationCode"]
    assert (flow["authorizationUrl"], flow["tokenUrl"]) == (issuer.authorization_endpoint, issuer.token_endpoint)


@pytest.mark.parametrize(
    "issuer",
    [oidc("https://a.test"), cognito("eu-central-1", "eu-central-1_Example01", "reader")[0]],
    ids=["oidc", "cognito"],
)
def test_where_the_place_is_unknown_the_metadata_is_named_once(issuer: Issuer) -> None:
    assert _needed(_documented(issuer, scope("a"))) == [{"accessToken": []}, {"accessTokenByOpenIdConnect": ["a"]}]


def test_a_token_in_another_header_is_an_api_key_to_openapi() -> None:
    """No flow of OAuth leads there: https://spec.openapis.org/oas/v3.1.0#security-scheme-object."""
    document = _documented(ENTRA, scope("orders.read"), middleware={"token_header": "Cf-Access-Jwt-Assertion"})

    schemes = document["components"]["securitySchemes"]
    assert list(schemes) == ["accessToken"]
    assert (schemes["accessToken"]["type"], schemes["accessToken"]["in"]) == ("apiKey", "header")
    assert schemes["accessToken"]["name"] == "Cf-Access-Jwt-Assertion"
    assert _needed(document) == [{"accessToken": []}]
    assert "`Cf-Access-Jwt-Assertion`" in document["components"]["responses"]["InvalidAuthorization"]["description"]


@pytest.mark.anyio
async def test_people_of_any_tenant_sign_in_at_common() -> None:
    """``common`` gives a person a token, and an application none."""
    base = "https://login.test"
    keys = LocalIssuer().jwks()

    def answer(request: httpx.Request) -> httpx.Response:
        issuer = base + "/{tenantid}/v2.0" if "v2.0" in request.url.path else "https://sts.windows.net/{tenantid}/"
        named = {"token_endpoint": f"{base}/common/oauth2/v2.0/token", "jwks_uri": f"{base}/keys"}
        return httpx.Response(200, json={**keys, **named, "issuer": issuer})

    trusted = entra_multitenant(authority=base, insecure_any_tenant=True)
    api = ResourceServer(trusted, "api://orders", transport=httpx.MockTransport(answer))
    app = FastAPI()
    document_security(app, api, flows=ALL)
    await api.warm_up()

    document = app.openapi()

    flow = _scheme(document, BY_CODE)["flows"]["authorizationCode"]
    assert flow["authorizationUrl"] == f"{base}/common/oauth2/v2.0/authorize"
    assert flow["tokenUrl"] == f"{base}/common/oauth2/v2.0/token"
    assert OWN not in document["components"]["securitySchemes"]


def test_where_every_token_is_asked_about_the_given_places_count() -> None:
    asked = Introspection("https://issuer.test/introspect", client_id="api", client_secret="secret")
    api = ResourceServer((), "api://orders", introspection=asked)
    app = FastAPI()
    document_security(app, api, flows=ALL, authorization_url="https://a.test/authorize", token_url="https://a.test/token")

    assert list(app.openapi()["components"]["securitySchemes"]) == ["accessToken", BY_CODE, OWN]


# --- Swagger UI


def _app(**options: Any) -> FastAPI:
    return FastAPI(**options)


def test_swagger_ui_uses_pkce_and_keeps_what_the_user_wrote() -> None:
    app = _app(swagger_ui_init_oauth={"clientId": "browser", "appName": "Orders"})

    document_security(app, ResourceServer(ENTRA, "api://orders"), flows=["authorizationCode"])

    assert app.swagger_ui_init_oauth == {
        "clientId": "browser",
        "appName": "Orders",
        "usePkceWithAuthorizationCodeGrant": True,
    }


def test_pkce_cannot_be_switched_off() -> None:
    """RFC 9700 §2.1.1: public clients must use it."""
    app = _app(swagger_ui_init_oauth={"usePkceWithAuthorizationCodeGrant": False})

    document_security(app, ResourceServer(ENTRA, "api://orders"), flows=["authorizationCode"])

    assert app.swagger_ui_init_oauth == {"usePkceWithAuthorizationCodeGrant": True}


def test_auth0_is_told_the_audience() -> None:
    """Without it Auth0 gives a token for /userinfo: https://auth0.com/docs/secure/tokens/access-tokens/get-access-tokens."""
    app = _app(swagger_ui_init_oauth={"additionalQueryStringParams": {"connection": "google"}})

    document_security(app, ResourceServer(auth0("contoso.eu.auth0.com"), "https://orders.example"), flows=["authorizationCode"])

    assert app.swagger_ui_init_oauth is not None
    assert app.swagger_ui_init_oauth["additionalQueryStringParams"] == {
        "audience": "https://orders.example",
        "connection": "google",
    }


@pytest.mark.anyio
async def test_the_page_has_these_settings() -> None:
    api = ResourceServer(ENTRA, "api://orders")
    app = _app(swagger_ui_init_oauth={"clientId": "browser"})
    document_security(app, api, flows=["authorizationCode"])

    page = (await get(app, "/docs")).body.decode()

    assert '"usePkceWithAuthorizationCodeGrant": true' in page
    assert '"clientId": "browser"' in page


def test_without_the_flow_nothing_is_set() -> None:
    app = _app()

    document_security(app, ResourceServer(ENTRA, "api://orders"))

    assert app.swagger_ui_init_oauth is None


# --- wrong values


@pytest.mark.parametrize("flows", [(), "bearer", ["implicit"], ["password", "bearer"], [["bearer"]], 7], ids=str)
def test_flows_that_are_unknown_are_named(flows: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        document_security(_app(), ResourceServer(ENTRA, "api://orders"), flows=flows)

    assert caught.value.parameter == "flows"


def test_an_authorization_url_without_tls_is_named() -> None:
    with pytest.raises(ConfigurationError) as caught:
        document_security(_app(), ResourceServer(ENTRA, "api://orders"), authorization_url="http://issuer.example/authorize")

    assert caught.value.parameter == "authorization_url"
