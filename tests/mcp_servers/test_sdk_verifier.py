"""A ``ResourceServer`` as the SDK's ``TokenVerifier``: what it tells the SDK, and what the SDK cannot say."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from bearerguard import ConfigurationError, Issuer, IssuerUnavailable, ResourceServer, oidc
from bearerguard.testing import FakeClock, LocalIssuer
from mcp_servers.messages import INITIALIZE, MODERN, Endpoint, calling, endpoint_of
from mcp_servers.names import METADATA, RESOURCE


@contextmanager
def served(api: ResourceServer, **settings: Any) -> Iterator[Endpoint]:
    """The orders server with the SDK's own authorization."""
    from mcp.server.auth.settings import AuthSettings

    from bearerguard.mcp import token_verifier
    from mcp_servers.orders_server import make_server

    auth = AuthSettings.model_validate(
        {
            "issuer_url": "https://issuer.test",
            "resource_server_url": RESOURCE,
            "required_scopes": ["mcp"],
            "validate_token_resource": True,
            **settings,
        }
    )
    server = make_server(auth=auth, token_verifier=token_verifier(api))
    with endpoint_of(server.streamable_http_app(host="0.0.0.0")) as endpoint:  # noqa: S104
        yield endpoint


@pytest.fixture(scope="module")
def endpoint(mcp_sdk: Any, api: ResourceServer) -> Iterator[Endpoint]:
    with served(api) as endpoint:
        yield endpoint


def test_the_sdk_lets_in_whom_the_resource_server_verified(endpoint: Endpoint, tokens: Callable[..., str]) -> None:
    token = tokens("mcp", "orders.write")
    session = endpoint.open_session(token)

    assert endpoint.post(calling("cancel", order=1), token, session=session).text == "alice cancelled 1"
    assert endpoint.post(calling("cancel", order=1), tokens("mcp"), session=session).is_error
    assert endpoint.post(calling("who"), tokens("mcp", user="mallory"), session=session).status == 404
    assert endpoint.post(calling("who"), token, version=MODERN).text == "alice mcp orders.write"


@pytest.mark.parametrize("token", [None, "no.token.atall", "opaque"])
def test_the_sdk_says_401_without_a_reason_and_without_scopes(endpoint: Endpoint, token: str | None) -> None:
    outcome = endpoint.post(INITIALIZE, token)

    assert outcome.status == 401
    assert 'error="invalid_token"' in outcome.challenge
    assert "scope=" not in outcome.challenge
    assert METADATA in outcome.challenge


def test_our_log_has_the_reason(endpoint: Endpoint, tokens: Callable[..., str], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "bearerguard"):
        assert endpoint.post(INITIALIZE, tokens("mcp", audience="https://other.example/mcp")).status == 401

    (line,) = [record.getMessage() for record in caplog.records if record.name == "bearerguard"]
    assert line.startswith("wrong_audience")


def test_a_403_of_the_sdk_names_no_scope_in_its_challenge(endpoint: Endpoint, tokens: Callable[..., str]) -> None:
    outcome = endpoint.post(INITIALIZE, tokens("orders.write"))

    assert outcome.status == 403
    assert 'scope="' not in outcome.challenge


def test_an_issuer_that_is_down_is_500_and_never_401(mcp_sdk: Any, tokens: Callable[..., str]) -> None:
    """After a 401 a client would throw away a good token. A 503 the SDK cannot say."""

    def down(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("down", request=request)

    api = ResourceServer(oidc("https://issuer.test"), RESOURCE, transport=httpx.MockTransport(down))
    with served(api) as endpoint:
        assert endpoint.post(INITIALIZE, tokens("mcp")).status == 500


@pytest.mark.anyio
async def test_that_the_issuer_is_down_is_no_verdict(mcp_sdk: Any, tokens: Callable[..., str]) -> None:
    from bearerguard.mcp import token_verifier

    def down(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("down", request=request)

    api = ResourceServer(oidc("https://issuer.test"), RESOURCE, transport=httpx.MockTransport(down))
    with pytest.raises(IssuerUnavailable):
        await token_verifier(api).verify_token(tokens("mcp"))


@pytest.mark.anyio
async def test_the_sdk_does_not_know_the_leeway(mcp_sdk: Any) -> None:
    """``expires_at`` is ``exp``, and the SDK compares it with its own clock."""
    from bearerguard.mcp import token_verifier

    clock = FakeClock()
    issuer = LocalIssuer(audience=RESOURCE, clock=clock)
    api = ResourceServer(Issuer(issuer.issuer, jwks=issuer.jwks()), RESOURCE, clock=clock)
    token = issuer.mint("reader", lifetime=300)
    clock.advance(330)

    verified = await token_verifier(api).verify_token(token)
    assert verified is not None
    assert verified.expires_at is not None
    assert verified.expires_at < clock.now()
    clock.advance(60)
    assert await token_verifier(api).verify_token(token) is None


@pytest.mark.anyio
async def test_what_the_sdk_is_told(mcp_sdk: Any, api: ResourceServer, tokens: Callable[..., str]) -> None:
    """Its sessions are bound to client, issuer and subject; its resource check compares ``resource``."""
    from mcp.server.auth.provider import principal_components

    from bearerguard.mcp import token_verifier

    token = tokens("b", "a", claims={"aud": ["https://first.example", RESOURCE], "act": {"sub": ["agent"]}})
    verified = await token_verifier(api).verify_token(token)

    assert verified is not None
    assert principal_components(verified) == ("reader", "https://issuer.test", "alice")
    assert (verified.scopes, verified.resource) == (["a", "b"], RESOURCE)
    assert (verified.claims or {})["act"] == {"sub": ["agent"]}
    assert verified.model_dump_json()


@pytest.mark.anyio
async def test_the_token_itself_is_not_handed_on(mcp_sdk: Any, api: ResourceServer, tokens: Callable[..., str]) -> None:
    """MCP 2026-07-28: a server must not pass it through; nor do logs and error reports get it."""
    from bearerguard.mcp import token_verifier

    token = tokens("mcp", claims={"email": "alice@example.com"})
    verified = await token_verifier(api).verify_token(token)

    assert verified is not None
    assert verified.token == ""
    for shown in (repr(verified), str(verified), f"{verified}"):
        assert token.rpartition(".")[2] not in shown
        assert "alice@example.com" not in shown


def test_a_verifier_needs_a_resource_server(mcp_sdk: Any) -> None:
    from bearerguard.mcp import token_verifier

    with pytest.raises(ConfigurationError) as wrong:
        token_verifier("https://issuer.test")  # type: ignore[arg-type]
    assert wrong.value.parameter == "resource_server"
