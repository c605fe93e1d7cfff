"""Refusals that are answered inside an application: what others there see of the answer, and where it is too late."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from bearerguard import AccessTokenMiddleware, InsufficientScope, ResourceServer, error_codes, requires, role
from bearerguard.testing import LocalIssuer
from bearerguard.web.challenge import Challenge
from bearerguard.web.refusal_handler import RefusalResponse
from support.asgi import Header, connect, get

pytestmark = pytest.mark.anyio


@pytest.fixture
def reader(issuer: LocalIssuer) -> list[Header]:
    return [(b"authorization", b"Bearer " + issuer.mint("reader").encode())]


def test_the_answer_can_be_looked_at_like_any_response() -> None:
    """Instruments wrap exception handlers, and read what those return."""
    answer = Challenge("api", disclose="code").answer(InsufficientScope(error_codes.MISSING_ROLE))
    response = RefusalResponse(answer)

    assert (response.status_code, response.body, response.background) == (403, answer.body, None)
    assert response.headers["www-authenticate"] == dict(answer.headers)[b"www-authenticate"].decode()


@requires(role("Admin.All"))
async def guarded(request: Request) -> Response:
    raise NotImplementedError


async def refuses(request: Request) -> Response:
    raise InsufficientScope(error_codes.NOT_PERMITTED)


async def test_an_application_that_is_also_served_without_the_middleware_raises_there(
    api: ResourceServer, reader: list[Header]
) -> None:
    """A guard that refused behind the middleware has left its handler in the application."""
    app = Starlette(routes=[Route("/guarded", guarded), Route("/refuses", refuses)])
    assert (await get(AccessTokenMiddleware(app, resource_server=api, undeclared="allow"), "/guarded", reader)).status == 403

    with pytest.raises(InsufficientScope):
        await get(app, "/refuses")


@requires(role("Admin.All"))
async def live(websocket: WebSocket) -> None:
    raise NotImplementedError


async def test_a_websocket_that_a_layer_in_front_has_accepted_is_closed(api: ResourceServer, reader: list[Header]) -> None:
    """A denial response would come too late."""
    inner = Starlette(routes=[WebSocketRoute("/", live)])

    async def accepts(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        await inner(scope, receive, send)

    answer = await connect(AccessTokenMiddleware(accepts, resource_server=api, undeclared="allow"), "/", reader)
    assert [message["type"] for message in answer.messages] == ["websocket.accept", "websocket.close"]
    assert answer.close_code == 1008


async def test_what_was_answered_before_is_not_answered_again(api: ResourceServer, reader: list[Header]) -> None:
    async def begun(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("begun")(scope, receive, send)
        await guarded(Request(scope))

    app = AccessTokenMiddleware(begun, resource_server=api, undeclared="allow")
    with pytest.raises(InsufficientScope):
        await get(app, "/", reader)
