"""FastMCP's applications and client: the same guards, the same caller for each call."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bearerguard import ResourceServer, scope
from mcp_servers.messages import LEGACY, MODERN, Endpoint, calling, endpoint_of
from mcp_servers.names import METADATA, RESOURCE

pytestmark = pytest.mark.socket


def _server(needed: Callable[[str], Any], **settings: Any) -> Any:
    from bearerguard.mcp import current_principal, requires

    server, dependencies = needed("fastmcp").FastMCP("orders", **settings), needed("fastmcp.server.dependencies")

    @requires(scope("orders.write"))
    def cancel(order: int) -> str:
        """Cancel an order."""
        return f"{current_principal().subject} cancelled {order}"

    async def who() -> str:
        """Who calls, and whom FastMCP takes for the caller."""
        caller, token = current_principal(), dependencies.get_access_token()
        assert (token.subject, token.scopes, token.token) == (caller.subject, sorted(caller.scopes), "")
        return " ".join([caller.subject, *sorted(caller.scopes)])

    server.tool(cancel)
    server.tool(who)
    return server


@pytest.fixture(scope="module", params=[False, True], ids=["sessions", "stateless"])
def endpoint(
    request: pytest.FixtureRequest, needed: Callable[[str], Any], mcp_sdk: Any, api: ResourceServer
) -> Iterator[Endpoint]:
    from bearerguard.mcp import protect

    app = _server(needed).http_app(stateless_http=request.param)
    with endpoint_of(protect(app, resource_server=api, resource=RESOURCE, requirement=scope("mcp"))) as served:
        yield served


def test_its_tools_are_guarded(endpoint: Endpoint, tokens: Callable[..., str], caplog: pytest.LogCaptureFixture) -> None:
    good, weak = tokens("mcp", "orders.write"), tokens("mcp")

    assert endpoint.post(calling("cancel", order=1), good, version=MODERN).text == "alice cancelled 1"
    with caplog.at_level(logging.INFO, "bearerguard"):
        refused = endpoint.post(calling("cancel", order=1), weak, version=MODERN)
    assert refused.is_error
    assert refused.text == "The access token does not permit this request"
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []  # no traceback for each of them
    assert [record.__dict__["code"] for record in caplog.records if record.name == "bearerguard"] == ["missing_scope"]


def test_refusals_over_http_are_those_of_the_middleware(endpoint: Endpoint, tokens: Callable[..., str]) -> None:
    assert endpoint.post(calling("who")).challenge.endswith(f'resource_metadata="https://orders.example{METADATA}", scope="mcp"')
    assert endpoint.post(calling("who"), tokens()).status == 403
    assert endpoint.http.get(METADATA).json()["resource"] == RESOURCE


def test_the_text_is_shown_where_details_of_errors_are_masked(
    needed: Callable[[str], Any], mcp_sdk: Any, api: ResourceServer, tokens: Callable[..., str]
) -> None:
    """It is a constant, and the caller may know it."""
    from bearerguard.mcp import protect

    app = _server(needed, mask_error_details=True).http_app()
    with endpoint_of(protect(app, resource_server=api, resource=RESOURCE)) as masked:
        refused = masked.post(calling("cancel", order=1), tokens(), version=MODERN)
    assert refused.text == "The access token does not permit this request"


@pytest.mark.parametrize("version", [LEGACY, MODERN])
def test_the_token_of_the_request_decides(endpoint: Endpoint, tokens: Callable[..., str], version: str) -> None:
    """Its own look at the request could be that of the request that opened the session."""
    strong, weak = tokens("mcp", "orders.write"), tokens("mcp")
    opened = endpoint.open_session(strong) if version == LEGACY else None

    for token, text in ((weak, "alice mcp"), (strong, "alice mcp orders.write"), (weak, "alice mcp")):
        assert endpoint.post(calling("who"), token, session=opened, version=version).text == text
    if opened:
        assert endpoint.post(calling("who"), tokens("mcp", user="mallory"), session=opened).status == 404


@pytest.mark.anyio
async def test_its_client_calls_with_a_token(
    endpoint: Endpoint, needed: Callable[[str], Any], tokens: Callable[..., str]
) -> None:
    url = f"{endpoint.http.base_url}/mcp"
    async with needed("fastmcp").Client(url, auth=tokens("mcp", "orders.write")) as client:
        assert (await client.call_tool("cancel", {"order": 3})).data == "alice cancelled 3"
