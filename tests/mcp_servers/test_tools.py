"""Requirements of tools: refused as a tool error, since the answer may have begun by then."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bearerguard import ConfigurationError, Event, Issuer, ResourceServer, role, scope
from bearerguard.events import VERDICTS
from bearerguard.testing import LocalIssuer
from mcp_servers.messages import LEGACY, MODERN, Endpoint, calling, endpoint_of
from mcp_servers.names import RESOURCE

pytestmark = pytest.mark.socket

NOT_PERMITTED = "The access token does not permit this request"
WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "sessions": (LEGACY, {}),
    "json": (LEGACY, {"json_response": True}),
    "stateless": (LEGACY, {"stateless_http": True}),
    "stateless-json": (LEGACY, {"stateless_http": True, "json_response": True}),
    "2026-07-28": (MODERN, {}),
}


class Way:
    """One of the ways to call: with or without a session, answered as JSON or as a stream."""

    def __init__(self, endpoint: Endpoint, version: str, *, has_sessions: bool) -> None:
        self.endpoint, self.version, self.has_sessions = endpoint, version, has_sessions

    def call(self, token: str, tool: str, **arguments: Any) -> Any:
        session = self.endpoint.open_session(token) if self.has_sessions else None
        return self.endpoint.post(calling(tool, **arguments), token, session=session, version=self.version)


@pytest.fixture(scope="module", params=WAYS)
def way(request: pytest.FixtureRequest, mcp_sdk: Any, api: ResourceServer) -> Iterator[Way]:
    from bearerguard.mcp import protect
    from mcp_servers.orders_server import make_server

    version, options = WAYS[request.param]
    app = make_server().streamable_http_app(**options, host="0.0.0.0")  # noqa: S104
    with endpoint_of(protect(app, resource_server=api, resource=RESOURCE)) as endpoint:
        yield Way(endpoint, version, has_sessions=version == LEGACY and "stateless_http" not in options)


@pytest.mark.parametrize("tool", ["cancel", "cancel_async"])
def test_a_tool_runs_for_a_caller_who_meets_its_requirement(way: Way, tokens: Callable[..., str], tool: str) -> None:
    outcome = way.call(tokens("orders.write"), tool, order=3)

    assert (outcome.is_error, outcome.text) == (False, "alice cancelled 3")


@pytest.mark.parametrize("tool", ["cancel", "cancel_async"])
def test_others_get_a_tool_error_with_a_constant_text(
    way: Way, tokens: Callable[..., str], tool: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing of the token or the requirement is in what a model reads; the log has it (CWE-209)."""
    with caplog.at_level(logging.INFO, "bearerguard"):
        outcome = way.call(tokens("orders.read", user="mallory"), tool, order=3)

    assert (outcome.status, outcome.is_error) == (200, True)
    assert outcome.text == f"Error executing tool {tool}: {NOT_PERMITTED}"
    (record,) = [record for record in caplog.records if record.name == "bearerguard"]
    told = {name: record.__dict__[name] for name in ("code", "subject", "client_id", "method", "route", "verified")}
    expected = {"code": "missing_scope", "subject": "mallory", "client_id": "reader", "verified": True}
    assert told == {**expected, "method": "TOOL", "route": tool}
    assert "orders.write" in record.getMessage()


def test_hooks_are_told_of_both_decisions(mcp_sdk: Any, issuer: LocalIssuer, tokens: Callable[..., str]) -> None:
    """The request was accepted, the call of the tool was not: an audit log needs both."""
    from bearerguard.mcp import protect
    from mcp_servers.orders_server import make_server

    events: list[Event] = []
    api = ResourceServer(Issuer(issuer.issuer, jwks=issuer.jwks()), RESOURCE, on_event=events.append)
    app = make_server().streamable_http_app(host="0.0.0.0")  # noqa: S104
    with endpoint_of(protect(app, resource_server=api, resource=RESOURCE)) as endpoint:
        endpoint.post(calling("cancel", order=1), tokens(), version=MODERN)

    decisions = [(event.name, event.code, event.subject) for event in events if event.name in VERDICTS]
    assert sorted(decisions) == [("request_accepted", "", "alice"), ("token_refused", "missing_scope", "alice")]


def test_a_refused_call_is_not_logged_as_a_crash(way: Way, tokens: Callable[..., str], caplog: pytest.LogCaptureFixture) -> None:
    """A caller must not be able to fill the log with tracebacks."""
    way.call(tokens(), "cancel", order=3)

    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_what_depends_on_the_arguments_is_asked_inside(way: Way, tokens: Callable[..., str]) -> None:
    assert way.call(tokens(), "cancel_own", owner="alice").text == "alice"
    refused = way.call(tokens(), "cancel_own", owner="bob")
    assert (refused.is_error, refused.text) == (True, f"Error executing tool cancel_own: {NOT_PERMITTED}")
    assert way.call(tokens("orders.write"), "cancel_own", owner="bob").text == "alice"


def test_each_of_several_guards_is_enforced(way: Way, tokens: Callable[..., str]) -> None:
    assert way.call(tokens("orders.write"), "both").is_error
    assert way.call(tokens(roles=["Write.All"], user=None), "both").is_error
    assert way.call(tokens("orders.write", roles=["Write.All"], user=None), "both").text == "done"


def test_a_guarded_tool_keeps_its_schema(way: Way, tokens: Callable[..., str]) -> None:
    token = tokens()
    session = way.endpoint.open_session(token) if way.has_sessions else None
    message = {"jsonrpc": "2.0", "id": 7, "method": "tools/list", "params": {}}
    tools = way.endpoint.post(message, token, session=session, version=way.version).result["tools"]

    (cancel,) = [tool for tool in tools if tool["name"] == "cancel"]
    assert cancel["description"] == "Cancel an order."
    assert list(cancel["inputSchema"]["properties"]) == ["order"]
    (careful,) = [tool for tool in tools if tool["name"] == "careful"]
    assert list(careful["inputSchema"]["properties"]) == ["order"]  # the context is no argument


def test_a_guarded_resource_is_not_read(way: Way, tokens: Callable[..., str], caplog: pytest.LogCaptureFixture) -> None:
    read = {"jsonrpc": "2.0", "id": 7, "method": "resources/read", "params": {"uri": "orders://all"}}

    def reading(token: str) -> dict[str, Any]:
        session = way.endpoint.open_session(token) if way.has_sessions else None
        (message,) = way.endpoint.post(read, token, session=session, version=way.version).messages
        return message

    assert reading(tokens("orders.write"))["result"]["contents"][0]["text"] == "[]"
    caplog.clear()
    assert NOT_PERMITTED in reading(tokens())["error"]["message"]
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []  # it is not a crash


@pytest.mark.anyio
async def test_in_memory_and_over_stdio_nobody_is_verified(needed: Callable[[str], Any], mcp_sdk: Any) -> None:
    """MCP 2026-07-28: over STDIO there are no tokens; a guarded tool runs for nobody."""
    from mcp_servers.orders_server import make_server

    async with needed("mcp").Client(make_server()) as client:
        for tool, arguments in {"cancel": {"order": 3}, "cancel_async": {"order": 3}, "who": {}}.items():
            result = await client.call_tool(tool, arguments)
            assert result.is_error, tool
            assert result.content[0].text == f"Error executing tool {tool}: An access token is required"


@pytest.mark.anyio
async def test_a_token_of_another_verifier_is_nobodys(needed: Callable[[str], Any], mcp_sdk: Any) -> None:
    """What another library let in, nobody here has verified."""
    needed("mcp")
    from mcp.server.auth.middleware.auth_context import auth_context_var
    from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
    from mcp.server.auth.provider import AccessToken

    from bearerguard.mcp import ToolRefused, requires

    auth_context_var.set(AuthenticatedUser(AccessToken(token="x", client_id="reader", scopes=["orders.write"])))
    ran: list[int] = []
    with pytest.raises(ToolRefused):
        requires(scope("orders.write"))(lambda: ran.append(1))()
    assert ran == []


@pytest.mark.anyio
async def test_a_requirement_that_fails_refuses(mcp_sdk: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Any exception while judging refuses, and so does every answer but True itself."""
    from mcp.server.auth.middleware.auth_context import auth_context_var
    from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser

    from bearerguard import Principal
    from bearerguard.mcp import ToolRefused, requires
    from bearerguard.mcp.caller import VerifiedToken

    class Broken(type(role("x"))):  # type: ignore[misc]
        __slots__ = ()

        def permits(self, principal: Any) -> Any:
            raise ZeroDivisionError

    class Truthy(type(role("x"))):  # type: ignore[misc]
        __slots__ = ()

        def permits(self, principal: Any) -> Any:
            return "yes"

    server = ResourceServer(_static_issuer(), RESOURCE)
    auth_context_var.set(AuthenticatedUser(VerifiedToken.of(Principal("https://issuer.test", "alice"), server)))
    for requirement in (Broken("x"), Truthy("x")):
        with pytest.raises(ToolRefused):
            requires(requirement)(lambda: None)()


def _static_issuer() -> Any:
    from bearerguard import Issuer
    from bearerguard.testing import LocalIssuer

    issuer = LocalIssuer()
    return Issuer(issuer.issuer, jwks=issuer.jwks())


async def _generator() -> Any:
    yield 1


@pytest.mark.parametrize("target", [3, "x", b"x", int, _generator, print], ids=lambda target: type(target).__name__)
def test_what_is_no_function_cannot_be_guarded(mcp_sdk: Any, target: Any) -> None:
    """A tool object of a framework is one: the decorator was put above `@server.tool()`."""
    from bearerguard.mcp import requires

    with pytest.raises(ConfigurationError) as wrong:
        requires(scope("x"))(target)
    assert wrong.value.parameter == "@requires"


@pytest.mark.parametrize("requirement", [None, "orders.write", scope, len], ids=lambda target: type(target).__name__)
def test_what_is_no_requirement_guards_nothing(mcp_sdk: Any, requirement: Any) -> None:
    from bearerguard.mcp import requires

    with pytest.raises(ConfigurationError) as wrong:
        requires(requirement)
    assert wrong.value.parameter == "@requires"
