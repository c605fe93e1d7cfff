"""An endpoint that is not async is judged before a thread is taken, and only where it would judge in one."""

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

from bearerguard import AccessTokenMiddleware, ResourceServer, public, requires, role
from bearerguard.testing import LocalIssuer
from bearerguard.web.judged_first import JudgedFirst
from support.asgi import Header, call, get, http_scope

pytestmark = pytest.mark.anyio

READ = role("Read.All")


@pytest.fixture
def reader(issuer: LocalIssuer) -> list[Header]:
    return [(b"authorization", b"Bearer " + issuer.mint("reader").encode())]


def guarded(api: ResourceServer, *routes: BaseRoute, **options: Any) -> Starlette:
    return Starlette(routes=routes, middleware=[Middleware(AccessTokenMiddleware, resource_server=api, **options)])


class Orders(HTTPEndpoint):
    @requires(READ)
    def get(self, request: Request) -> Response:
        return PlainTextResponse("guarded")

    @public
    def post(self, request: Request) -> Response:
        return PlainTextResponse("public")

    def delete(self, request: Request) -> Response:
        return PlainTextResponse("undeclared")


async def test_the_other_methods_of_a_class_are_served_as_they_declare(api: ResourceServer, reader: list[Header]) -> None:
    app = guarded(api, Route("/", Orders), undeclared="allow")

    assert [(await call(app, http_scope(method, "/"))).status for method in ("GET", "POST", "DELETE")] == [401, 200, 401]
    answers = [await call(app, http_scope(method, "/", reader)) for method in ("GET", "POST", "DELETE")]
    assert [answer.body for answer in answers] == [b"guarded", b"public", b"undeclared"]


async def test_a_route_is_put_behind_its_guard_once_however_often_routes_are_read(
    api: ResourceServer, reader: list[Header]
) -> None:
    """They are read anew whenever one is added."""
    first = Route("/", Orders)
    app = guarded(api, first, undeclared="allow")
    for number in range(3):
        assert (await get(app, "/", reader)).status == 200
        app.router.routes.append(Route(f"/{number}", Orders))

    assert isinstance(first.app, JudgedFirst)
    assert not isinstance(first.app.app, JudgedFirst)


class WithoutApp(BaseRoute):
    """A route of one's own, which calls its endpoint itself."""

    def __init__(self, endpoint: Any) -> None:
        self.endpoint = endpoint

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return Match.FULL, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.endpoint(Request(scope))(scope, receive, send)


async def test_a_route_that_calls_its_endpoint_itself_is_left_alone(api: ResourceServer, reader: list[Header]) -> None:
    @requires(READ)
    def endpoint(request: Request) -> Any:
        return PlainTextResponse("guarded")

    route = WithoutApp(endpoint)
    await get(guarded(api, route), "/a", reader)

    assert not hasattr(route, "app")
