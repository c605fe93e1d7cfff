"""No variable of ours in an application's traceback holds the token: error reports show variables (CWE-532).

The connection itself does, in Starlette's frames as well: it is the application's own.
"""

from collections.abc import Iterator
from types import TracebackType
from typing import Any

import pytest
from fastapi import Depends, FastAPI
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from bearerguard import (
    AccessTokenMiddleware,
    PathPolicy,
    Principal,
    Refusal,
    ResourceServer,
    authenticated,
    principal_of,
    requires,
    role,
)
from bearerguard.authorization.combination import Requirement
from bearerguard.fastapi import require
from bearerguard.testing import LocalIssuer
from bearerguard.web.passage import Passage
from support.asgi import get

pytestmark = pytest.mark.anyio


class Broken(Requirement):
    """Fails while it judges."""

    def permits(self, principal: Principal) -> bool:
        raise ZeroDivisionError

    def refusal(self, principal: Principal) -> Any:
        raise NotImplementedError


async def fails(request: Request) -> Response:
    raise ZeroDivisionError


def fails_in_a_thread(request: Request) -> Response:
    raise ZeroDivisionError


async def catches(request: Request) -> Response:
    try:
        principal_of(request.scope, role("Admin.All"))
    except Refusal as refusal:
        raise ZeroDivisionError from refusal
    raise NotImplementedError


async def calls_a_guard(request: Request) -> Response:
    try:
        await requires(role("Admin.All"))(fails)(request)
    except Refusal as refusal:
        raise ZeroDivisionError from refusal
    raise NotImplementedError


async def calls_a_broken_guard(request: Request) -> Response:
    try:
        await requires(Broken())(fails)(request)
    except Refusal as refusal:
        raise ZeroDivisionError from refusal
    raise NotImplementedError


class Orders(HTTPEndpoint):
    @requires(authenticated())
    async def get(self, request: Request) -> Response:
        raise ZeroDivisionError


def _fastapi() -> Starlette:
    app = FastAPI(openapi_url=None)
    app.add_api_route("/", _fails_here, dependencies=[Depends(require(authenticated()))])
    return app


async def _fails_here() -> None:
    raise ZeroDivisionError


APPS: dict[str, Any] = {
    "function": lambda: Starlette(routes=[Route("/", requires(authenticated())(fails))]),
    "not async": lambda: Starlette(routes=[Route("/", requires(authenticated())(fails_in_a_thread))]),
    "method": lambda: Starlette(routes=[Route("/", Orders)]),
    "mount": lambda: Starlette(routes=[requires(authenticated())(Mount("/", routes=[Route("/", fails)]))]),
    "refusal caught": lambda: Starlette(routes=[Route("/", requires(authenticated())(catches))]),
    "guard's refusal caught": lambda: Starlette(routes=[Route("/", requires(authenticated())(calls_a_guard))]),
    "broken guard caught": lambda: Starlette(routes=[Route("/", requires(authenticated())(calls_a_broken_guard))]),
    "FastAPI": _fastapi,
}


def _inside(app: Starlette, api: ResourceServer, **options: Any) -> ASGIApp:
    app.user_middleware.insert(0, Middleware(AccessTokenMiddleware, resource_server=api, **options))
    return app


WAYS: dict[str, Any] = {
    "verified by the middleware": _inside,
    "verified by the guard": lambda app, api: _inside(app, api, public="/"),
    "policy": lambda app, api: AccessTokenMiddleware(app, resource_server=api, policy=PathPolicy({"/": authenticated()})),
}


@pytest.mark.parametrize("seen_before", [False, True])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", APPS)
async def test_no_variable_holds_the_token(
    kind: str, way: str, seen_before: bool, api: ResourceServer, issuer: LocalIssuer
) -> None:
    app, token = WAYS[way](APPS[kind](), api), issuer.mint("reader")
    headers = [(b"authorization", b"Bearer " + token.encode())]
    if seen_before:
        await api.authenticate(token)

    with pytest.raises(ZeroDivisionError) as caught:
        await get(app, "/", headers)

    shown = list(_variables(caught.value))
    assert shown
    assert [name for name, value in shown if _tells(value, token)] == []


@pytest.mark.parametrize("bad", ["another audience", "no JWT", "bad signature"])
async def test_no_variable_holds_a_bad_token(bad: str, api: ResourceServer, issuer: LocalIssuer) -> None:
    """It may be good elsewhere."""
    minted = issuer.mint("reader", audience="api://orders" if bad == "bad signature" else issuer.audiences[0])
    token = {"no JWT": "opaque-token-of-somebody", "bad signature": minted[:-8] + "AAAAAAAA"}.get(bad) or issuer.sign(
        {"alg": "RS256", "kid": issuer.signing_key.kid}, {"iss": issuer.issuer, "aud": "api://billing", "exp": 2**33}
    )

    async def endpoint(request: Request) -> Response:
        try:
            await requires(authenticated())(fails)(request)
        except Refusal as refusal:
            raise ZeroDivisionError from refusal
        raise NotImplementedError

    app = _inside(Starlette(routes=[Route("/", endpoint)]), api, public="/")
    with pytest.raises(ZeroDivisionError) as caught:
        await get(app, "/", [(b"authorization", b"Bearer " + token.encode())])

    assert isinstance(caught.value.__cause__, Refusal)
    assert [name for name, value in _variables(caught.value) if _tells(value, token)] == []


def _variables(error: BaseException | None) -> Iterator[tuple[str, object]]:
    """Those of our frames in the traceback of an error, and of all that it came from."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield from _of_traceback(error.__traceback__)
        error = error.__cause__ or error.__context__


def _of_traceback(traceback: TracebackType | None) -> Iterator[tuple[str, object]]:
    while traceback is not None:
        frame = traceback.tb_frame
        if str(frame.f_globals.get("__name__")).startswith("bearerguard."):
            yield from ((f"{frame.f_code.co_qualname} {name}", value) for name, value in frame.f_locals.items())
        traceback = traceback.tb_next


def _tells(value: object, token: str) -> bool:
    if isinstance(value, HTTPConnection | Passage) or (isinstance(value, dict) and "headers" in value):
        return False  # the connection
    if isinstance(value, tuple):
        return any(_tells(one, token) for one in value)
    return any(part in repr(value) for part in token.split(".") if len(part) > 10)
