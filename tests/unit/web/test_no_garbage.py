"""A request is gone as soon as it is answered: nothing of it waits for the garbage collector.

A server's ``send`` belongs to an object that holds the scope. What is put into the scope must not lead back to that ``send``, nor
to an error whose traceback does, or every request stays in memory until a collection, which costs more than to verify its token.
"""

import gc
import weakref
from collections.abc import Callable
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Scope

from bearerguard import AccessTokenMiddleware, PathPolicy, Principal, ResourceServer, authenticated, principal_of, requires, role
from bearerguard.fastapi import require
from bearerguard.testing import LocalIssuer
from support.asgi import http_scope
from support.closed_framework import closed

pytestmark = pytest.mark.anyio


async def endpoint(request: Request) -> Response:
    return PlainTextResponse(request.user.display_name)


def decorated(api: ResourceServer) -> ASGIApp:
    """Behind a decorator."""
    routes = [Route("/", requires(role("Read.All"))(endpoint))]
    return Starlette(routes=routes, middleware=[Middleware(AccessTokenMiddleware, resource_server=api)])


def by_policy(api: ResourceServer) -> ASGIApp:
    """Behind a table."""
    policy = PathPolicy({"GET /": role("Read.All")})
    return AccessTokenMiddleware(Starlette(routes=[Route("/", endpoint)]), resource_server=api, policy=policy)


def fastapi_dependency(api: ResourceServer) -> ASGIApp:
    """Behind a dependency of FastAPI."""
    app = FastAPI(openapi_url=None)
    app.add_middleware(AccessTokenMiddleware, resource_server=api)

    @app.get("/")
    async def orders(caller: Annotated[Principal, Depends(require(role("Read.All")))]) -> str:
        return caller.display_name

    return app


def fastapi_alone(api: ResourceServer) -> ASGIApp:
    """Behind a dependency, without the middleware."""
    app = FastAPI(openapi_url=None)

    @app.get("/")
    async def orders(caller: Annotated[Principal, Depends(require(role("Read.All"), resource_server=api))]) -> str:
        return caller.display_name

    return app


def another_framework(api: ResourceServer) -> ASGIApp:
    """A view that asks for the caller, in a framework that makes an error page of every exception."""
    app = closed(lambda scope: principal_of(scope, role("Read.All")).display_name)
    return AccessTokenMiddleware(app, resource_server=api, policy=PathPolicy({"/": authenticated()}))


class Marker:
    """Is in a scope, and can be watched."""


class Connection:
    """As a server keeps one request."""

    def __init__(self, scope: Scope) -> None:
        self.scope = {**scope, "marker": Marker()}
        self.status = 0

    async def receive(self) -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(self, message: Message) -> None:
        self.status = message.get("status", self.status)


@pytest.mark.parametrize("build", [decorated, by_policy, fastapi_dependency, fastapi_alone, another_framework])
@pytest.mark.parametrize(
    ("token", "status"),
    [(["Read.All"], 200), ([], 403), ("no.token.at-all", 401), ("e30.e30.e30", 401), ("W10.W10.W10", 401), ("no token", 400)],
    ids=["served", "forbidden", "no base64url", "no algorithm", "no object", "no bearer token"],
)
async def test_a_request_is_gone_once_it_is_answered(
    build: Callable[[ResourceServer], ASGIApp], token: str | list[str], status: int, api: ResourceServer, issuer: LocalIssuer
) -> None:
    """``token`` as it is sent, or the roles of a good one."""
    if not isinstance(token, str):
        token = issuer.mint(roles=token)
    app = build(api)
    for _ in range(2):  # the first request also reads the routes
        connection = Connection(http_scope("GET", "/", [(b"authorization", f"Bearer {token}".encode())]))
        gc.disable()
        try:
            await app(connection.scope, connection.receive, connection.send)
            answered, gone, scope_gone = connection.status, weakref.ref(connection), weakref.ref(connection.scope["marker"])
            del connection
            assert (answered, gone(), scope_gone()) == (status, None, None)
        finally:
            gc.enable()
