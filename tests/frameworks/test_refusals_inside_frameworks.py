"""A refusal of a view is a response before it leaves Litestar, Quart, Django or BlackSheep, too."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from bearerguard import AccessTokenMiddleware, PathPolicy, Refusal, ResourceServer, authenticated
from bearerguard.errors import BearerguardError, InsufficientScope
from bearerguard.testing import LocalIssuer
from frameworks.connection import exchange
from frameworks.observers_inside import OBSERVED
from frameworks.refusing_apps import APPS, POLICY, WITH_WEBSOCKETS
from support.asgi import Answer, Header, http_scope, websocket_scope

pytestmark = [pytest.mark.anyio, pytest.mark.frameworks]

MODULES = {"django": "samples.frameworks.django_app"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # Quart and BlackSheep run on no other


@pytest.fixture(params=APPS)
def app(request: pytest.FixtureRequest, needed: Callable[[str], Any]) -> Any:
    return built(request.param, needed)


def built(name: str, needed: Callable[[str], Any]) -> Any:
    framework = name.partition(",")[0]
    needed(MODULES.get(framework, framework))
    return APPS[name]()


@pytest.fixture
def noroles(issuer: LocalIssuer) -> list[Header]:
    return [(b"authorization", b"Bearer " + issuer.mint("noroles").encode())]


def hidden(app: Any) -> ASGIApp:
    async def function(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)

    return function


def check(answer: Answer) -> None:
    """A complete refusal, whoever has written it."""
    headers = {name.lower(): value for name, value in answer.headers.items()}  # Django writes some in capitals
    assert answer.status == 403
    assert headers["www-authenticate"].startswith('Bearer realm="api", error="insufficient_scope"')
    assert headers["cache-control"] == "no-store"
    assert headers["content-type"] == "application/json"
    assert json.loads(answer.body)["code"] == "missing_role"
    assert headers.get("content-length", str(len(answer.body))) == str(len(answer.body))


# --- requests


@pytest.mark.parametrize("name", OBSERVED)
async def test_a_403_is_a_403_for_everybody(
    name: str, api: ResourceServer, noroles: list[Header], needed: Callable[[str], Any]
) -> None:
    needed(MODULES.get(name.partition(",")[0], name.partition(",")[0]))
    app, seen = OBSERVED[name](needed)
    guarded = AccessTokenMiddleware(app, resource_server=api, policy=POLICY)

    check(await exchange(guarded, http_scope("GET", "/refused", noroles)))
    assert seen() == [403]


@pytest.mark.parametrize("kind", [Starlette, FastAPI])
async def test_so_it_is_in_a_mount(kind: type[Starlette], app: Any, api: ResourceServer, noroles: list[Header]) -> None:
    outer = kind(routes=[Mount("/m", app=app)])
    policy = PathPolicy({"/m/{rest:path}": authenticated()})
    seen: list[int] = []
    guarded = AccessTokenMiddleware(Transparent(outer, seen), resource_server=api, policy=policy)

    check(await exchange(guarded, http_scope("GET", "/m/refused", noroles)))
    assert seen == [403]


class Transparent:
    """Sees the statuses that leave an application."""

    def __init__(self, app: ASGIApp, seen: list[int]) -> None:
        self.app = app
        self._seen = seen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def watched(message: Any) -> None:
            if "status" in message:
                self._seen.append(message["status"])
            await send(message)

        await self.app(scope, receive, watched)


async def test_an_error_of_the_view_stays_an_error(app: Any, api: ResourceServer, noroles: list[Header]) -> None:
    guarded = AccessTokenMiddleware(app, resource_server=api, policy=POLICY)

    answer = await exchange(guarded, http_scope("GET", "/broken", noroles))

    assert answer.status == 500
    assert "www-authenticate" not in answer.headers


async def test_behind_a_function_the_refusal_takes_the_place_of_the_error_page(
    app: Any, api: ResourceServer, noroles: list[Header]
) -> None:
    """Nobody can see which framework that is, so others inside of it still see an error."""
    guarded = AccessTokenMiddleware(hidden(app), resource_server=api, policy=POLICY)

    check(await exchange(guarded, http_scope("GET", "/refused", noroles)))


# --- Sentry


@pytest.mark.parametrize("is_told", [False, True], ids=["as it is", "told to ignore refusals"])
def test_sentry_gets_an_event_for_an_error_alone(is_told: bool, needed: Callable[[str], Any]) -> None:
    """Litestar calls ``after_exception`` for what has a handler, too, and Sentry reports from there unless it is told."""
    for module in ("sentry_sdk", *(MODULES.get(name, name) for name in ("litestar", "quart", "django", "blacksheep"))):
        needed(module)
    script = Path(__file__).with_name("sentry_in_frameworks.py")
    run = subprocess.run(
        [sys.executable, script, *(["ignore"] if is_told else [])], capture_output=True, text=True, check=False, timeout=300
    )

    assert run.returncode == 0, run.stderr
    expected: dict[str, Any] = {f"{name}/refused": [403, []] for name in APPS}
    expected |= {f"{name}/broken": [500, ["ZeroDivisionError"]] for name in APPS}
    if not is_told:
        expected["litestar/refused"] = [403, ["InsufficientScope"]]
    assert json.loads(run.stdout) == expected


# --- websockets


@pytest.mark.parametrize("name", WITH_WEBSOCKETS)
@pytest.mark.parametrize("is_hidden", [False, True], ids=["seen", "behind a function"])
async def test_a_websocket_that_a_view_refuses_gets_the_whole_answer(
    name: str, is_hidden: bool, api: ResourceServer, noroles: list[Header], needed: Callable[[str], Any]
) -> None:
    app = built(name, needed)
    guarded = AccessTokenMiddleware(hidden(app) if is_hidden else app, resource_server=api, policy=POLICY)

    check(await exchange(guarded, websocket_scope("/refused", noroles)))


@pytest.mark.parametrize("name", WITH_WEBSOCKETS)
async def test_without_denial_responses_it_is_closed_with_1008(
    name: str, api: ResourceServer, noroles: list[Header], needed: Callable[[str], Any]
) -> None:
    guarded = AccessTokenMiddleware(built(name, needed), resource_server=api, policy=POLICY)

    answer = await exchange(guarded, websocket_scope("/refused", noroles, denial=False))

    assert [message["type"] for message in answer.messages] == ["websocket.close"]
    assert answer.close_code == 1008


@pytest.mark.parametrize("name", WITH_WEBSOCKETS)
async def test_an_accepted_websocket_is_closed_with_1008(
    name: str, api: ResourceServer, noroles: list[Header], needed: Callable[[str], Any]
) -> None:
    guarded = AccessTokenMiddleware(built(name, needed), resource_server=api, policy=POLICY)

    answer = await exchange(guarded, websocket_scope("/late", noroles))

    assert [message["type"] for message in answer.messages] == ["websocket.accept", "websocket.close"]
    assert answer.close_code == 1008


# --- handlers of the user's


def litestar_handler(app: Any, kind: type[Exception]) -> None:
    from litestar import Response

    app.exception_handlers[kind] = lambda _request, error: Response(str(error), status_code=418)


def quart_handler(app: Any, kind: type[Exception]) -> None:
    async def teapot(error: Exception) -> Any:
        return str(error), 418

    app.register_error_handler(kind, teapot)


def blacksheep_handler(app: Any, kind: type[Exception]) -> None:
    from blacksheep.server.responses import status_code

    async def teapot(_app: Any, _request: Any, error: Exception) -> Any:
        return status_code(418, str(error))

    app.exception_handler(kind)(teapot)


HANDLERS: dict[str, Callable[[Any, type[Exception]], None]] = {
    "litestar": litestar_handler,
    "quart": quart_handler,
    "blacksheep": blacksheep_handler,
}


@pytest.mark.parametrize("name", HANDLERS)
@pytest.mark.parametrize("kind", [Refusal, InsufficientScope, BearerguardError])
async def test_a_handler_of_the_users_shapes_the_refusal(
    name: str, kind: type[Exception], api: ResourceServer, noroles: list[Header], needed: Callable[[str], Any]
) -> None:
    app = built(name, needed)
    HANDLERS[name](app, kind)
    guarded = AccessTokenMiddleware(app, resource_server=api, policy=POLICY)

    assert (await exchange(guarded, http_scope("GET", "/refused", noroles))).status == 418


@pytest.mark.parametrize("name", HANDLERS)
@pytest.mark.parametrize("kind", [Refusal, InsufficientScope])
async def test_so_does_one_that_comes_after_the_guard(
    name: str, kind: type[Exception], api: ResourceServer, noroles: list[Header], needed: Callable[[str], Any]
) -> None:
    app = built(name, needed)
    guarded = AccessTokenMiddleware(app, resource_server=api, policy=POLICY)
    HANDLERS[name](app, kind)

    assert (await exchange(guarded, http_scope("GET", "/refused", noroles))).status == 418
