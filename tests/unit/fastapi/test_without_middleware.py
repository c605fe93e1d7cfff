"""Refusals are answered without a middleware, and nobody has to register anything for it."""

import logging
from typing import Any

import httpx
import pytest
from fastapi import Depends, FastAPI, Request, WebSocket
from fastapi.responses import JSONResponse
from starlette.applications import Starlette
from starlette.routing import Mount

from bearerguard import (
    AccessTokenError,
    AccessTokenMiddleware,
    BearerguardError,
    InsufficientScope,
    Issuer,
    IssuerUnavailable,
    ResourceServer,
    role,
)
from bearerguard import error_codes as codes
from bearerguard.authorization.combination import Requirement
from bearerguard.errors import MissingToken
from bearerguard.fastapi import require
from bearerguard.principal import Principal
from bearerguard.testing import LocalIssuer
from support.asgi import Header, call, connect, get, http_scope, websocket_scope
from support.refusals import check_refusal

pytestmark = pytest.mark.anyio

READ = role("Read.All")


def _app(api: ResourceServer, **options: Any) -> FastAPI:
    app = FastAPI(openapi_url=None, dependencies=[Depends(require(READ, resource_server=api))], **options)

    @app.get("/late")
    async def late() -> None:
        raise InsufficientScope(codes.NOT_PERMITTED)

    @app.get("/down")
    async def down() -> None:
        raise IssuerUnavailable("https://billing.test", retry_after=7, last_error="it is down")

    @app.websocket("/accepted")
    async def accepted(websocket: WebSocket) -> None:
        await websocket.accept()
        raise InsufficientScope(codes.NOT_PERMITTED)

    @app.websocket("/closed")
    async def closed(websocket: WebSocket) -> None:
        await websocket.close()
        raise InsufficientScope(codes.NOT_PERMITTED)

    return app


async def test_head_gets_the_headers_alone(api: ResourceServer) -> None:
    app = _app(api)
    app.add_api_route("/a", _name, methods=["GET", "HEAD"])

    answer = await call(app, http_scope("HEAD", "/a"))

    assert answer.status == 401
    check_refusal(answer, "missing_token", head=True)


async def _name() -> str:
    return "served"


async def test_an_endpoint_may_refuse_too(api: ResourceServer, reader: list[Header]) -> None:
    answer = await get(_app(api), "/late", reader)

    assert answer.status == 403
    check_refusal(answer, "not_permitted")


async def test_an_issuer_that_is_down_is_503_with_retry_after(api: ResourceServer, reader: list[Header]) -> None:
    answer = await get(_app(api), "/down", reader)

    assert (answer.status, answer.headers["retry-after"]) == (503, "7")


async def test_an_accepted_websocket_is_closed(api: ResourceServer, reader: list[Header]) -> None:
    answer = await connect(_app(api), "/accepted", reader)

    assert (answer.status, answer.close_code) == (101, 1008)


async def test_a_websocket_that_has_ended_is_not_ended_again(api: ResourceServer, reader: list[Header]) -> None:
    with pytest.raises(InsufficientScope):
        await call(_app(api), websocket_scope("/closed", reader))


async def test_each_refusal_is_reported_once(api: ResourceServer, reader: list[Header], caplog: pytest.LogCaptureFixture) -> None:
    app = _app(api)
    with caplog.at_level(logging.INFO, logger="bearerguard"):
        await get(app, "/late")
        await get(app, "/late", reader)

    assert [record.getMessage().partition(":")[0] for record in caplog.records] == ["missing_token", "not_permitted"]


@pytest.mark.parametrize("kind", [MissingToken, AccessTokenError, BearerguardError])
async def test_a_handler_of_the_users_comes_first(kind: type[Exception], api: ResourceServer) -> None:
    async def teapot(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"handled": type(error).__name__}, 418)

    answer = await get(_app(api, exception_handlers={kind: teapot}), "/late")

    assert (answer.status, answer.body) == (418, b'{"handled":"MissingToken"}')


async def test_a_handler_for_everything_leaves_refusals_alone(api: ResourceServer) -> None:
    async def page(request: Request, error: Exception) -> JSONResponse:
        raise NotImplementedError

    assert (await get(_app(api, exception_handlers={Exception: page}), "/late")).status == 401


class Broken(Requirement):
    """Fails."""

    def permits(self, principal: Principal) -> bool:
        raise ZeroDivisionError

    def refusal(self, principal: Principal) -> InsufficientScope:
        raise NotImplementedError


async def test_behind_a_middleware_a_defect_is_reported_once_whatever_other_routes_do(
    api: ResourceServer, reader: list[Header], caplog: pytest.LogCaptureFixture
) -> None:
    """A route with a resource server of its own adds a handler to the application; the middleware's requests meet it, too."""
    app = FastAPI(openapi_url=None)
    app.add_middleware(AccessTokenMiddleware, resource_server=api)
    other = ResourceServer(api.issuers, api.audience)
    app.add_api_route("/other", _name, dependencies=[Depends(require(READ, resource_server=other))])
    app.add_api_route("/broken", _name, dependencies=[Depends(require(Broken()))])

    assert (await get(app, "/other", reader)).status == 200
    assert (await get(app, "/broken", reader)).status == 500
    assert [record.levelname for record in caplog.records] == ["ERROR"]


async def test_a_defect_while_judging_refuses_with_500(
    api: ResourceServer, reader: list[Header], caplog: pytest.LogCaptureFixture
) -> None:
    """CWE-636: the endpoint is not called, and the answer is no page of the framework."""

    app = FastAPI(openapi_url=None)
    app.add_api_route("/a", _name, dependencies=[Depends(require(Broken(), resource_server=api))])

    answer = await get(app, "/a", reader)

    assert (answer.status, answer.headers["content-type"]) == (500, "application/json")
    assert b"internal_error" in answer.body
    assert [record.levelname for record in caplog.records] == ["ERROR"]


async def test_it_holds_in_a_mounted_application(api: ResourceServer) -> None:
    app = Starlette(routes=[Mount("/v1", app=_app(api))])

    answer = await get(app, "/v1/late")

    assert answer.status == 401
    check_refusal(answer, "missing_token")


async def test_an_unreachable_issuer_is_answered_alike(issuer: LocalIssuer, reader: list[Header]) -> None:
    down = LocalIssuer(issuer.issuer)
    down.go_down()
    api = ResourceServer(Issuer(issuer.issuer), "api://orders", transport=httpx.ASGITransport(down))

    answer = await get(_app(api), "/late", reader)

    assert answer.status == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert "www-authenticate" not in answer.headers
