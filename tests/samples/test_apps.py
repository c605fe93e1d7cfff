"""The applications of samples/, unmodified, with a local issuer in the place of the vendor's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import pytest

from bearerguard.testing import AccessTokens, FakeClock, stand_in
from support.sample_files import sample

pytestmark = pytest.mark.anyio

API: Final = "2bfddaf4-0673-49a7-a615-2b6bb3acbf31"  # client id of the API: `aud` of every v2 token
OLD: Final = "https://orders.example"  # audience at the issuer that two_issuers.py moves away from
CLOSER: Final = "4e4c9d60-3356-40be-94a5-ed8b55587619"  # the client that entra.py lets close a month


@dataclass(frozen=True)
class Request:
    """A request, what its token says (``None``: there is none), and what it is told."""

    app: str
    line: str
    status: int
    token: Mapping[str, Any] | None = field(default_factory=dict)
    code: str | None = None

    def __str__(self) -> str:
        token = "nothing" if self.token is None else " ".join(f"{name}={value}" for name, value in self.token.items())
        return f"{self.app} {self.line} with {token or 'no permission'}"


READ: Final = {"roles": ["Read.All"]}
WRITE: Final = {"roles": ["Write.All"]}
REQUESTS: Final = (
    *(
        Request(app, line, status, token, code)
        for app in ("first_fastapi", "first_starlette")
        for line, status, token, code in (
            ("GET /orders", 200, READ | {"audience": API}, None),
            ("GET /orders", 200, READ | {"shape": "entra_v1", "audience": "api://orders"}, None),
            ("GET /orders", 403, WRITE, "missing_role"),
            ("GET /orders", 401, None, "missing_token"),
        )
    ),
    Request("first_fastapi", "GET /health", 200, None),
    Request("first_fastapi", "GET /openapi.json", 200, None),
    Request("first_policy", "GET /orders/7", 200, READ),
    Request("first_policy", "POST /orders", 403, READ, "missing_role"),
    Request("first_policy", "DELETE /orders/7", 403, READ, "not_permitted"),
    Request("first_policy", "GET /health", 200, None),
    Request("recipes.two_issuers", "GET /orders", 200, READ | {"shape": "auth0", "audience": OLD}),
    Request("recipes.two_issuers", "GET /orders", 200, READ | {"shape": "entra_v2", "audience": API}),
    Request("recipes.two_issuers", "GET /orders", 401, READ | {"shape": "auth0", "audience": API}, "wrong_audience"),
    Request("recipes.two_issuers", "GET /orders", 401, READ | {"shape": "entra_v2", "audience": OLD}, "wrong_audience"),
    Request("recipes.multi_tenant", "GET /orders", 200, READ),
    Request("recipes.multi_tenant", "POST /orders", 403, READ, "missing_role"),
    Request("recipes.multi_tenant", "GET /tenants", 200, READ),
    Request("recipes.from_fastapi_azure_auth", "GET /orders", 200, {"user": "alice", "scopes": ["user_impersonation"]}),
    Request("recipes.from_fastapi_azure_auth", "GET /orders", 200, READ),
    Request("recipes.from_fastapi_azure_auth", "GET /orders", 403, WRITE, "requirement_not_met"),
    Request("recipes.from_auth0_fastapi_api", "GET /orders", 200, {"user": "alice", "scopes": ["read:orders"]}),
    Request("recipes.from_auth0_fastapi_api", "GET /orders", 403, READ, "missing_scope"),
    Request("recipes.from_python_jose", "GET /orders", 200, {"claims": {"realm_access": {"roles": ["reader"]}}}),
    Request("recipes.from_python_jose", "GET /orders", 403, READ, "missing_role"),
    Request("recipes.from_python_jose", "GET /orders", 401, None, "missing_token"),
    Request("starlette_app", "GET /orders", 200, READ | {"audience": API}),
    Request("starlette_app", "GET /orders", 200, READ | {"shape": "entra_v1", "audience": API}),
    Request("starlette_app", "GET /orders", 200, READ | {"shape": "entra_v1", "audience": "api://orders"}),
    Request("starlette_app", "GET /orders", 403, WRITE, "missing_role"),
    Request("starlette_app", "POST /orders", 201, WRITE),
    Request("starlette_app", "POST /orders", 403, READ, "missing_role"),
    Request("starlette_app", "GET /orders", 401, None, "missing_token"),
    Request("starlette_app", "GET /orders", 401, READ | {"audience": "api://billing"}, "wrong_audience"),
    Request("starlette_app", "GET /health", 200, None),
    Request("fastapi_main", "GET /orders", 200, READ | {"audience": API}),
    Request("fastapi_main", "GET /orders", 200, READ | {"shape": "entra_v1", "audience": "api://orders"}),
    Request("fastapi_main", "GET /orders", 403, WRITE, "missing_role"),
    Request("fastapi_main", "POST /orders", 201, {"roles": ["Read.All", "Write.All"]}),
    Request("fastapi_main", "POST /orders", 403, READ, "missing_role"),
    Request("fastapi_main", "GET /orders", 401, None, "missing_token"),
    Request("fastapi_main", "GET /health", 200, None),
    Request("fastapi_main", "GET /openapi.json", 200, None),
    Request("entra", "GET /orders", 200, READ | {"audience": API}),
    Request("entra", "GET /orders", 200, READ | {"shape": "entra_v1", "audience": API}),
    Request("entra", "GET /orders", 200, READ | {"shape": "entra_v1", "audience": "api://orders"}),
    Request("entra", "GET /orders", 200, READ | {"shape": "entra_v1", "audience": "api://orders/"}),
    Request("entra", "GET /orders", 200, {"roles": ["ReadWrite.All"]}),
    Request("entra", "GET /orders", 200, {"user": "alice", "scopes": ["orders.read"]}),
    Request("entra", "GET /orders", 403, {}, "requirement_not_met"),
    Request("entra", "POST /months/close", 200, WRITE | {"client_id": CLOSER}),
    Request("entra", "POST /months/close", 200, WRITE | {"client_id": CLOSER, "shape": "entra_v1"}),
    Request("entra", "POST /months/close", 403, WRITE, "client_not_allowed"),
    Request("entra", "POST /months/close", 403, READ | {"client_id": CLOSER}, "missing_role"),
    Request("entra", "POST /months/close", 403, {"user": "alice", "scopes": ["orders.read"]}, "application_required"),
    Request("azure_b2c", "GET /orders", 200, READ),
    Request("azure_b2c", "GET /orders", 403, WRITE, "missing_role"),
    Request("azure_b2c", "GET /orders", 401, READ | {"claims": {"tfp": "B2C_1_other"}}, "wrong_policy"),
    Request("azure_b2c", "GET /orders", 401, None, "missing_token"),
    Request("auth0", "GET /orders", 200, READ),
    Request("auth0", "GET /orders", 200, {"scopes": ["Read.All"], "claims": {"permissions": None}}),
    Request("auth0", "GET /orders", 403, WRITE, "requirement_not_met"),
    Request("auth0", "GET /orders", 401, None, "missing_token"),
    Request("path_policy", "GET /orders", 200, READ),
    Request("path_policy", "GET /orders/7", 200, {"scopes": ["orders.read"]}),
    Request("path_policy", "POST /orders", 200, WRITE),
    Request("path_policy", "POST /orders", 403, READ, "missing_role"),
    Request("path_policy", "DELETE /orders/7", 200, WRITE | {"client_id": "warehouse"}),
    Request("path_policy", "DELETE /orders/7", 403, WRITE | {"client_id": "shop"}, "client_not_allowed"),
    Request("path_policy", "PUT /orders/7", 403, WRITE, "not_permitted"),
    Request("path_policy", "GET /orders", 401, None, "missing_token"),
    Request("path_policy", "GET /health", 200, None),
    Request("browser_clients", "GET /orders", 200, {"scopes": ["orders.read"]}),
    Request("browser_clients", "GET /orders", 403, READ, "missing_scope"),
    Request("browser_clients", "GET /orders", 401, None, "missing_token"),
    Request("browser_clients", "GET /.well-known/oauth-protected-resource", 200, None),
)


@pytest.mark.parametrize("request_", REQUESTS, ids=str)
async def test_each_caller_is_told(request_: Request) -> None:
    module = sample(request_.app)
    method, _, path = request_.line.partition(" ")

    with stand_in(module.api, clock=FakeClock()) as issuers:
        transport = httpx.ASGITransport(module.app)
        async with httpx.AsyncClient(transport=transport, base_url="https://orders.test") as client:
            if request_.token is not None:
                client.headers["Authorization"] = f"Bearer {AccessTokens(issuers)(**request_.token)}"
            answer = await client.request(method, path, json={} if method == "POST" else None)

    assert answer.status_code == request_.status
    assert answer.json().get("code") == request_.code


@pytest.mark.parametrize(
    "name", ["starlette_app", "fastapi_main", "entra", "azure_b2c", "auth0", "path_policy", "browser_clients"]
)
async def test_each_application_starts_while_its_issuer_is_down(name: str) -> None:
    """The start-up audit finds every route declared."""
    module = sample(name)
    sent: list[str] = []
    incoming = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> dict[str, str]:
        return {"type": next(incoming)}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    with stand_in(module.api) as issuers:
        issuers.main.go_down()
        if name != "path_policy":  # three lines without a lifespan
            await module.app({"type": "lifespan", "state": {}}, receive, send)
            assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_a_page_may_ask_and_sees_why_it_is_refused() -> None:
    module = sample("browser_clients")
    page = {"Origin": "https://app.example"}
    asks = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}

    async with httpx.AsyncClient(transport=httpx.ASGITransport(module.app), base_url="https://api.example") as client:
        preflight = await client.options("/orders", headers=page | asks)
        refused = await client.get("/orders", headers=page)
        document = await client.get(refused.headers["www-authenticate"].partition('resource_metadata="')[2].partition('"')[0])

    assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (200, page["Origin"])
    assert (refused.status_code, refused.headers["access-control-expose-headers"]) == (401, "WWW-Authenticate")
    assert document.json()["authorization_servers"] == ["https://issuer.example"]
