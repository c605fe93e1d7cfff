"""A refusal is a response before it leaves the application: nobody between guard and middleware sees an error.

Elsewhere it counts as one: starlette#193, litestar#197, starlette_exporter#80, opentelemetry-python-contrib#795.
"""

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import Depends, FastAPI, Request
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from bearerguard import (
    AccessTokenMiddleware,
    Issuer,
    Refusal,
    ResourceServer,
    authenticated,
    principal_of,
    public,
    requires,
    role,
)
from bearerguard.fastapi import require
from bearerguard.testing import LocalIssuer
from frameworks.observers import OBSERVERS, Observer
from support.asgi import Header, get
from support.refusals import check_refusal

pytestmark = [pytest.mark.anyio, pytest.mark.frameworks]

ADMIN = role("Admin.All")
Build = Callable[[], Starlette]


async def unreachable(request: Request) -> Response:
    raise NotImplementedError


def not_async(request: Request) -> Response:
    raise NotImplementedError


class Orders(HTTPEndpoint):
    async def get(self, request: Request) -> Response:
        raise NotImplementedError


class OneMethod(HTTPEndpoint):
    @requires(ADMIN)
    async def get(self, request: Request) -> Response:
        raise NotImplementedError


@requires(authenticated())
async def asks(request: Request) -> Response:
    return PlainTextResponse(principal_of(request.scope, ADMIN).display_name)


@requires(authenticated())
async def calls_a_helper(request: Request) -> Response:
    requires(ADMIN)(not_async)(request)
    raise NotImplementedError


def fastapi() -> Starlette:
    app = FastAPI(openapi_url=None)
    app.add_api_route("/", unreachable, dependencies=[Depends(require(ADMIN))])
    return app


FORMS: dict[str, Build] = {
    "function": lambda: Starlette(routes=[Route("/", requires(ADMIN)(unreachable))]),
    "function that is not async": lambda: Starlette(routes=[Route("/", requires(ADMIN)(not_async))]),
    "class": lambda: Starlette(routes=[Route("/", requires(ADMIN)(type("Guarded", (Orders,), {})))]),
    "method": lambda: Starlette(routes=[Route("/", OneMethod)]),
    "mount": lambda: Starlette(routes=[requires(ADMIN)(Mount("/", routes=[Route("/", unreachable)]))]),
    "mounted application": lambda: Starlette(
        routes=[Mount("/", app=Starlette(routes=[Route("/", requires(ADMIN)(unreachable))]))]
    ),
    "principal_of": lambda: Starlette(routes=[Route("/", asks)]),
    "helper": lambda: Starlette(routes=[Route("/", calls_a_helper)]),
    "require": fastapi,
    "require, mounted": lambda: Starlette(routes=[Mount("/", app=fastapi())]),
}


@pytest.fixture
def noroles(issuer: LocalIssuer) -> list[Header]:
    return [(b"authorization", b"Bearer " + issuer.mint("noroles").encode())]


@pytest.fixture(params=OBSERVERS)
def observer(request: pytest.FixtureRequest, needed: Callable[[str], Any]) -> Observer:
    return OBSERVERS[request.param](needed)


@pytest.mark.parametrize("form", FORMS)
async def test_a_403_is_a_403_for_everybody(form: str, observer: Observer, api: ResourceServer, noroles: list[Header]) -> None:
    app = FORMS[form]()
    observer.add(app)
    app.add_middleware(AccessTokenMiddleware, resource_server=api)

    answer = await get(app, "/", noroles)

    assert answer.status == 403
    check_refusal(answer, "missing_role")
    assert observer.seen() == [403]


async def test_a_401_of_a_guard_on_a_public_path_is_a_401(observer: Observer, api: ResourceServer) -> None:
    app = FORMS["function"]()
    observer.add(app)
    app.add_middleware(AccessTokenMiddleware, resource_server=api, public="/")

    answer = await get(app, "/")

    assert (answer.status, observer.seen()) == (401, [401])


async def test_an_issuer_that_is_down_is_a_503_with_retry_after(observer: Observer, issuer: LocalIssuer) -> None:
    down = LocalIssuer(issuer.issuer)
    down.go_down()
    api = ResourceServer(Issuer(issuer.issuer), "api://orders", transport=httpx.ASGITransport(down))
    app = FORMS["require"]()
    observer.add(app)
    app.add_middleware(AccessTokenMiddleware, resource_server=api, public="/")

    answer = await get(app, "/", [(b"authorization", b"Bearer " + issuer.mint("reader").encode())])

    assert (answer.status, observer.seen()) == (503, [503])
    assert int(answer.headers["retry-after"]) >= 1


async def test_a_handler_of_the_applications_shapes_what_all_see(
    observer: Observer, api: ResourceServer, noroles: list[Header]
) -> None:
    async def teapot(request: Request, error: Exception) -> Response:
        return PlainTextResponse(str(error), 418)

    app = FORMS["function"]()
    app.add_exception_handler(Refusal, teapot)
    observer.add(app)
    app.add_middleware(AccessTokenMiddleware, resource_server=api)

    assert (await get(app, "/", noroles)).status == 418
    assert observer.seen() == [418]


async def test_an_error_of_the_endpoint_is_an_error_still(observer: Observer, api: ResourceServer) -> None:
    """What observers see here is no refusal, and stays theirs."""

    async def broken(request: Request) -> Response:
        raise ZeroDivisionError

    app = Starlette(routes=[Route("/", public(broken))])
    observer.add(app)
    app.add_middleware(AccessTokenMiddleware, resource_server=api)
    with contextlib.suppress(ZeroDivisionError):
        await get(app, "/")

    assert observer.seen() in ([0], [500], [502])


def test_sentry_gets_no_event_for_a_refusal_and_one_for_an_error(needed: Callable[[str], Any]) -> None:
    """In a process of its own: Sentry replaces parts of Starlette and FastAPI."""
    needed("sentry_sdk")
    script = Path(__file__).with_name("sentry_app.py")
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False, timeout=60)

    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == {
        "starlette, function": [403, []],
        "starlette, principal_of": [403, []],
        "fastapi": [403, []],
        "broken": [500, ["ZeroDivisionError"]],
    }
