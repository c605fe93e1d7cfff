"""``CORSMiddleware`` belongs outside: a preflight carries no token, and a page must be able to read refusals."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest
from fastapi import Depends, FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bearerguard import AccessTokenMiddleware, ResourceServer, authenticated, requires, role
from bearerguard.fastapi import require
from bearerguard.testing import LocalIssuer
from support.asgi import Answer, Header, call, get, http_scope

pytestmark = pytest.mark.anyio

PAGE: Final = "https://app.example"
OPTIONS: Final[dict[str, Any]] = {
    "allow_origins": [PAGE],
    "allow_methods": ["GET", "DELETE"],
    "allow_headers": ["Authorization"],
    "expose_headers": ["WWW-Authenticate"],
}
CORS: Final = Middleware(CORSMiddleware, **OPTIONS)
ORIGIN: Final = (b"origin", PAGE.encode())
PREFLIGHT: Final = [ORIGIN, (b"access-control-request-method", b"DELETE"), (b"access-control-request-headers", b"authorization")]
SERVED: Final[list[str]] = []


def _starlette(api: ResourceServer, *, outside: bool = True) -> ASGIApp:
    @requires(role("Read.All"))
    async def orders(request: Request) -> Response:
        SERVED.append(request.method)
        return PlainTextResponse("served")

    guard = Middleware(AccessTokenMiddleware, resource_server=api)
    routes = [Route("/orders", orders, methods=["GET", "DELETE", "OPTIONS"])]
    return Starlette(routes=routes, middleware=[CORS, guard] if outside else [guard, CORS])


def _fastapi(api: ResourceServer) -> ASGIApp:
    """``add_middleware`` puts each one around those before: the last that is added is the outermost."""
    app = FastAPI(openapi_url=None)

    @app.api_route("/orders", methods=["GET", "DELETE", "OPTIONS"], dependencies=[Depends(require(role("Read.All")))])
    async def orders(request: Request) -> str:
        SERVED.append(request.method)
        return "served"

    app.add_middleware(AccessTokenMiddleware, resource_server=api)
    app.add_middleware(CORSMiddleware, **OPTIONS)
    return app


def _without_middleware(api: ResourceServer) -> ASGIApp:
    app = FastAPI(openapi_url=None, middleware=[CORS])

    @app.api_route("/orders", methods=["GET", "DELETE"], dependencies=[Depends(require(role("Read.All"), resource_server=api))])
    async def orders(request: Request) -> str:
        SERVED.append(request.method)
        return "served"

    return app


APPS: Final[Mapping[str, Callable[[ResourceServer], ASGIApp]]] = {
    "starlette": _starlette,
    "fastapi": _fastapi,
    "fastapi, require alone": _without_middleware,
}


@pytest.fixture(autouse=True)
def nothing_served() -> None:
    SERVED.clear()


@pytest.mark.parametrize("form", APPS)
async def test_a_preflight_is_answered_and_reaches_no_endpoint(form: str, api: ResourceServer) -> None:
    answer = await call(APPS[form](api), http_scope("OPTIONS", "/orders", PREFLIGHT))

    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "authorization" in answer.headers["access-control-allow-headers"].lower()
    assert SERVED == []


@pytest.mark.parametrize("form", APPS)
async def test_a_page_may_read_why_it_was_refused(form: str, api: ResourceServer) -> None:
    answer = await get(APPS[form](api), "/orders", [ORIGIN])

    assert answer.status == 401
    _check_readable(answer)


async def test_a_page_may_read_why_it_lacks_a_role(api: ResourceServer, issuer: LocalIssuer) -> None:
    token = (b"authorization", b"Bearer " + issuer.mint("noroles").encode())
    for form in APPS.values():
        answer = await get(form(api), "/orders", [ORIGIN, token])

        assert answer.status == 403
        _check_readable(answer)


def _check_readable(answer: Answer) -> None:
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert answer.headers["access-control-expose-headers"] == "WWW-Authenticate"
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert SERVED == []


@pytest.mark.parametrize("form", ["starlette", "fastapi"])
async def test_options_that_is_no_preflight_needs_a_token(form: str, api: ResourceServer) -> None:
    """Only ``Origin`` and ``Access-Control-Request-Method`` together make one."""
    for headers in ([], [ORIGIN], PREFLIGHT[1:]):
        assert (await call(APPS[form](api), http_scope("OPTIONS", "/orders", headers))).status == 401
    assert SERVED == []


async def test_the_wrong_order_refuses_the_preflight_and_lets_nothing_through(api: ResourceServer) -> None:
    """Inside, CORS never sees a request without a token: browsers then report a CORS error. A mistake, but a safe one."""
    app = _starlette(api, outside=False)
    preflight = await call(app, http_scope("OPTIONS", "/orders", PREFLIGHT))

    assert preflight.status == 401
    assert "access-control-allow-origin" not in preflight.headers
    assert SERVED == []


# --- in the wrong order


@requires(authenticated())
async def endpoint(request: Request) -> Response:
    raise NotImplementedError


CORS_INSIDE: dict[str, Any] = {
    "in the list": lambda api: Starlette(
        routes=[Route("/", endpoint)],
        middleware=[Middleware(AccessTokenMiddleware, resource_server=api), Middleware(CORSMiddleware, allow_origins=["*"])],
    ),
    "around the application": lambda api: AccessTokenMiddleware(
        Starlette(routes=[Route("/", endpoint)], middleware=[Middleware(CORSMiddleware, allow_origins=["*"])]),
        resource_server=api,
    ),
    "by hand": lambda api: AccessTokenMiddleware(CORSMiddleware(Starlette(routes=[Route("/", endpoint)])), resource_server=api),
}
BAD_TOKEN = (b"authorization", b"Bearer x.y.z")
PREFLIGHT_HEADERS = [(b"origin", b"https://app.example"), (b"access-control-request-method", b"GET")]


def _warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]


@pytest.mark.parametrize("place", CORS_INSIDE)
async def test_a_misordered_cors_middleware_is_told_once(
    place: str, api: ResourceServer, caplog: pytest.LogCaptureFixture
) -> None:
    app = CORS_INSIDE[place](api)
    for _ in range(3):
        assert (await call(app, http_scope("OPTIONS", "/", PREFLIGHT_HEADERS))).status == 401

    assert len(_warnings(caplog)) == 1
    assert "CORSMiddleware" in _warnings(caplog)[0]


@pytest.mark.parametrize(
    ("method", "headers"),
    [("OPTIONS", PREFLIGHT_HEADERS[:1]), ("GET", PREFLIGHT_HEADERS), ("OPTIONS", [*PREFLIGHT_HEADERS, BAD_TOKEN])],
    ids=["no preflight", "another method", "with credentials"],
)
async def test_other_requests_are_not_told_of(
    method: str, headers: list[Header], api: ResourceServer, caplog: pytest.LogCaptureFixture
) -> None:
    await call(CORS_INSIDE["in the list"](api), http_scope(method, "/", headers))

    assert _warnings(caplog) == []


async def test_without_a_cors_middleware_there_is_nothing_to_tell(api: ResourceServer, caplog: pytest.LogCaptureFixture) -> None:
    app = AccessTokenMiddleware(Starlette(routes=[Route("/", endpoint)]), resource_server=api)
    await call(app, http_scope("OPTIONS", "/", PREFLIGHT_HEADERS))

    assert _warnings(caplog) == []
