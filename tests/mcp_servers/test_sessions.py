"""Whose call it is: the token of the request decides, in sessions as well. Nothing of a caller stays behind for the next."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import pytest

from bearerguard import ResourceServer, authenticated, oidc
from bearerguard.testing import FakeClock, LocalIssuer
from mcp_servers.messages import LEGACY, MODERN, Endpoint, calling, endpoint_of
from mcp_servers.names import RESOURCE

pytestmark = pytest.mark.socket

PATIENCE = 20.0


@pytest.fixture(scope="module")
def endpoint(mcp_sdk: Any, api: ResourceServer) -> Iterator[Endpoint]:
    from bearerguard.mcp import protect
    from mcp_servers.orders_server import make_server

    app = make_server().streamable_http_app(host="0.0.0.0")  # noqa: S104
    with endpoint_of(protect(app, resource_server=api, resource=RESOURCE)) as served:
        yield served


def test_a_session_gives_nobody_the_rights_of_the_token_that_opened_it(endpoint: Endpoint, tokens: Callable[..., str]) -> None:
    """Opened with a strong token, called with a weak one of the same user."""
    strong, weak = tokens("orders.write"), tokens("orders.read")
    session = endpoint.open_session(strong)

    assert endpoint.post(calling("cancel", order=1), weak, session=session).is_error
    assert endpoint.post(calling("who"), weak, session=session).text == "alice orders.read"
    assert endpoint.post(calling("cancel", order=1), strong, session=session).text == "alice cancelled 1"
    assert endpoint.post(calling("cancel", order=1), weak, session=session).is_error


def test_a_session_takes_nothing_from_a_token_that_came_later(endpoint: Endpoint, tokens: Callable[..., str]) -> None:
    """Opened with a weak token, called with one that has more scopes since (step-up)."""
    session = endpoint.open_session(tokens("orders.read"))

    assert endpoint.post(calling("cancel", order=1), tokens("orders.write"), session=session).text == "alice cancelled 1"


@pytest.mark.parametrize("changes", [{"user": "mallory"}, {"user": None}, {"claims": {"client_id": "other"}}], ids=repr)
def test_a_session_is_of_use_to_nobody_but_who_opened_it(
    endpoint: Endpoint, tokens: Callable[..., str], changes: dict[str, Any]
) -> None:
    """Session hijacking (MCP Security Best Practices): a good token and another's session id are not enough."""
    owner, thief = tokens("orders.write"), tokens("orders.write", **changes)
    session = endpoint.open_session(owner)

    assert endpoint.post(calling("cancel", order=1), thief, session=session).status == 404
    with endpoint.stream(thief, session) as stream:
        assert stream.status_code == 404
    assert endpoint.end_session(thief, session) == 404
    assert endpoint.post(calling("who"), owner, session=session).text == "alice orders.write"
    assert endpoint.end_session(owner, session) == 200


def test_callers_whom_nothing_tells_apart_share_no_session(endpoint: Endpoint, mcp_sdk: Any) -> None:
    """A token may name neither client nor subject. The SDK would take all such callers for one."""
    from mcp.server.auth.provider import principal_components

    from bearerguard import Principal
    from bearerguard.mcp.caller import VerifiedToken

    server = ResourceServer(oidc("https://issuer.test"), RESOURCE)
    unnamed = [principal_components(VerifiedToken.of(Principal("https://issuer.test", ""), server)) for _ in range(2)]
    assert unnamed[0] != unnamed[1]
    named = [VerifiedToken.of(Principal("https://issuer.test", "", client_id="shop"), server) for _ in range(2)]
    assert principal_components(named[0]) == principal_components(named[1])


def test_a_session_id_is_no_credential(endpoint: Endpoint, tokens: Callable[..., str]) -> None:
    """MCP Security Best Practices: servers must not use sessions for authentication."""
    session = endpoint.open_session(tokens())

    assert endpoint.post(calling("who"), session=session).status == 401
    with endpoint.stream(tokens(audience="https://other.example/mcp"), session) as stream:
        assert stream.status_code == 401


@pytest.mark.parametrize("version", [LEGACY, MODERN])
def test_calls_at_the_same_time_do_not_mix_their_callers(
    mcp_sdk: Any, api: ResourceServer, tokens: Callable[..., str], version: str
) -> None:
    """All calls are in the middle of the tool at once, in one session where there are sessions."""
    from bearerguard.mcp import protect
    from mcp_servers.orders_server import make_server

    count = 12
    inside = _Meeting(count)
    app = make_server(inside.wait).streamable_http_app(host="0.0.0.0")  # noqa: S104
    with (
        endpoint_of(protect(app, resource_server=api, resource=RESOURCE)) as endpoint,
        ThreadPoolExecutor(count) as threads,
    ):
        session = endpoint.open_session(tokens()) if version == LEGACY else None

        def call(number: int) -> str:
            token = tokens(f"scope.{number}")
            return endpoint.post(calling("slow", id=number), token, session=session, version=version).text

        assert list(threads.map(call, range(count))) == [f"alice scope.{number}" for number in range(count)]


class _Meeting:
    """Lets all go on when all have come."""

    def __init__(self, count: int) -> None:
        self._missing = count
        self._complete: anyio.Event | None = None

    async def wait(self) -> None:
        self._complete = self._complete or anyio.Event()
        self._missing -= 1
        if not self._missing:
            self._complete.set()
        with anyio.fail_after(PATIENCE):
            await self._complete.wait()


def test_nobody_answers_a_question_that_another_caller_was_asked(endpoint: Endpoint, tokens: Callable[..., str]) -> None:
    """The answer comes as a request of its own. The tool goes on for the caller who called it."""
    owner, weak, thief = tokens("orders.write"), tokens("orders.read"), tokens("orders.write", user="mallory")
    session = endpoint.open_session(owner)
    headers = {"authorization": f"Bearer {owner}", "mcp-session-id": session, "mcp-protocol-version": LEGACY}
    headers["accept"] = "application/json, text/event-stream"

    with endpoint.http.stream("POST", "/mcp", json=calling("careful", order=1), headers=headers) as stream:
        said = (json.loads(line.removeprefix("data: ")) for line in stream.iter_lines() if line.startswith("data: {"))
        question = next(said)
        assert question["method"] == "elicitation/create"
        answer = {"jsonrpc": "2.0", "id": question["id"], "result": {"action": "accept", "content": {"sure": True}}}
        assert endpoint.post(answer, thief, session=session).status == 404
        assert endpoint.post(answer, session=session).status == 401
        assert endpoint.post(answer, weak, session=session).status == 202
        result = next(said)["result"]

    assert result["content"][0]["text"] == "alice orders.write"


def test_each_message_of_a_session_needs_a_token_that_is_still_good(mcp_sdk: Any) -> None:
    from bearerguard import Issuer
    from bearerguard.mcp import protect
    from mcp_servers.orders_server import make_server

    clock = FakeClock()
    issuer = LocalIssuer(audience=RESOURCE, clock=clock)
    api = ResourceServer(Issuer(issuer.issuer, jwks=issuer.jwks()), RESOURCE, clock=clock)
    app = make_server().streamable_http_app(host="0.0.0.0")  # noqa: S104
    with endpoint_of(protect(app, resource_server=api, resource=RESOURCE)) as endpoint:
        token = issuer.mint("reader", user="alice", lifetime=300)
        session = endpoint.open_session(token)
        clock.advance(359)  # within the leeway, which the SDK's own check has not
        assert endpoint.post(calling("who"), token, session=session).status == 200
        clock.advance(2)
        expired = endpoint.post(calling("who"), token, session=session)
        assert (expired.status, expired.response.json()["code"]) == (401, "token_expired")
        fresh = issuer.mint("reader", user="alice", lifetime=300)
        assert endpoint.post(calling("who"), fresh, session=session).status == 200


def test_the_older_transport_binds_its_sessions_as_well(mcp_sdk: Any, api: ResourceServer, tokens: Callable[..., str]) -> None:
    """HTTP with SSE (2024-11-05): one long GET, and POST requests that name its session in the query."""
    from bearerguard.mcp import protect
    from mcp_servers.orders_server import make_server

    app = make_server().sse_app(host="0.0.0.0")  # noqa: S104
    protected = protect(app, resource_server=api, resource=RESOURCE, path="/sse", rows={"POST /messages/": authenticated()})
    strong, weak, thief = tokens("orders.write"), tokens("orders.read"), tokens("orders.write", user="mallory")
    with endpoint_of(protected, "/sse") as endpoint:
        headers = {"authorization": f"Bearer {strong}"}
        with endpoint.http.stream("GET", "/sse", headers=headers) as stream:
            said = (line.removeprefix("data: ") for line in stream.iter_lines() if line.startswith("data: "))
            there = Endpoint(endpoint.http, next(said))
            assert there.post(calling("who"), thief).status == 404
            assert there.post(calling("who")).status == 401
            opening = {"protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
            assert there.post({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": opening}, strong).status == 202
            assert json.loads(next(said))["id"] == 1
            there.post({"jsonrpc": "2.0", "method": "notifications/initialized", "params": {}}, strong)
            for token, text in ((weak, "alice orders.read"), (strong, "alice orders.write")):
                assert there.post(calling("who"), token).status == 202
                assert json.loads(next(said))["result"]["content"][0]["text"] == text


def test_a_call_from_within_a_tool_to_another_server_is_not_in_its_callers_name(
    mcp_sdk: Any, api: ResourceServer, tokens: Callable[..., str]
) -> None:
    """A public path of an application in the same process: nobody was verified there."""
    import httpx
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse, Response

    from bearerguard import PathPolicy
    from bearerguard.mcp import current_principal, protect
    from bearerguard.mcp.caller import verified
    from mcp_servers.orders_server import make_server

    async def seen(_request: Request) -> Response:
        return PlainTextResponse(str(verified()))

    inner_server = mcp_sdk.MCPServer("inner")
    inner_server.custom_route("/open", methods=["GET"])(seen)
    rows = {"GET /open": PathPolicy.PUBLIC}
    inner = protect(inner_server.streamable_http_app(), resource_server=api, resource=RESOURCE, rows=rows)

    async def asks() -> str:
        transport = httpx.ASGITransport(inner)
        async with httpx.AsyncClient(transport=transport, base_url="http://inner.test") as client:
            seen_there = (await client.get("/open")).text
        return f"{seen_there}, then {current_principal().subject}"

    server = make_server()
    server.add_tool(asks)
    app = server.streamable_http_app(host="0.0.0.0")  # noqa: S104
    with endpoint_of(protect(app, resource_server=api, resource=RESOURCE)) as endpoint:
        outcome = endpoint.post(calling("asks"), tokens(), version=MODERN)
        assert outcome.text == "None, then alice"
        assert endpoint.post(calling("who"), tokens(), version=MODERN).text == "alice"


def test_nothing_of_a_caller_stays_in_the_thread_that_served_a_tool(endpoint: Endpoint, tokens: Callable[..., str]) -> None:
    """Functions that are not async run in threads that serve others afterwards."""
    strong, weak = tokens("orders.write"), tokens("orders.read", user="bob")
    for _ in range(8):
        assert not endpoint.post(calling("cancel", order=1), strong, version=MODERN).is_error
        assert endpoint.post(calling("cancel", order=1), weak, version=MODERN).is_error
