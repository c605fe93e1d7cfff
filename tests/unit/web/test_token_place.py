"""The middleware where the token is elsewhere: behind a gateway, and in a browser's websocket."""

import logging
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from bearerguard import AccessTokenMiddleware, ConfigurationError, ResourceServer, public, requires, role
from bearerguard.testing import LocalIssuer
from support.asgi import Answer, call, get, websocket_scope

pytestmark = pytest.mark.anyio
ASSERTION = b"cf-access-jwt-assertion"


@requires(role("Read.All"))
async def orders(request: Request) -> Response:
    return PlainTextResponse(request.user.subject)


@requires(role("Read.All"))
async def feed(websocket: WebSocket) -> None:
    await websocket.accept()


@requires(role("Read.All"))
async def chat(websocket: WebSocket) -> None:
    await websocket.accept("chat")


@public
async def news(websocket: WebSocket) -> None:
    await websocket.accept()


def app(api: ResourceServer, **settings: Any) -> Starlette:
    routes = [Route("/", orders), *(WebSocketRoute(f"/{endpoint.__name__}", endpoint) for endpoint in (feed, chat, news))]
    return Starlette(routes=routes, middleware=[Middleware(AccessTokenMiddleware, resource_server=api, **settings)])


async def offer(app: Starlette, path: str, *subprotocols: str) -> Answer:
    return await call(app, {**websocket_scope(path), "subprotocols": list(subprotocols)})


async def test_a_gateways_header_is_judged_and_authorization_is_not_looked_at(api: ResourceServer, issuer: LocalIssuer) -> None:
    behind = app(api, token_header="Cf-Access-Jwt-Assertion")
    token = issuer.mint("reader", roles=["Read.All"]).encode()

    assert (await get(behind, "/", [(ASSERTION, token)])).status == 200
    assert (await get(behind, "/", [(ASSERTION, token), (b"authorization", b"Bearer x")])).status == 200
    assert (await get(behind, "/", [(b"authorization", b"Bearer " + token)])).status == 401
    assert (await get(behind, "/", [(ASSERTION, issuer.mint("reader", roles=[]).encode())])).status == 403


async def test_a_browsers_websocket_is_judged_and_answered_with_bearer(api: ResourceServer, issuer: LocalIssuer) -> None:
    opted_in = app(api, websocket_protocol=True)
    token = issuer.mint("reader", roles=["Read.All"])

    (accepted,) = (await offer(opted_in, "/feed", "bearer", token)).messages
    assert (accepted["type"], accepted["subprotocol"]) == ("websocket.accept", "bearer")
    assert (await offer(opted_in, "/feed", "bearer", issuer.mint("reader", roles=[]))).status == 403
    assert (await offer(opted_in, "/feed", "bearer", token[:-4] + "AAAA")).status == 401


async def test_a_sub_protocol_that_the_application_chooses_is_kept(api: ResourceServer, issuer: LocalIssuer) -> None:
    token = issuer.mint("reader", roles=["Read.All"])
    (accepted,) = (await offer(app(api, websocket_protocol=True), "/chat", "chat", "bearer", token)).messages
    assert accepted["subprotocol"] == "chat"


async def test_a_public_websocket_is_answered_too(api: ResourceServer) -> None:
    """A browser closes a connection whose server chose none of the sub-protocols that it offered."""
    (accepted,) = (await offer(app(api, websocket_protocol=True), "/news", "bearer", "x")).messages
    assert accepted["subprotocol"] == "bearer"
    (accepted,) = (await offer(app(api, websocket_protocol=True), "/news")).messages
    assert not accepted["subprotocol"]


async def test_without_the_choice_nothing_is_read_and_nothing_answered(api: ResourceServer, issuer: LocalIssuer) -> None:
    token = issuer.mint("reader", roles=["Read.All"])
    assert (await offer(app(api), "/feed", "bearer", token)).status == 401
    (accepted,) = (await offer(app(api), "/news", "bearer", token)).messages
    assert not accepted["subprotocol"]


async def test_the_token_of_a_sub_protocol_is_not_logged(
    api: ResourceServer, issuer: LocalIssuer, caplog: pytest.LogCaptureFixture
) -> None:
    token = issuer.mint("reader", roles=[])
    with caplog.at_level(logging.DEBUG):
        await offer(app(api, websocket_protocol=True), "/feed", "bearer", token)
    assert caplog.records
    assert token[:40] not in caplog.text
    assert token.rpartition(".")[2] not in caplog.text


@pytest.mark.parametrize("settings", [{"token_header": "a b"}, {"token_header": "x", "websocket_protocol": True}])
def test_a_wrong_setting_is_told_when_the_middleware_is_built(api: ResourceServer, settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        AccessTokenMiddleware(Starlette(), resource_server=api, **settings)
