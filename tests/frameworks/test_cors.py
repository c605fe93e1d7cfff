"""``CORSMiddleware`` around the whole: in every framework preflights are answered, and pages can read refusals."""

import json
from collections.abc import Callable
from typing import Any, Final

import pytest
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from bearerguard import AccessTokenMiddleware, ResourceServer
from bearerguard.testing import LocalIssuer
from frameworks.connection import exchange
from frameworks.small_apps import APPS, POLICY, SECRET
from support.asgi import Answer, Header, http_scope

pytestmark = [pytest.mark.anyio, pytest.mark.frameworks]

PAGE: Final = "https://app.example"
ORIGIN: Final = (b"origin", PAGE.encode())
PREFLIGHT: Final = [ORIGIN, (b"access-control-request-method", b"DELETE"), (b"access-control-request-headers", b"authorization")]
OPTIONS: Final[dict[str, Any]] = {
    "allow_origins": [PAGE],
    "allow_methods": ["GET", "DELETE"],
    "allow_headers": ["Authorization"],
    "expose_headers": ["WWW-Authenticate"],
}


class Watched:
    """An application, and how many connections have got to it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.connections = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        self.connections += 1
        await self.app(scope, receive, send)


@pytest.fixture(scope="module")
def reader(issuer: LocalIssuer) -> Header:
    return (b"authorization", b"Bearer " + issuer.mint("reader").encode())


@pytest.fixture(params=APPS)
def framework(request: pytest.FixtureRequest, needed: Callable[[str], Any]) -> Watched:
    """An application of a framework that is installed."""
    needed(request.param)
    return Watched(APPS[request.param]())


@pytest.fixture
def app(framework: Watched, api: ResourceServer) -> ASGIApp:
    return CORSMiddleware(AccessTokenMiddleware(framework, resource_server=api, policy=POLICY), **OPTIONS)


@pytest.mark.parametrize("target", ["/files", "/files/x", "/open/x", "/nowhere"])
async def test_a_preflight_is_answered_and_reaches_no_framework(target: str, app: ASGIApp, framework: Watched) -> None:
    answer = await exchange(app, http_scope("OPTIONS", target, PREFLIGHT))

    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "DELETE" in answer.headers["access-control-allow-methods"]
    assert "authorization" in answer.headers["access-control-allow-headers"].lower()
    assert framework.connections == 0


async def test_a_page_may_read_why_it_was_refused(app: ASGIApp, framework: Watched, reader: Header) -> None:
    """``/refused`` is refused inside the framework, all else before."""
    refusals = {
        ("/files", None): (401, "missing_token"),
        ("/files", (b"authorization", b"Bearer a.b.c")): (401, "malformed_token"),
        ("/files", (b"authorization", b"Bearer a b")): (400, "malformed_authorization"),
        ("/files/x", reader): (403, "missing_role"),
        ("/nowhere", reader): (403, "not_permitted"),
        ("/refused", reader): (403, "missing_role"),
    }
    for (target, sent), (status, code) in refusals.items():
        answer = await exchange(app, http_scope("GET", target, [ORIGIN, *([] if sent is None else [sent])]))

        assert (answer.status, json.loads(answer.body)["code"]) == (status, code), target
        _check_readable(answer)
    assert framework.connections == 1


async def test_a_page_may_read_what_it_is_given(app: ASGIApp, reader: Header) -> None:
    for target, headers in (("/files", [ORIGIN, reader]), ("/open/x", [ORIGIN])):
        answer = await exchange(app, http_scope("GET", target, headers))

        assert answer.status == 200, target
        assert answer.headers["access-control-allow-origin"] == PAGE


async def test_a_page_of_another_origin_may_read_nothing(app: ASGIApp) -> None:
    """The refusal stays what it is; the browser keeps it from the page."""
    elsewhere = (b"origin", b"https://evil.example")
    preflight = await exchange(app, http_scope("OPTIONS", "/files", [elsewhere, *PREFLIGHT[1:]]))
    refused = await exchange(app, http_scope("GET", "/files", [elsewhere]))

    assert (preflight.status, refused.status) == (400, 401)
    assert "access-control-allow-origin" not in {*preflight.headers, *refused.headers}


async def test_options_that_is_no_preflight_needs_a_token(app: ASGIApp, framework: Watched) -> None:
    for headers in ([], [ORIGIN], PREFLIGHT[1:]):
        assert (await exchange(app, http_scope("OPTIONS", "/files", headers))).status == 401
    assert framework.connections == 0


async def test_a_frameworks_own_cors_inside_sees_neither_preflights_nor_refusals(
    api: ResourceServer, needed: Callable[[str], Any]
) -> None:
    """A mistake, but a safe one: the browser reports a CORS error. Litestar stands for all."""
    needed("litestar")
    from litestar import Litestar, get
    from litestar.config.cors import CORSConfig

    @get("/files")
    async def files() -> str:
        return SECRET

    cors = CORSConfig(allow_origins=[PAGE], allow_headers=["Authorization"], expose_headers=["WWW-Authenticate"])
    inside: Any = Litestar([files], cors_config=cors, openapi_config=None)
    app = AccessTokenMiddleware(inside, resource_server=api, policy=POLICY)

    for scope in (http_scope("OPTIONS", "/files", PREFLIGHT), http_scope("GET", "/files", [ORIGIN])):
        answer = await exchange(app, scope)

        assert answer.status == 401
        assert "access-control-allow-origin" not in answer.headers


def _check_readable(answer: Answer) -> None:
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert answer.headers["access-control-expose-headers"] == "WWW-Authenticate"
    assert answer.headers["www-authenticate"].startswith('Bearer realm="api"')
