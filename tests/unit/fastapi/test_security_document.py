"""The OpenAPI document: golden for one API, and what it is made of piece by piece."""

import copy
import json
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Request, Security
from fastapi.security import APIKeyHeader
from starlette.applications import Starlette
from starlette.middleware import Middleware

from bearerguard import (
    AccessTokenMiddleware,
    ConfigurationError,
    Introspection,
    Issuer,
    PathPolicy,
    ResourceServer,
    application,
    authenticated,
    client,
    entra,
    entra_multitenant,
    oidc,
    public,
    requires,
    role,
    scope,
)
from bearerguard.fastapi import document_security, require
from bearerguard.testing import LocalIssuer
from support.sample_files import sample

GOLDEN: Final = Path(__file__).with_name("openapi.json")
TOKEN_URL: Final = "https://issuer.test/token"
READ, WRITE = role("Read.All"), role("Write.All")
PASTED: Final = "accessToken"
OWN: Final = "accessTokenByClientCredentials"
METADATA: Final = "accessTokenByOpenIdConnect"
ANY: Final[list[dict[str, list[str]]]] = [{PASTED: []}, {OWN: []}]
ADDED: Final = ("security", "x-requirement", "x-roles")


async def endpoint() -> str:
    """Stands for all."""
    raise NotImplementedError


def _app(api: ResourceServer | None = None, **options: Any) -> FastAPI:
    return FastAPI(middleware=[] if api is None else [Middleware(AccessTokenMiddleware, resource_server=api, **options)])


def _documented(app: FastAPI, api: ResourceServer, **options: Any) -> dict[str, Any]:
    document_security(app, api, **options)
    return app.openapi()


def _schemes(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["components"]["securitySchemes"]
    return found


def _flow(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = _schemes(document)[OWN]["flows"]["clientCredentials"]
    return found


def _what_we_add(document: dict[str, Any]) -> dict[str, Any]:
    """Of each operation and of the components: FastAPI's part may change with its version."""
    refusals = ("400", "401", "403", "503")
    paths = {
        f"{method.upper()} {path}": {member: operation[member] for member in ADDED if member in operation}
        | {"responses": {status: answer for status, answer in operation["responses"].items() if status in refusals}}
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    shared = copy.deepcopy(document["components"])
    shared["schemas"] = {name: schema for name, schema in shared["schemas"].items() if name.startswith("AccessToken")}
    return {"paths": paths, "components": shared}


def test_the_document_of_the_sample_is_the_golden_one() -> None:
    """``python tests/unit/fastapi/test_security_document.py`` writes it anew."""
    assert _what_we_add(sample("fastapi_app.production").app.openapi()) == json.loads(GOLDEN.read_text())


def test_a_public_operation_asks_for_nothing(api: ResourceServer) -> None:
    app = _app(api, public=["/listed"])
    app.add_api_route("/declared", public(_fresh()))
    app.add_api_route("/listed", endpoint)
    app.add_api_route("/with/{parameter}", public(_fresh()))

    paths = _documented(app, api, token_url=TOKEN_URL)["paths"]

    for path in ("/declared", "/listed"):
        assert not {"security", "x-requirement"} & set(paths[path]["get"])
        assert set(paths[path]["get"]["responses"]) == {"200"}
    assert "400" in paths["/with/{parameter}"]["get"]["responses"], "a path with a control character in it is refused"


def _fresh() -> Any:
    async def served() -> str:
        raise NotImplementedError

    return served


def test_what_decorator_router_and_policy_ask_for_is_told_as_well(api: ResourceServer) -> None:
    app, router = _app(api), APIRouter(prefix="/router", dependencies=[Depends(require(READ))])

    @app.get("/decorated/{number:int}")
    @requires(WRITE)
    async def decorated(number: int, request: Request) -> str:
        raise NotImplementedError

    router.add_api_route("", endpoint, dependencies=[Depends(require(scope("orders.read")))])
    app.include_router(router, prefix="/v1")
    paths = _documented(app, api, token_url=TOKEN_URL)["paths"]

    assert paths["/decorated/{number}"]["get"]["x-roles"] == ["Write.All"]
    assert paths["/v1/router"]["get"]["security"] == [{PASTED: []}, {OWN: ["orders.read"]}]
    assert paths["/v1/router"]["get"]["x-requirement"] == 'role("Read.All") & scope("orders.read")'

    policed = _app(api, policy=PathPolicy({"GET /a": READ, "/docs": PathPolicy.PUBLIC}))
    policed.add_api_route("/a", endpoint)
    assert _documented(policed, api, token_url=TOKEN_URL)["paths"]["/a"]["get"]["x-roles"] == ["Read.All"]


def test_an_undeclared_route_needs_a_token_behind_the_middleware_and_nothing_without(api: ResourceServer) -> None:
    guarded, bare = _app(api, undeclared="allow"), _app()
    for app in (guarded, bare):
        app.add_api_route("/a", endpoint)

    operation = _documented(guarded, api, token_url=TOKEN_URL)["paths"]["/a"]["get"]
    assert operation["security"] == ANY
    assert set(operation["responses"]) == {"200", "400", "401", "503"}
    assert "security" not in _documented(bare, api, token_url=TOKEN_URL)["paths"]["/a"]["get"]


def test_what_no_row_of_the_policy_names_is_403_for_everybody(api: ResourceServer) -> None:
    app = _app(api, policy=PathPolicy({"GET /a": READ}))
    app.add_api_route("/forgotten", endpoint)

    operation = _documented(app, api, token_url=TOKEN_URL)["paths"]["/forgotten"]["get"]

    assert operation["security"] == ANY
    assert {"401", "403"} <= set(operation["responses"])
    assert "x-requirement" not in operation


def test_a_middleware_of_a_derived_class_guards_as_well(api: ResourceServer) -> None:
    class Derived(AccessTokenMiddleware):
        pass

    app = FastAPI(middleware=[Middleware(Derived, resource_server=api, undeclared="allow")])
    app.add_api_route("/a", endpoint)

    assert _documented(app, api, token_url=TOKEN_URL)["paths"]["/a"]["get"]["security"] == ANY


def test_any_good_token_is_never_403(api: ResourceServer) -> None:
    app = _app()
    app.add_api_route("/a", endpoint, dependencies=[Depends(require(authenticated(), resource_server=api))])

    assert "403" not in _documented(app, api, token_url=TOKEN_URL)["paths"]["/a"]["get"]["responses"]


def test_no_id_of_a_client_is_published(api: ResourceServer) -> None:
    app = _app()
    app.add_api_route("/a", endpoint, dependencies=[Depends(require(application() & client("billing-app-id")))])

    assert "billing-app-id" not in json.dumps(_documented(app, api, token_url=TOKEN_URL))


def test_what_the_user_wrote_stays(api: ResourceServer) -> None:
    """Another scheme is needed besides: the alternatives of both are combined."""
    app = _app()
    key = APIKeyHeader(name="X-Key")
    mine: dict[int | str, dict[str, Any]] = {403: {"description": "Mine."}}

    @app.get("/a", responses=mine, dependencies=[Depends(require(READ | scope("orders.read")))])
    async def keyed(found: Annotated[str, Security(key)]) -> str:
        raise NotImplementedError

    operation = _documented(app, api, token_url=TOKEN_URL)["paths"]["/a"]["get"]

    assert operation["responses"]["403"] == {"description": "Mine."}
    assert operation["security"] == [
        {"APIKeyHeader": [], PASTED: []},
        {"APIKeyHeader": [], OWN: []},
        {"APIKeyHeader": [], OWN: ["orders.read"]},
    ]


def test_scopes_that_requirements_name_and_those_given_are_listed(api: ResourceServer) -> None:
    app = _app()
    app.add_api_route("/a", endpoint, dependencies=[Depends(require(scope("b") | scope("a")))])
    given = {"b": "Bees", "api://orders/.default": "All that was granted"}

    assert _flow(_documented(app, api, token_url=TOKEN_URL, scopes=given)) == {
        "tokenUrl": TOKEN_URL,
        "scopes": {"a": "", "api://orders/.default": "All that was granted", "b": "Bees"},
    }


@pytest.mark.anyio
async def test_the_token_url_comes_from_the_metadata_once_it_is_known(issuer: LocalIssuer) -> None:
    """Nothing is fetched for the document: until a start or a request has brought it, the metadata itself is named."""
    api = ResourceServer(issuer.trusted(), "api://orders", transport=httpx.ASGITransport(issuer))
    app = _app()
    app.add_api_route("/a", endpoint, dependencies=[Depends(require(scope("a"), resource_server=api))])

    early = copy.deepcopy(_documented(app, api))
    await api.warm_up()
    late = app.openapi()

    assert _schemes(early)[METADATA] == {"type": "openIdConnect", "openIdConnectUrl": issuer.metadata_url}
    assert early["paths"]["/a"]["get"]["security"] == [{PASTED: []}, {METADATA: ["a"]}]
    assert _flow(late)["tokenUrl"] == issuer.token_endpoint
    assert METADATA not in _schemes(late)
    assert app.openapi() is late, "it is kept"


@pytest.mark.anyio
@pytest.mark.parametrize("shape", ["entra_v1", "entra_v2", "azure_b2c", "auth0", "keycloak", "okta"])
async def test_where_the_vendor_has_one_place_the_document_is_the_same_at_any_time(shape: str) -> None:
    """An export in CI fetches nothing, and differs in nothing from what is served. Entra's v1 endpoint takes no ``scope``."""
    issuer = LocalIssuer(shape=shape)
    api = ResourceServer(issuer.trusted(), "api://orders", transport=httpx.ASGITransport(issuer))
    app = _app()

    early = copy.deepcopy(_documented(app, api))
    await api.warm_up()

    assert app.openapi() == early
    token_url = _flow(early)["tokenUrl"]
    assert token_url in {status.token_endpoint for status in api.status()}, "the metadata says so, too"
    assert not shape.startswith("entra") or token_url.endswith("/oauth2/v2.0/token")


@pytest.mark.anyio
async def test_where_any_tenant_may_call_no_token_url_is_told(issuer: LocalIssuer) -> None:
    """``common`` gives an application no token: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow."""
    base = "https://login.test"
    found = {"token_endpoint": f"{base}/common/oauth2/v2.0/token", "jwks_uri": f"{base}/keys", **issuer.jwks()}

    def answer(request: httpx.Request) -> httpx.Response:
        issuer = base + "/{tenantid}/v2.0" if "v2.0" in request.url.path else "https://sts.windows.net/{tenantid}/"
        return httpx.Response(200, json={**found, "issuer": issuer})

    trusted = entra_multitenant(authority=base, insecure_any_tenant=True)
    api = ResourceServer(trusted, "api://orders", transport=httpx.MockTransport(answer))
    app = _app()

    early = copy.deepcopy(_documented(app, api))
    await api.warm_up()

    assert [status.token_endpoint for status in api.status()] == [found["token_endpoint"]] * 2
    assert app.openapi() == early
    assert _schemes(early)[METADATA]["openIdConnectUrl"].startswith(f"{base}/common/v2.0/")


def test_without_any_metadata_the_scheme_is_bearer(api: ResourceServer) -> None:
    """OpenAPI 3.0 allows no scopes there."""
    app = _app()
    app.add_api_route("/a", endpoint, dependencies=[Depends(require(scope("a"), resource_server=api))])

    document = _documented(app, api, flows=["authorizationCode", "clientCredentials"])

    assert list(_schemes(document)) == [PASTED]
    assert (_schemes(document)[PASTED]["scheme"], _schemes(document)[PASTED]["bearerFormat"]) == ("bearer", "JWT")
    assert document["paths"]["/a"]["get"]["security"] == [{PASTED: []}]


def test_a_route_that_is_added_later_is_told_when_the_document_is_made_anew(api: ResourceServer) -> None:
    app = _app()
    before = _documented(app, api, token_url=TOKEN_URL)
    app.add_api_route("/a", endpoint, dependencies=[Depends(require(READ))])
    app.openapi_schema = None

    assert "/a" not in before["paths"]
    assert app.openapi()["paths"]["/a"]["get"]["x-roles"] == ["Read.All"]


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: entra(tenant_id="808b7ce5-9924-441e-ae53-3e42fd8a6d43"), OWN),
        (lambda: oidc("https://a.test"), METADATA),
    ],
    ids=["entra", "oidc"],
)
def test_nothing_is_fetched_at_import(make: Any, name: str) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise AssertionError(request.url)

    api = ResourceServer(make(), "api://orders", transport=httpx.MockTransport(refuse))

    assert list(_schemes(_documented(_app(), api))) == [PASTED, name]


def test_wrong_values_are_named(api: ResourceServer) -> None:
    with pytest.raises(ConfigurationError) as caught:
        document_security(Starlette(), api)  # type: ignore[arg-type]
    assert caught.value.parameter == "app"
    with pytest.raises(ConfigurationError) as caught:
        document_security(FastAPI(), api, token_url="http://issuer.example/token")
    assert caught.value.parameter == "token_url"
    with pytest.raises(ConfigurationError) as caught:
        document_security(FastAPI(), Issuer("https://issuer.test"))  # type: ignore[arg-type]
    assert caught.value.parameter == "api"


if __name__ == "__main__":
    added = _what_we_add(sample("fastapi_app.production").app.openapi())
    GOLDEN.write_text(json.dumps(added, indent=2, ensure_ascii=False) + "\n")


def test_issuers_that_are_trusted_from_now_on_give_the_tokens() -> None:
    api = ResourceServer(entra("808b7ce5-9924-441e-ae53-3e42fd8a6d43"), "api://orders")
    app = _app(api)
    document_security(app, api)
    before = _schemes(app.openapi())

    api.reconfigure(issuers=oidc("https://issuer.test"))
    after = _schemes(app.openapi())

    assert before[OWN]["type"] == "oauth2"
    assert after[METADATA]["openIdConnectUrl"] == "https://issuer.test/.well-known/openid-configuration"


def test_tokens_that_are_all_asked_about_are_bearer_tokens() -> None:
    asked = Introspection("https://issuer.test/introspect", client_id="api", client_secret="secret")
    api = ResourceServer((), "api://orders", introspection=asked)
    app = _app(api)
    document_security(app, api)

    schemes = _schemes(app.openapi())
    assert list(schemes) == [PASTED]
    assert (schemes[PASTED]["scheme"], "bearerFormat" in schemes[PASTED]) == ("bearer", False)


def test_a_server_that_asks_about_some_tokens_does_not_call_them_all_jwts() -> None:
    asked = Introspection("https://issuer.test/introspect", client_id="api", client_secret="secret")
    api = ResourceServer(oidc("https://issuer.test"), "api://orders", introspection=asked)
    app = _app(api)
    document_security(app, api, flows=["bearer"])

    assert "bearerFormat" not in _schemes(app.openapi())[PASTED]


def test_the_issuer_that_is_asked_about_every_token_gives_the_tokens() -> None:
    issuer = oidc("https://issuer.test")
    api = ResourceServer(audience="api://orders", introspection=Introspection(issuer=issuer, client_id="api", client_secret="s"))
    app = _app(api)
    document_security(app, api)

    assert _schemes(app.openapi())[METADATA]["openIdConnectUrl"] == issuer.metadata_url
