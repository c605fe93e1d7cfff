"""An application behind the middleware starts and stops cleanly under the servers people run."""

import logging

import anyio
import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bearerguard import AccessTokenMiddleware, Issuer, ResourceServer, requires, role
from bearerguard.testing import LocalIssuer
from support.servers import SERVERS, Server, serve

pytestmark = [pytest.mark.socket, pytest.mark.parametrize("server", SERVERS)]


@requires(role("Read.All"))
async def list_orders(request: Request) -> PlainTextResponse:
    return PlainTextResponse("orders")


def _application(resource_server: ResourceServer) -> Starlette:
    return Starlette(
        routes=[Route("/orders", list_orders)],
        middleware=[Middleware(AccessTokenMiddleware, resource_server=resource_server)],
    )


def _errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_served_application_stops_without_an_error(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    """Hypercorn cancels a lifespan that has not returned right after its last message."""
    issuer = LocalIssuer()
    resource_server = ResourceServer([Issuer(issuer.issuer, jwks=issuer.jwks())], "api://orders")
    with serve(_application(resource_server), server=server) as base_url:
        assert httpx.get(f"{base_url}/orders", headers={"Authorization": f"Bearer {issuer.mint()}"}).status_code == 200
    assert _errors(caplog) == []


def test_a_fetch_under_way_does_not_keep_the_server(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    asked = []

    class Silent(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            asked.append(request.url.path)
            await anyio.sleep_forever()
            raise AssertionError

    resource_server = ResourceServer([Issuer("https://issuer.test")], "api://orders", transport=Silent())
    with serve(_application(resource_server), server=server) as base_url:
        assert httpx.get(f"{base_url}/orders").status_code == 401
    assert asked == ["/.well-known/openid-configuration"]
    assert _errors(caplog) == []
