"""``insecure_report_only``: what would be refused is told and served, in every form of protection."""

import logging
from collections.abc import Callable
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, Security
from fastapi import WebSocket as FastAPIWebSocket
from starlette.applications import Starlette
from starlette.authentication import AuthCredentials
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from bearerguard import (
    AccessTokenMiddleware,
    ConfigurationError,
    Issuer,
    PathPolicy,
    Principal,
    ResourceServer,
    optional,
    principal_of,
    public,
    requires,
    role,
)
from bearerguard.events import Event
from bearerguard.fastapi import CurrentPrincipal, OptionalPrincipal, current_principal, require
from bearerguard.testing import LocalIssuer
from support.asgi import Header, bearer, connect, get

pytestmark = pytest.mark.anyio

READ, ADMIN = role("Read.All"), role("Admin.All")
Make = Callable[[ResourceServer], ASGIApp]


@pytest.fixture
def api(telling: ResourceServer) -> ResourceServer:
    return telling


def who(user: Any) -> str:
    return user.display_name if user.is_authenticated else "nobody"


async def endpoint(request: Request) -> Response:
    return PlainTextResponse(who(request.user))


async def other(request: Request) -> Response:
    return PlainTextResponse(who(request.user))


def in_a_thread(request: Request) -> Response:
    return PlainTextResponse(who(request.user))


class Orders(HTTPEndpoint):
    @requires(ADMIN)
    async def get(self, request: Request) -> Response:
        return PlainTextResponse(who(request.user))


class Whole(HTTPEndpoint):
    async def get(self, request: Request) -> Response:
        return PlainTextResponse(who(request.user))


async def plain(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await WebSocket(scope, receive, send).accept()
    else:
        await PlainTextResponse(who(scope["user"]))(scope, receive, send)


async def talks(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close()


def around(app: ASGIApp, api: ResourceServer, **options: Any) -> ASGIApp:
    return AccessTokenMiddleware(app, resource_server=api, insecure_report_only=True, **options)


def starlette(route: Any) -> Make:
    return lambda api: around(Starlette(routes=[route]), api)


def fastapi(api: ResourceServer) -> ASGIApp:
    app = FastAPI(openapi_url=None)

    @app.get("/")
    async def orders(caller: Annotated[Principal | None, Depends(require(ADMIN))]) -> Any:
        return PlainTextResponse(caller.display_name if caller else "nobody")

    @app.websocket("/")
    async def live(websocket: FastAPIWebSocket, _caller: Annotated[Principal | None, Depends(require(ADMIN))]) -> None:
        await websocket.accept()

    return around(app, api)


def another_server(api: ResourceServer) -> ASGIApp:
    """A dependency with a resource server of its own, which takes no token of this API."""
    app, billing = FastAPI(openapi_url=None), ResourceServer(api.issuers, "api://billing", clock=api.connection.clock)
    app.add_api_route("/", fastapi_endpoint, dependencies=[Depends(require(READ, resource_server=billing))])
    return around(app, api, undeclared="allow")


async def fastapi_endpoint(request: Request) -> Any:
    return PlainTextResponse(who(request.user))


FORMS: dict[str, Make] = {
    "policy": lambda api: around(plain, api, policy=PathPolicy({"/": ADMIN})),
    "policy, no row": lambda api: around(plain, api, policy=PathPolicy({"/elsewhere": ADMIN})),
    "decorator": starlette(Route("/", requires(ADMIN)(endpoint))),
    "decorator, in a thread": starlette(Route("/", requires(ADMIN)(in_a_thread))),
    "class": starlette(Route("/", requires(ADMIN)(Whole))),
    "method": starlette(Route("/", Orders)),
    "mount": starlette(requires(ADMIN)(Mount("/", app=plain))),
    "dependency": fastapi,
    "dependency of another server": another_server,
}


@pytest.mark.parametrize("form", FORMS)
async def test_a_caller_without_the_role_is_served_and_told(
    form: str, api: ResourceServer, seen: list[Event], reader: list[Header]
) -> None:
    app = FORMS[form](api)
    seen.clear()
    answer = await get(app, "/", reader)
    code = {"policy, no row": "not_permitted", "dependency of another server": "wrong_audience"}.get(form, "missing_role")
    assert (answer.status, answer.body) == (200, b"reader")
    assert [(event.name, event.code) for event in seen] == [("request_would_be_refused", code)]


@pytest.mark.parametrize("sent", ["", "x", "bad signature"])
@pytest.mark.parametrize("form", sorted(set(FORMS) - {"dependency of another server"}))
async def test_a_caller_without_a_good_token_is_served_as_nobody_and_told_once(
    form: str, sent: str, api: ResourceServer, seen: list[Event], reader: list[Header]
) -> None:
    app = FORMS[form](api)
    seen.clear()
    headers = {"": [], "x": bearer("x"), "bad signature": [(b"authorization", reader[0][1][:-8] + b"AAAAAAAA")]}
    answer = await get(app, "/", headers[sent])
    assert (answer.status, answer.body) == (200, b"nobody")
    assert [event.name for event in seen] == ["request_would_be_refused"]


async def test_a_request_that_several_guards_would_refuse_is_one_record(
    api: ResourceServer, caplog: pytest.LogCaptureFixture
) -> None:
    """The first, which is the one that the caller would have seen."""
    app = fastapi(api)
    caplog.clear()
    caplog.set_level(logging.INFO, "bearerguard")
    await get(app, "/", bearer("x"))
    (record,) = caplog.records
    assert (record.levelname, record.__dict__["code"]) == ("INFO", "opaque_token")
    assert record.getMessage().startswith("would be refused: ")


async def test_who_may_call_is_accepted(api: ResourceServer, seen: list[Event], reader: list[Header]) -> None:
    app = around(Starlette(routes=[Route("/orders/{id}", requires(READ)(endpoint))]), api)
    seen.clear()
    await get(app, "/orders/7", reader)
    assert [event.name for event in seen] == ["request_accepted"]


async def test_the_event_names_the_route_that_would_have_been_refused(api: ResourceServer, seen: list[Event]) -> None:
    """The first question before a roll-out: which route, and who."""
    app = around(Starlette(routes=[Route("/orders/{id}", requires(READ)(endpoint))]), api)
    seen.clear()
    await get(app, "/orders/7")
    assert [(event.route, event.status) for event in seen] == [("/orders/{id}", 401)]


@pytest.mark.parametrize("with_token", [True, False])
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_a_websocket_is_opened_and_told(
    with_token: bool, api: ResourceServer, seen: list[Event], reader: list[Header]
) -> None:
    routes = [WebSocketRoute("/", requires(ADMIN)(talks))]
    apps = [around(Starlette(routes=routes), api), around(plain, api, policy=PathPolicy({"WEBSOCKET /": ADMIN})), fastapi(api)]
    for app in apps:
        seen.clear()
        answer = await connect(app, "/", reader if with_token else [])
        assert answer.status == 101
        assert [event.name for event in seen] == ["request_would_be_refused"]


async def test_the_credentials_are_those_of_who_is_served(api: ResourceServer, reader: list[Header]) -> None:
    """Starlette's own ``@requires`` and ``request.auth`` read them."""
    given: list[Scope] = []

    async def noting(scope: Scope, receive: Receive, send: Send) -> None:
        given.append(scope)
        await plain(scope, receive, send)

    app = around(noting, api, policy=PathPolicy({"/": ADMIN}))
    for headers in (reader, bearer("x")):
        await get(app, "/", headers)

    as_reader, as_nobody = given
    assert as_reader["auth"] is as_reader["user"]
    assert isinstance(as_nobody["auth"], AuthCredentials)
    assert as_nobody["auth"].scopes == []


async def test_a_path_that_is_refused_is_served(api: ResourceServer, seen: list[Event], reader: list[Header]) -> None:
    app = around(plain, api, policy=PathPolicy({"/": READ}))
    seen.clear()
    assert (await get(app, "/a/../b", reader)).body == b"nobody"
    assert [event.code for event in seen] == ["malformed_path"]


async def test_a_defect_while_judging_is_told_and_served(issuer: LocalIssuer, reader: list[Header]) -> None:
    class Broken(ResourceServer):
        def recall(self, token: bytes) -> Any:
            raise ZeroDivisionError

    events: list[Event] = []
    api = Broken(Issuer(issuer.issuer, jwks=issuer.jwks()), "api://orders", on_event=events.append)
    answer = await get(FORMS["policy"](api), "/", reader)
    assert (answer.status, answer.body) == (200, b"nobody")
    assert [(event.name, event.code) for event in events[1:]] == [("request_would_be_refused", "internal_error")]


async def test_a_public_path_is_public(api: ResourceServer, seen: list[Event]) -> None:
    async def health(request: Request) -> Response:
        return PlainTextResponse("ok")

    app = around(Starlette(routes=[Route("/", public(health))]), api)
    seen.clear()
    assert (await get(app, "/")).status == 200
    assert [event.name for event in seen] == ["request_accepted"]


async def test_a_bad_token_on_an_optional_path_is_served_as_nobody(api: ResourceServer, seen: list[Event]) -> None:
    async def greet(request: Request) -> Response:
        return PlainTextResponse(who(request.user))

    app = around(Starlette(routes=[Route("/", optional(greet))]), api)
    seen.clear()
    assert (await get(app, "/", bearer("x"))).body == b"nobody"
    assert [event.name for event in seen] == ["request_would_be_refused"]


# --- who asks for the caller


async def asks(request: Request) -> Response:
    return PlainTextResponse(principal_of(request.scope).display_name)


async def asks_with_a_role(request: Request) -> Response:
    return PlainTextResponse(principal_of(request.scope, ADMIN).display_name)


def _asking(api: ResourceServer) -> ASGIApp:
    return around(Starlette(routes=[Route("/any", asks), Route("/admin", asks_with_a_role)]), api, undeclared="allow")


async def test_principal_of_refuses_where_nobody_was_verified(api: ResourceServer, seen: list[Event]) -> None:
    """There is no caller to give; as on a public path."""
    app = _asking(api)
    seen.clear()
    assert (await get(app, "/any")).status == 401
    assert [(event.name, event.code) for event in seen] == [("request_refused", "missing_token")]


async def test_principal_of_gives_the_caller_who_lacks_the_role(
    api: ResourceServer, seen: list[Event], reader: list[Header]
) -> None:
    app = _asking(api)
    seen.clear()
    answer = await get(app, "/admin", reader)
    assert (answer.status, answer.body) == (200, b"reader")
    assert [(event.name, event.code) for event in seen] == [("request_would_be_refused", "missing_role")]


def _callers(api: ResourceServer) -> ASGIApp:
    app = FastAPI(openapi_url=None)

    @app.get("/current")
    async def current(caller: CurrentPrincipal) -> Any:
        return PlainTextResponse(caller.display_name)

    @app.get("/optional")
    async def optionally(caller: OptionalPrincipal) -> Any:
        return PlainTextResponse(caller.display_name if caller else "nobody")

    @app.get("/scoped")
    async def scoped(caller: Annotated[Principal, Security(current_principal, scopes=["orders.write"])]) -> Any:
        return PlainTextResponse(caller.display_name)

    return around(app, api, undeclared="allow")


@pytest.mark.parametrize(
    ("target", "as_reader", "as_nobody"),
    [
        ("/current", (200, "request_accepted"), (401, "request_refused")),
        ("/optional", (200, "request_accepted"), (200, "request_would_be_refused")),
        ("/scoped", (200, "request_would_be_refused"), (401, "request_refused")),
    ],
)
async def test_current_principal_needs_one(
    target: str, as_reader: object, as_nobody: object, api: ResourceServer, request: pytest.FixtureRequest
) -> None:
    app, seen = _callers(api), request.getfixturevalue("seen")
    seen.clear()
    statuses = [(await get(app, target, headers)).status for headers in (request.getfixturevalue("reader"), ())]
    assert [*zip(statuses, [event.name for event in seen], strict=True)] == [as_reader, as_nobody]


async def test_a_dependency_of_another_server_gives_only_whom_that_server_verified(
    api: ResourceServer, reader: list[Header]
) -> None:
    """The middleware's caller is not its caller: the token is for another audience."""
    billing = ResourceServer(api.issuers, "api://billing", clock=api.connection.clock)
    also_orders = ResourceServer(api.issuers, "api://orders", clock=api.connection.clock)
    app = FastAPI(openapi_url=None)

    @app.get("/billing")
    async def of_billing(caller: Annotated[Principal | None, Depends(require(READ, resource_server=billing))]) -> Any:
        return PlainTextResponse(caller.display_name if caller else "nobody")

    @app.get("/orders")
    async def of_orders(caller: Annotated[Principal | None, Depends(require(ADMIN, resource_server=also_orders))]) -> Any:
        return PlainTextResponse(caller.display_name if caller else "nobody")

    guarded = around(app, api)
    assert [(await get(guarded, path, reader)).body for path in ("/billing", "/orders")] == [b"nobody", b"reader"]


# --- around it


async def test_a_strict_middleware_within_still_refuses(api: ResourceServer, seen: list[Event], reader: list[Header]) -> None:
    inner = AccessTokenMiddleware(plain, resource_server=api, policy=PathPolicy({"/": ADMIN}))
    app = around(inner, api, policy=PathPolicy({"/": ADMIN}))
    seen.clear()
    assert (await get(app, "/", reader)).status == 403
    assert [event.name for event in seen] == ["request_refused"]


async def test_a_strict_middleware_within_that_accepts_keeps_the_doubt(
    api: ResourceServer, seen: list[Event], reader: list[Header]
) -> None:
    inner = AccessTokenMiddleware(plain, resource_server=api, policy=PathPolicy({"/": READ}))
    app = around(inner, api, policy=PathPolicy({"/": ADMIN}))
    seen.clear()
    assert (await get(app, "/", reader)).status == 200
    assert [(event.name, event.code) for event in seen] == [("request_would_be_refused", "missing_role")]


def test_it_is_told_when_the_middleware_is_built(
    api: ResourceServer, seen: list[Event], caplog: pytest.LogCaptureFixture
) -> None:
    around(plain, api)
    assert seen == [Event("insecure_option", code="insecure_report_only")]
    assert [record.levelname for record in caplog.records] == ["WARNING"]


@pytest.mark.parametrize("value", ["yes", 1, None])
def test_it_is_on_or_off(value: Any, api: ResourceServer) -> None:
    with pytest.raises(ConfigurationError) as refused:
        AccessTokenMiddleware(plain, resource_server=api, insecure_report_only=value)
    assert refused.value.parameter == "insecure_report_only"


async def test_an_undeclared_route_still_stops_the_start(api: ResourceServer) -> None:
    """It is the developer's mistake, and no caller's."""
    app = around(Starlette(routes=[Route("/", other)]), api)
    with pytest.raises(ConfigurationError):
        await get(app, "/")
