"""The metadata document of RFC 9728, and how a refused client finds it."""

import json
import re
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bearerguard import (
    AccessTokenMiddleware,
    ConfigurationError,
    Introspection,
    Issuer,
    PathPolicy,
    ResourceServer,
    entra,
    entra_multitenant,
    oidc,
    requires,
    role,
)
from bearerguard.testing import LocalIssuer
from bearerguard.web.metadata import authorization_servers, protected_resource_metadata, resource_metadata_url
from support.asgi import call, get, http_scope, lifespan

pytestmark = pytest.mark.anyio

RESOURCE = "https://api.example/orders"
WELL_KNOWN = "/.well-known/oauth-protected-resource"
TENANT, OTHER_TENANT = "808b7ce5-9924-441e-ae53-3e42fd8a6d43", "11111111-2222-3333-4444-555555555555"


@requires(role("Read.All"))
async def orders(request: Request) -> Response:
    return PlainTextResponse("served")


def _app(api: ResourceServer, resource: str = RESOURCE, **members: Any) -> Starlette:
    return Starlette(
        routes=[Route("/orders", orders), protected_resource_metadata(api, resource=resource, **members)],
        middleware=[Middleware(AccessTokenMiddleware, resource_server=api, resource_metadata=resource_metadata_url(resource))],
    )


async def _document(app: Starlette, target: str = f"{WELL_KNOWN}/orders") -> dict[str, Any]:
    answer = await get(app, target)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    found: dict[str, Any] = json.loads(answer.body)
    return found


async def test_it_tells_who_issues_tokens_and_how_to_send_them(api: ResourceServer) -> None:
    """RFC 9728 §3.2: what has nothing to say is left out. Nothing is advertised that is not supported."""
    assert await _document(_app(api)) == {
        "resource": RESOURCE,
        "authorization_servers": ["https://issuer.test"],
        "bearer_methods_supported": ["header"],
    }


async def test_it_tells_the_issuer_that_is_asked_about_opaque_tokens() -> None:
    asked = Introspection("https://sso.test/introspect", issuer="https://sso.test", client_id="orders", client_secret="secret")
    alone = ResourceServer(audience="api://orders", introspection=asked)
    beside = ResourceServer(oidc("https://issuer.test"), "api://orders", introspection=asked)

    assert (await _document(_app(alone)))["authorization_servers"] == ["https://sso.test"]
    assert (await _document(_app(beside)))["authorization_servers"] == ["https://issuer.test", "https://sso.test"]


async def test_an_issuer_that_is_trusted_and_asked_is_named_once() -> None:
    asked = Introspection("https://sso.test/introspect", issuer="https://sso.test", client_id="orders", client_secret="secret")
    api = ResourceServer(oidc("https://sso.test"), "api://orders", introspection=asked)

    assert [issuer.issuer for issuer in authorization_servers(api)] == ["https://sso.test"]


async def test_an_issuer_whose_name_is_not_a_url_is_left_out(issuer: LocalIssuer) -> None:
    """As some write it into ``iss``: no client finds anything there."""
    api = ResourceServer([Issuer("issuer.test", jwks=issuer.jwks()), oidc("https://a.test")], "api://orders")

    assert (await _document(_app(api)))["authorization_servers"] == ["https://a.test"]


async def test_an_endpoint_whose_issuer_nobody_named_is_none() -> None:
    asked = Introspection("https://sso.test/introspect", client_id="orders", client_secret="secret")

    assert "authorization_servers" not in await _document(_app(ResourceServer(audience="api://orders", introspection=asked)))


async def test_what_is_configured_is_told(api: ResourceServer) -> None:
    app = _app(
        api,
        scopes=["orders.write", "orders.read"],
        authorization_servers=["https://login.example"],
        name="Orders",
        documentation="https://docs.example/orders",
    )

    assert await _document(app) == {
        "resource": RESOURCE,
        "authorization_servers": ["https://login.example"],
        "scopes_supported": ["orders.read", "orders.write"],
        "bearer_methods_supported": ["header"],
        "resource_name": "Orders",
        "resource_documentation": "https://docs.example/orders",
    }


async def test_a_scope_may_be_what_clients_of_entra_ask_for(api: ResourceServer) -> None:
    """``/.default`` is part of no audience."""
    document = await _document(_app(api, scopes=["api://orders/.default"]))

    assert document["scopes_supported"] == ["api://orders/.default"]


async def test_a_refused_client_finds_it_by_the_challenge(api: ResourceServer) -> None:
    """RFC 9728 §5.1."""
    app = _app(api)
    async with lifespan(app):
        challenge = (await get(app, "/orders")).headers["www-authenticate"]
        named = re.search(r'resource_metadata="https://api\.example(/[^"]*)"', challenge)
        assert named is not None
        assert (await _document(app, named[1]))["resource"] == RESOURCE


async def test_no_header_of_a_request_gets_into_it(api: ResourceServer) -> None:
    """RFC 9728 §3.3: a client must refuse a document whose ``resource`` is another; it must not come from ``Host``."""
    forged = [(b"host", b"evil.test"), (b"x-forwarded-host", b"evil.test"), (b"forwarded", b"host=evil.test")]

    answer = await get(_app(api), f"{WELL_KNOWN}/orders", forged)

    assert b"evil" not in answer.body
    assert json.loads(answer.body)["resource"] == RESOURCE


@pytest.mark.parametrize(
    ("resource", "path", "url"),
    [
        ("https://api.example", WELL_KNOWN, f"https://api.example{WELL_KNOWN}"),
        ("https://api.example/", WELL_KNOWN, f"https://api.example{WELL_KNOWN}"),
        ("https://api.example:8443/v1/orders", f"{WELL_KNOWN}/v1/orders", f"https://api.example:8443{WELL_KNOWN}/v1/orders"),
        ("https://api.example/orders/", f"{WELL_KNOWN}/orders/", f"https://api.example{WELL_KNOWN}/orders/"),
        ("https://api.example/a%20b", f"{WELL_KNOWN}/a%20b", f"https://api.example{WELL_KNOWN}/a%20b"),
        ("http://127.0.0.1:8000/orders", f"{WELL_KNOWN}/orders", f"http://127.0.0.1:8000{WELL_KNOWN}/orders"),
    ],
)
async def test_its_place_is_between_host_and_path(resource: str, path: str, url: str, api: ResourceServer) -> None:
    """RFC 9728 §3.1."""
    assert resource_metadata_url(resource) == url
    assert (await _document(_app(api, resource), path))["resource"] == resource


@pytest.mark.parametrize(
    "resource",
    [
        "http://api.example",
        "api://orders",
        "https://api.example/orders?tenant=1",
        "https://api.example/orders#part",
        "https://api.example?",
        "https://api.example/{tenant}",
        "https://api.example/a%7Bb",
        "https://api.example/a%7Db",
        "https://api.example/%0A",
        "https://api.example/%FF",
        "https://user@api.example",
        "",
        None,
    ],
)
def test_what_is_no_identifier_of_a_resource_is_refused(resource: Any, api: ResourceServer) -> None:
    """RFC 9728 §1.2: https, no fragment."""
    for build in (resource_metadata_url, lambda wrong: protected_resource_metadata(api, resource=wrong)):
        with pytest.raises(ConfigurationError) as caught:
            build(resource)
        assert caught.value.parameter == "resource"


@pytest.mark.parametrize(
    ("parameter", "value"),
    [("authorization_servers", ["login.example"]), ("documentation", "docs"), ("scopes", [""])],
)
def test_other_wrong_values_are_named(parameter: str, value: Any, api: ResourceServer) -> None:
    with pytest.raises(ConfigurationError) as caught:
        protected_resource_metadata(api, resource=RESOURCE, **{parameter: value})
    assert caught.value.parameter == parameter


async def test_issuers_that_are_templates_are_left_out() -> None:
    """Where tokens of any tenant are accepted, no issuer can be named."""
    any_tenant = entra_multitenant(tenants=(), insecure_any_tenant=True)
    api = ResourceServer([any_tenant, oidc("https://a.test"), oidc("https://a.test/b")], "api://orders")
    document = await _document(Starlette(routes=[protected_resource_metadata(api, resource=RESOURCE)]))

    assert document["authorization_servers"] == ["https://a.test", "https://a.test/b"]


async def test_entra_is_named_by_v2_alone() -> None:
    """A client that takes the first one asks v1, which knows no ``scope``; v2's endpoint gives tokens of both versions."""
    v1, v2 = entra(tenant_id=TENANT)
    other = entra_multitenant(tenants=[OTHER_TENANT])
    cases: list[tuple[list[Issuer], list[Issuer]]] = [
        ([v1, v2], [v2]),
        ([v1, v2, oidc("https://a.test"), *other], [v2, oidc("https://a.test"), other[1]]),
        ([v1], [v1]),
        ([v1, *other], [v1, other[1]]),
    ]
    for issuers, named in cases:
        api = ResourceServer(issuers, "api://orders")
        document = await _document(Starlette(routes=[protected_resource_metadata(api, resource=RESOURCE)]))

        assert document["authorization_servers"] == [one.issuer for one in named]


async def test_only_get_and_head_are_served(api: ResourceServer) -> None:
    """RFC 9728 §3.1: GET. A method that is not public needs a token."""
    app = _app(api)

    assert (await call(app, http_scope("HEAD", f"{WELL_KNOWN}/orders"))).status == 200
    assert (await call(app, http_scope("POST", f"{WELL_KNOWN}/orders"))).status == 401


async def test_under_a_policy_it_needs_a_row(api: ResourceServer) -> None:
    route = protected_resource_metadata(api, resource=RESOURCE)
    rows: dict[str, Any] = {"/orders": role("Read.All")}
    for more, status in (({}, 401), ({f"GET {WELL_KNOWN}/orders": PathPolicy.PUBLIC}, 200)):
        policy = PathPolicy({**rows, **more})
        app = AccessTokenMiddleware(Starlette(routes=[route]), resource_server=api, policy=policy)
        assert (await get(app, f"{WELL_KNOWN}/orders")).status == status


async def test_issuers_that_are_trusted_from_now_on_are_named(api: ResourceServer, issuer: LocalIssuer) -> None:
    app = _app(api)
    api.reconfigure(issuers=Issuer("https://new.test", jwks=issuer.jwks()))

    assert (await _document(app))["authorization_servers"] == ["https://new.test"]


async def test_those_that_were_named_stay_named(api: ResourceServer, issuer: LocalIssuer) -> None:
    app = _app(api, authorization_servers=["https://chosen.test"])
    api.reconfigure(issuers=Issuer("https://new.test", jwks=issuer.jwks()))

    assert (await _document(app))["authorization_servers"] == ["https://chosen.test"]
