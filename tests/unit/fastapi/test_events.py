"""Requests that only a dependency judges, without a middleware, are told once each, too."""

from typing import Any

import pytest
from fastapi import Depends, FastAPI, Request, WebSocket
from starlette.responses import PlainTextResponse

from bearerguard import AccessTokenMiddleware, InsufficientScope, Issuer, ResourceServer, error_codes, role, scope
from bearerguard.events import Event
from bearerguard.fastapi import CurrentPrincipal, require
from bearerguard.testing import FakeClock, LocalIssuer
from support.asgi import Header, connect, get

pytestmark = pytest.mark.anyio

READ, ADMIN = role("Read.All"), role("Admin.All")


@pytest.fixture
def seen() -> list[Event]:
    return []


@pytest.fixture
def api(seen: list[Event], keys: LocalIssuer) -> ResourceServer:
    return server(keys, "api://orders", seen)


@pytest.fixture
def keys() -> LocalIssuer:
    return LocalIssuer(algorithm="ES256", clock=FakeClock(now=1_790_000_000))


@pytest.fixture
def caller(keys: LocalIssuer) -> list[Header]:
    return [(b"authorization", f"Bearer {keys.mint('reader', audience='api://orders')}".encode())]


def server(keys: LocalIssuer, audience: str, seen: list[Event]) -> ResourceServer:
    trusted = Issuer(keys.issuer, jwks=keys.jwks(), algorithms=["ES256"])
    return ResourceServer(trusted, audience, clock=keys.clock, on_event=seen.append)


async def served() -> Any:
    return PlainTextResponse("ok")


async def fails() -> Any:
    raise ZeroDivisionError


async def refuses() -> Any:
    raise InsufficientScope(error_codes.NOT_PERMITTED, verified=True)


async def named(who: CurrentPrincipal) -> Any:
    return PlainTextResponse(who.display_name)


async def talks(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close()


async def takes_a_number(number: int) -> Any:
    raise NotImplementedError


ENDPOINTS: dict[str, Any] = {"/": served, "/fails": fails, "/refuses": refuses, "/named": named, "/number": takes_a_number}


def app_with(*dependencies: Any) -> FastAPI:
    app = FastAPI(openapi_url=None, dependencies=[Depends(dependency) for dependency in dependencies])
    for path, endpoint in ENDPOINTS.items():
        app.add_api_route(path, endpoint)
    app.add_api_websocket_route("/live", talks)
    return app


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("/", "request_accepted"),
        ("/named", "request_accepted"),
        ("/number", "request_accepted"),
        ("/fails", "request_accepted"),
        ("/refuses", "request_refused"),
    ],
)
async def test_each_request_is_told_once(
    target: str, name: str, api: ResourceServer, seen: list[Event], caller: list[Header]
) -> None:
    app = app_with(require(READ, resource_server=api))
    try:
        await get(app, target, caller)
    except ZeroDivisionError:
        assert target == "/fails"
    assert [(event.name, event.path, event.route) for event in seen] == [(name, target, target)]


@pytest.mark.parametrize("with_token", [True, False])
async def test_a_refusal_is_told_once(with_token: bool, api: ResourceServer, seen: list[Event], caller: list[Header]) -> None:
    await get(app_with(require(ADMIN, resource_server=api)), "/", caller if with_token else [])
    code = "missing_role" if with_token else "missing_token"
    assert [(event.name, event.code, event.verified) for event in seen] == [("request_refused", code, with_token)]


async def test_a_later_dependency_that_refuses_decides(api: ResourceServer, seen: list[Event], caller: list[Header]) -> None:
    """The first one let it pass, which is not told before all have."""
    app = app_with(require(READ, resource_server=api), require(scope("orders.write"), resource_server=api))
    assert (await get(app, "/", caller)).status == 403
    assert [(event.name, event.code) for event in seen] == [("request_refused", "missing_scope")]


async def test_a_refusal_that_a_dependency_does_without_is_told_and_the_endpoint_served(
    api: ResourceServer, seen: list[Event], caller: list[Header]
) -> None:
    admin = require(ADMIN, resource_server=api)

    async def goes_on(request: Request) -> None:
        with pytest.raises(InsufficientScope):
            await admin(request)

    assert (await get(app_with(goes_on), "/", caller)).status == 200
    assert [(event.name, event.code) for event in seen] == [("request_refused", "missing_role")]


async def test_two_servers_tell_a_hook_of_both_once(
    api: ResourceServer, seen: list[Event], keys: LocalIssuer, caller: list[Header]
) -> None:
    also: list[Event] = []
    other = server(keys, "api://orders", also)
    other.listeners.add(seen.append)
    app = app_with(require(READ, resource_server=api), require(READ, resource_server=other))
    await get(app, "/", caller)
    assert [event.name for event in seen] == [event.name for event in also] == ["request_accepted"]


async def test_a_refusal_of_another_server_names_whom_that_one_verified(
    api: ResourceServer, seen: list[Event], keys: LocalIssuer, caller: list[Header]
) -> None:
    """The path is public for the middleware, which has verified nobody."""
    app = app_with(require(ADMIN, resource_server=server(keys, "api://orders", [])))
    await get(AccessTokenMiddleware(app, resource_server=api, public="/"), "/", caller)

    (event,) = seen
    assert (event.code, event.verified) == ("missing_role", True)
    assert event.principal is not None
    assert event.principal.client_id == "reader"


@pytest.mark.parametrize(("requirement", "name"), [(READ, "request_accepted"), (ADMIN, "request_refused")])
async def test_a_websocket_is_told_once(
    requirement: Any, name: str, api: ResourceServer, seen: list[Event], caller: list[Header]
) -> None:
    await connect(app_with(require(requirement, resource_server=api)), "/live", caller)
    assert [(event.name, event.method) for event in seen] == [(name, "WEBSOCKET")]
