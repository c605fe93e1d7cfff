"""Whatever the routes, whatever the request: nobody sees more without a token than what the router gives a public endpoint."""

from collections.abc import Callable
from typing import Any

import anyio
from fastapi import APIRouter, FastAPI
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Host, Mount, Route, Router
from starlette.types import ASGIApp

from bearerguard import AccessTokenMiddleware, Issuer, ResourceServer, authenticated, public, requires
from support.asgi import call, http_scope

NOBODY_TRUSTED = ResourceServer(Issuer("https://issuer.test", jwks_uri="https://issuer.test/jwks"), "api://orders")
SEGMENTS = ("a", "b", "api", "{x}", "{x:int}", "{x:path}", "7")
TEXTS = ("a", "b", "api", "7", "..", "", "a%2Fb", "A", "a%0A", "%C3%A9")


async def opened(request: Request) -> Response:
    return PlainTextResponse("opened")


async def closed(request: Request) -> Response:
    return PlainTextResponse("closed")


def templates(most: int) -> st.SearchStrategy[str]:
    segments = st.lists(st.sampled_from(SEGMENTS), min_size=1, max_size=most)
    return segments.filter(lambda found: sum("{" in one for one in found) < 2).map(lambda found: "/" + "/".join(found))


ENDPOINTS = st.sampled_from([public(opened), closed, requires(authenticated())(closed)])
METHODS = st.sampled_from([["GET"], ["POST"], ["GET", "POST"], ["DELETE"]])
LEAVES = st.builds(lambda path, endpoint, methods: Route(path, endpoint, methods=methods), templates(3), ENDPOINTS, METHODS)
DECLARED = LEAVES.filter(lambda route: route.endpoint is not closed)  # a public mount opens what declares nothing


def _branches(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    below = st.lists(children, min_size=1, max_size=3)
    names = templates(2).map(lambda path: path.replace("x", "m"))
    return st.one_of(
        st.builds(lambda path, routes: Mount(path, routes=routes), names, below),
        st.builds(lambda path, routes: Mount(path, app=Starlette(routes=routes)), names, below),
        st.builds(lambda host, routes: Host(host, Router(routes)), st.sampled_from(["open.test", "{h}.test"]), below),
        st.builds(lambda path, routes: requires(authenticated())(Mount(path, routes=routes)), names, below),
        st.builds(lambda path, routes: public(Mount(path, routes=routes)), names, st.lists(DECLARED, max_size=3)),
    )


ROUTES = st.lists(st.recursive(LEAVES, _branches, max_leaves=5), min_size=1, max_size=5)
REQUESTS = st.tuples(
    st.sampled_from(["GET", "POST", "HEAD", "DELETE", "OPTIONS", "BREW"]),
    st.lists(st.sampled_from(TEXTS), min_size=1, max_size=4).map(lambda texts: "/" + "/".join(texts)),
    st.sampled_from(["", "/api", "/a", "/a/b"]),
    st.sampled_from([b"open.test", b"other.test", b"api.example", b"open.test:80"]),
)


async def answered(app: ASGIApp, method: str, target: str, root_path: str, host: bytes) -> tuple[int, bytes]:
    try:
        answer = await call(app, http_scope(method, target, [(b"host", host)], root_path=root_path))
    except HTTPException as error:
        return error.status_code, b""
    return answer.status, answer.body


def _included(routes: list[Any]) -> ASGIApp:
    app = FastAPI(openapi_url=None)
    app.include_router(APIRouter(routes=routes))
    return app


APPLICATIONS = st.sampled_from([lambda routes: Starlette(routes=routes), lambda routes: FastAPI(routes=routes), _included])


@given(APPLICATIONS, ROUTES, st.lists(REQUESTS, min_size=1, max_size=8))
def test_nothing_but_public_endpoints_answers_without_a_token(
    application: Callable[[list[Any]], ASGIApp], routes: list[Any], requests: list[Any]
) -> None:
    async def check() -> None:
        guarded = AccessTokenMiddleware(application(routes), resource_server=NOBODY_TRUSTED, undeclared="allow")
        for request in requests:
            assert (await answered(guarded, *request))[1] != b"closed"

    anyio.run(check)


@given(templates(3), METHODS, st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3))
def test_a_public_route_is_open_wherever_the_router_serves_it(path: str, methods: list[str], texts: list[str]) -> None:
    async def check() -> None:
        bare = Starlette(routes=[Route(path, public(opened), methods=methods)])
        guarded = AccessTokenMiddleware(bare, resource_server=NOBODY_TRUSTED, undeclared="allow")
        request = (methods[0], "/" + "/".join(texts), "", b"api.test")
        served = await answered(bare, *request)
        expected = 400 if "%0A" in request[1] or ".." in texts else 200 if served[0] == 200 else 401
        assert (await answered(guarded, *request))[0] == expected

    anyio.run(check)
