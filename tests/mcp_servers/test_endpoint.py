"""What the endpoint answers over HTTP, before anything of MCP is read (MCP 2026-07-28, Authorization)."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from bearerguard import ConfigurationError, Issuer, PathPolicy, ResourceServer, oidc, scope
from bearerguard.testing import LocalIssuer
from mcp_servers.messages import INITIALIZE, LEGACY, MODERN, Endpoint, calling, endpoint_of
from mcp_servers.names import METADATA, RESOURCE

pytestmark = pytest.mark.socket

CHALLENGE = f'Bearer realm="api", resource_metadata="https://orders.example{METADATA}"'


@pytest.fixture(scope="module")
def endpoint(mcp_sdk: Any, api: ResourceServer) -> Iterator[Endpoint]:
    from bearerguard.mcp import protect

    server = mcp_sdk.MCPServer("orders")
    server.add_tool(lambda: "7", name="count")
    server.custom_route("/health", methods=["GET"])(_health)
    app = protect(
        server.streamable_http_app(host="0.0.0.0"),  # noqa: S104  without the SDK's check of the host
        resource_server=api,
        resource=RESOURCE,
        requirement=scope("mcp"),
        scopes=["mcp", "orders.write"],
        rows={"GET /health": PathPolicy.PUBLIC},
    )
    with endpoint_of(app) as served:
        yield served


async def _health(_request: Any) -> Any:
    from starlette.responses import PlainTextResponse

    return PlainTextResponse("well")


@pytest.mark.parametrize("version", [LEGACY, MODERN])
def test_a_first_request_without_a_token_learns_scopes_and_metadata(endpoint: Endpoint, version: str) -> None:
    """MCP 2026-07-28: 401, `resource_metadata` (RFC 9728 §5.1) and `scope` (RFC 6750 §3), and no error."""
    outcome = endpoint.post(INITIALIZE, version=version)

    assert outcome.status == 401
    assert outcome.challenge == f'{CHALLENGE}, scope="mcp orders.write"'


def test_the_document_names_the_canonical_url_the_issuers_and_the_scopes(endpoint: Endpoint, issuer: LocalIssuer) -> None:
    """RFC 9728 §3.1: below the well-known name comes the path of the resource."""
    assert endpoint.http.get(METADATA).json() == {
        "resource": RESOURCE,
        "authorization_servers": [issuer.issuer],
        "scopes_supported": ["mcp", "orders.write"],
        "bearer_methods_supported": ["header"],
    }


def test_a_token_for_another_server_is_refused(endpoint: Endpoint, tokens: Callable[..., str]) -> None:
    """MCP 2026-07-28, Access Token Privilege Restriction: the audience is this server, or 401."""
    outcome = endpoint.post(INITIALIZE, tokens("mcp", audience="https://other.example/mcp"))

    assert (outcome.status, outcome.response.json()["code"]) == (401, "wrong_audience")
    assert 'error="invalid_token"' in outcome.challenge
    assert outcome.challenge.endswith('scope="mcp orders.write"')


def test_a_token_without_the_scope_gets_a_403_that_names_it(endpoint: Endpoint, tokens: Callable[..., str]) -> None:
    """MCP 2026-07-28, Runtime Insufficient Scope Errors: `scope`, `resource_metadata`, `insufficient_scope`."""
    outcome = endpoint.post(INITIALIZE, tokens("orders.write"))

    assert outcome.status == 403
    assert outcome.challenge.startswith(f'{CHALLENGE}, error="insufficient_scope"')
    assert outcome.challenge.endswith('scope="mcp"')


@pytest.mark.parametrize("version", [LEGACY, MODERN])
def test_a_good_token_is_served(endpoint: Endpoint, tokens: Callable[..., str], version: str) -> None:
    token = tokens("mcp")
    session = endpoint.open_session(token) if version == LEGACY else None

    outcome = endpoint.post(calling("count"), token, session=session, version=version)
    assert (outcome.status, outcome.text) == (200, "7")


@pytest.mark.parametrize("path", ["/mcp/", "//mcp", "/MCP", "/mcp/x", "/", "/sse", f"{METADATA}/", f"/{METADATA}", "/mcp;x"])
def test_what_nothing_names_is_refused(endpoint: Endpoint, tokens: Callable[..., str], path: str) -> None:
    """Deny by default: neither the SDK's redirects nor its other transports are behind the endpoint's rule."""
    url = f"{endpoint.http.base_url}{path}"

    assert endpoint.http.get(url, headers=_bearer(tokens("mcp"))).status_code in {400, 403}
    assert endpoint.http.get(url).status_code in {400, 401, 403}


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PUT", "OPTIONS"])
def test_no_method_gets_past_without_a_token(endpoint: Endpoint, method: str) -> None:
    assert endpoint.http.request(method, "/mcp").status_code == 401


def test_a_further_row_is_served(endpoint: Endpoint) -> None:
    assert endpoint.http.get("/health").text == "well"


def test_a_token_in_the_query_is_not_looked_at(endpoint: Endpoint, tokens: Callable[..., str]) -> None:
    """MCP 2026-07-28, Token Requirements: never in the URI's query."""
    assert endpoint.http.post(f"/mcp?access_token={tokens('mcp')}", json=INITIALIZE).status_code == 401


def test_an_issuer_that_cannot_be_reached_is_no_reason_to_throw_a_token_away(mcp_sdk: Any, tokens: Callable[..., str]) -> None:
    """503 with Retry-After: after a 401 a client would begin anew."""
    from bearerguard.mcp import protect

    def down(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("down", request=request)

    api = ResourceServer(oidc("https://issuer.test"), RESOURCE, transport=httpx.MockTransport(down))
    app = protect(mcp_sdk.MCPServer("orders").streamable_http_app(), resource_server=api, resource=RESOURCE)
    with endpoint_of(app) as endpoint:
        outcome = endpoint.post(INITIALIZE, tokens())

    assert outcome.status == 503
    assert int(outcome.response.headers["retry-after"]) >= 1


def test_the_scopes_of_the_requirement_are_asked_for_by_default(mcp_sdk: Any, api: ResourceServer) -> None:
    from bearerguard.mcp import protect

    app = protect(
        mcp_sdk.MCPServer("orders").streamable_http_app(),
        resource_server=api,
        resource=RESOURCE,
        requirement=scope("mcp") & scope("orders.read"),
    )
    with endpoint_of(app) as endpoint:
        assert endpoint.post(INITIALIZE).challenge.endswith('scope="mcp orders.read"')
        assert endpoint.http.get(METADATA).json()["scopes_supported"] == ["mcp", "orders.read"]


@pytest.mark.parametrize(
    ("changes", "parameter"),
    [
        ({"resource": "https://other.example/mcp"}, "resource"),  # no token for it would be accepted
        ({"resource": "https://orders.example/mcp/"}, "resource"),  # compared exactly
        ({"resource": "https://orders.example/mcp#x"}, "resource"),
        ({"resource": "http://orders.example/mcp"}, "resource"),
        ({"resource_server": None}, "resource_server"),
        ({"scopes": ["a b"]}, "challenge_scopes"),
        ({"requirement": "mcp"}, "policy"),
        ({"rows": {"health": PathPolicy.PUBLIC}}, "policy"),
        ({"rows": {"POST /mcp": PathPolicy.PUBLIC}}, "policy"),  # two rows for one request
        ({"disclose": "all"}, "disclose"),
    ],
)
def test_a_wrong_setting_is_named(mcp_sdk: Any, api: ResourceServer, changes: dict[str, Any], parameter: str) -> None:
    from bearerguard.mcp import protect

    app = mcp_sdk.MCPServer("orders").streamable_http_app()
    with pytest.raises(ConfigurationError) as wrong:
        protect(app, **{"resource_server": api, "resource": RESOURCE, **changes})
    assert wrong.value.parameter == parameter


def test_the_audience_of_one_issuer_will_do(mcp_sdk: Any, issuer: LocalIssuer) -> None:
    """An issuer's own audience takes the place of the resource server's."""
    from bearerguard.mcp import protect

    own = ResourceServer(Issuer(issuer.issuer, jwks=issuer.jwks(), audience=RESOURCE), "api://orders")
    assert protect(mcp_sdk.MCPServer("orders").streamable_http_app(), resource_server=own, resource=RESOURCE)


def test_two_mcp_servers_need_a_resource_server_each(mcp_sdk: Any, issuer: LocalIssuer) -> None:
    """MCP 2026-07-28, Token Handling: a token that was issued for the one is not good at the other."""
    from bearerguard.mcp import protect

    other = "https://billing.example/mcp"
    shared = ResourceServer(Issuer(issuer.issuer, jwks=issuer.jwks()), [RESOURCE, other])
    app = mcp_sdk.MCPServer("orders").streamable_http_app()
    assert protect(app, resource_server=shared, resource=RESOURCE)
    assert protect(app, resource_server=shared, resource=RESOURCE), "the same one again"

    with pytest.raises(ConfigurationError) as wrong:
        protect(app, resource_server=shared, resource=other)
    assert wrong.value.parameter == "resource_server"


def _bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}
