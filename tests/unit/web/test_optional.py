"""Optional callers: no token is fine, a token that is sent is judged, a bad one is refused."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from bearerguard import (
    AccessTokenMiddleware,
    ConfigurationError,
    PathPolicy,
    ResourceServer,
    audit,
    optional,
    principal_of,
    public,
    requires,
    role,
)
from bearerguard.testing import LocalIssuer
from support.asgi import Header, connect, get

pytestmark = pytest.mark.anyio


async def who(request: Request) -> Response:
    name = request.user.display_name if request.user.is_authenticated else "anonymous"
    return PlainTextResponse(name)


def fresh() -> Any:
    async def endpoint(request: Request) -> Response:
        return await who(request)

    return endpoint


def by_policy(api: ResourceServer) -> ASGIApp:
    return AccessTokenMiddleware(
        Starlette(routes=[Route("/feed", fresh())]), resource_server=api, policy=PathPolicy({"GET /feed": PathPolicy.OPTIONAL})
    )


def by_decorator(api: ResourceServer) -> ASGIApp:
    guard = Middleware(AccessTokenMiddleware, resource_server=api)
    return Starlette(routes=[Route("/feed", optional(fresh()))], middleware=[guard])


def by_class(api: ResourceServer) -> ASGIApp:
    @optional
    class Feed(HTTPEndpoint):
        async def get(self, request: Request) -> Response:
            return await who(request)

    return Starlette(routes=[Route("/feed", Feed)], middleware=[Middleware(AccessTokenMiddleware, resource_server=api)])


def by_mount(api: ResourceServer) -> ASGIApp:
    mount = optional(Mount("/", routes=[Route("/feed", fresh())]))
    return Starlette(routes=[mount], middleware=[Middleware(AccessTokenMiddleware, resource_server=api)])


FORMS = [by_policy, by_decorator, by_class, by_mount]


@pytest.mark.parametrize("form", FORMS)
async def test_no_token_is_fine_and_a_good_one_names_the_caller(
    form: Callable[[ResourceServer], ASGIApp], api: ResourceServer, issuer: LocalIssuer
) -> None:
    app = form(api)
    token = [(b"authorization", b"Bearer " + issuer.mint("reader").encode())]

    assert (await get(app, "/feed")).body == b"anonymous"
    assert (await get(app, "/feed", token)).body == b"reader"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("credentials", "status"),
    [(b"Bearer nonsense", 401), (b"Bearer ", 400), (b"", 400), (b"Basic cmVhZGVyOng=", 401)],
    ids=["no JWT", "no token", "empty", "another scheme"],
)
async def test_credentials_that_are_sent_are_judged(
    form: Callable[[ResourceServer], ASGIApp], credentials: bytes, status: int, api: ResourceServer
) -> None:
    """A caller whose token has expired must not be taken for a stranger."""
    assert (await get(form(api), "/feed", [(b"authorization", credentials)])).status == status


async def test_a_websocket_may_be_optional(api: ResourceServer, issuer: LocalIssuer) -> None:
    @optional
    async def live(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(str(websocket.user.is_authenticated))
        await websocket.close()

    guard = Middleware(AccessTokenMiddleware, resource_server=api)
    app = Starlette(routes=[WebSocketRoute("/live", live)], middleware=[guard])
    token: list[Header] = [(b"authorization", b"Bearer " + issuer.mint("reader").encode())]

    assert (await connect(app, "/live")).messages[1]["text"] == "False"
    assert (await connect(app, "/live", token)).messages[1]["text"] == "True"
    assert (await connect(app, "/live", [(b"authorization", b"Bearer x.y.z")])).status == 401


async def test_in_other_frameworks_nobody_is_a_missing_token(api: ResourceServer) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse(principal_of(scope).display_name)(scope, receive, send)

    answer = await get(AccessTokenMiddleware(app, resource_server=api, policy=PathPolicy({"/": PathPolicy.OPTIONAL})), "/")

    assert (answer.status, json.loads(answer.body)["code"]) == (401, "missing_token")


# --- declared


@pytest.mark.parametrize("form", FORMS)
def test_the_audit_lists_it(form: Callable[[ResourceServer], ASGIApp], api: ResourceServer) -> None:
    rows = [row for row in audit(form(api)) if row.decided_by != "no row"]

    assert [row.access for row in rows] == [PathPolicy.OPTIONAL]
    assert str(rows[0]).split()[2] == "optional"


def test_a_requirement_elsewhere_outweighs_it(api: ResourceServer) -> None:
    mount = requires(role("Read.All"))(Mount("/m", routes=[Route("/", optional(fresh()))]))
    opened = public(Mount("/o", routes=[Route("/", optional(fresh()))]))

    assert [row.access for row in audit(Starlette(routes=[mount, opened]))] == [role("Read.All"), PathPolicy.OPTIONAL]


async def test_of_two_middlewares_the_one_that_looks_at_tokens_counts(api: ResourceServer) -> None:
    """Public for one, optional for the other: a bad token is refused."""
    for outer, inner in ((PathPolicy.PUBLIC, PathPolicy.OPTIONAL), (PathPolicy.OPTIONAL, PathPolicy.PUBLIC)):
        app: ASGIApp = Starlette(routes=[Route("/feed", fresh())])
        for access in (inner, outer):
            app = AccessTokenMiddleware(app, resource_server=api, policy=PathPolicy({"/feed": access}))

        assert [row.access for row in audit(app)] == [PathPolicy.OPTIONAL]
        assert (await get(app, "/feed", [(b"authorization", b"Bearer x.y.z")])).status == 401
        assert (await get(app, "/feed")).body == b"anonymous"


@pytest.mark.parametrize("first", [public, requires(role("Read.All"))], ids=["public", "requires"])
def test_it_contradicts_the_others(first: Any) -> None:
    with pytest.raises(ConfigurationError):
        optional(first(fresh()))
    with pytest.raises(ConfigurationError):
        first(optional(fresh()))


@pytest.mark.parametrize("target", [Route("/", who), "feed", None, dict], ids=repr)
def test_what_cannot_be_optional_is_named(target: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        optional(target)

    assert caught.value.parameter == "@optional"
