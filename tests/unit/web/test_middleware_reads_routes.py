"""When the middleware reads the routes of its application, and what follows from routes that it must not serve."""

import json
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from bearerguard import AccessTokenMiddleware, ConfigurationError, Issuer, PathPolicy, ResourceServer, authenticated, public
from bearerguard.events import Event
from bearerguard.testing import LocalIssuer
from support.asgi import get

pytestmark = pytest.mark.anyio


async def served(request: Request) -> Response:
    return PlainTextResponse("ok")


class Counted(Route):
    """Counts how often somebody asks what it leads to."""

    asked = 0

    @property
    def endpoint(self) -> Any:
        self.asked += 1
        return served

    @endpoint.setter
    def endpoint(self, value: Any) -> None:
        """Starlette sets it."""


async def test_routes_are_read_once(api: ResourceServer) -> None:
    async def health(request: Request) -> Response:
        return PlainTextResponse("ok")

    never = Counted("/never", served)
    app = AccessTokenMiddleware(Starlette(routes=[never, Route("/", public(health))]), resource_server=api, undeclared="allow")
    await get(app, "/")
    before = never.asked
    for _ in range(3):
        assert (await get(app, "/")).status == 200
    assert (before > 0, never.asked) == (True, before)


async def test_a_public_route_that_must_not_be_served_opens_nothing_once_it_is_gone(api: ResourceServer) -> None:
    """Its caller would be taken from the query, so that every request is refused while it is there."""
    inner = FastAPI(openapi_url=None)
    app = AccessTokenMiddleware(inner, resource_server=api, undeclared="allow")
    assert json.loads((await get(app, "/late")).body)["code"] == "missing_token"

    async def late(caller: str) -> None:
        raise NotImplementedError

    late.__annotations__["caller"] = "Annotated[Principal, Nowhere]"
    before = list(inner.router.routes)
    inner.add_api_route("/late", public(late))
    with pytest.raises(ConfigurationError):
        await get(app, "/late")
    inner.router.routes[:] = before

    assert json.loads((await get(app, "/late")).body)["code"] == "missing_token"


async def test_a_policy_decides_alone_also_for_an_application_that_may_serve_something_else(
    api: ResourceServer, issuer: LocalIssuer
) -> None:
    async def dispatcher(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("served")(scope, receive, send)

    dispatcher.app = dispatcher  # type: ignore[attr-defined]
    app = AccessTokenMiddleware(dispatcher, resource_server=api, policy=PathPolicy({"/": authenticated()}))
    reader = [(b"authorization", b"Bearer " + issuer.mint("reader").encode())]
    assert [(await get(app, "/", headers)).status for headers in (reader, [])] == [200, 401]


async def test_who_listens_around_is_told_of_an_application_that_must_not_be_served(
    api: ResourceServer, issuer: LocalIssuer
) -> None:
    seen: list[Event] = []
    inner = AccessTokenMiddleware(Starlette(routes=[Route("/", served)]), resource_server=api)
    outer = ResourceServer(Issuer(issuer.issuer, jwks=issuer.jwks()), "api://orders", on_event=seen.append)
    app = AccessTokenMiddleware(
        Starlette(routes=[Mount("/", app=inner)]), resource_server=outer, policy=PathPolicy({"/": PathPolicy.PUBLIC})
    )
    with pytest.raises(ConfigurationError):
        await get(app, "/")
    assert [(event.name, event.code) for event in seen] == [("request_refused", "internal_error")]
