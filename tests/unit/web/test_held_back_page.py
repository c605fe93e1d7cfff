"""A refusal takes the place of a framework's error page at once, not only when the framework has returned."""

from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any

import anyio
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Scope

from bearerguard import AccessTokenMiddleware, PathPolicy, Refusal, ResourceServer, authenticated, principal_of, role
from bearerguard.testing import LocalIssuer
from support.asgi import Answer, get, http_scope
from support.closed_framework import closed
from support.refusals import check_refusal

pytestmark = pytest.mark.anyio


def writers_name(scope: Scope) -> str:
    return principal_of(scope, role("Write.All")).display_name


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_framework_that_waits_for_the_client_does_not_keep_the_refusal_back(
    method: str, api: ResourceServer, issuer: LocalIssuer
) -> None:
    framework = closed(writers_name, waits=True)
    app = AccessTokenMiddleware(framework, resource_server=api, policy=PathPolicy({"/a": authenticated()}))
    answer, answered = Answer(), anyio.Event()

    async def receive() -> dict[str, Any]:
        await answered.wait()
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        answer.messages.append(message)
        if message["type"] == "http.response.body":
            answered.set()

    token = [(b"authorization", b"Bearer " + issuer.mint("reader").encode())]
    with anyio.fail_after(10), pytest.raises(ConnectionResetError):
        await app(http_scope(method, "/a", token), receive, send)

    assert [message["type"] for message in answer.messages] == ["http.response.start", "http.response.body"]
    assert answer.status == 403
    check_refusal(answer, "missing_role", head=method == "HEAD")


# --- a refusal that was swallowed


async def swallows(request: Request) -> Response:
    with suppress(Refusal):
        principal_of(request.scope, role("Write.All"))
    raise ZeroDivisionError


def swallows_in_a_closed_framework(scope: Scope) -> str:
    with suppress(Refusal):
        principal_of(scope, role("Write.All"))
    raise ZeroDivisionError


def goes_on_in_a_closed_framework(scope: Scope) -> str:
    with suppress(Refusal):
        principal_of(scope, role("Write.All"))
    return "served"


def page(_request: Request, _error: Exception) -> Response:
    return PlainTextResponse("page", 500)


@pytest.mark.parametrize(
    "app",
    [
        Starlette(routes=[Route("/a", swallows)]),
        Starlette(routes=[Route("/a", swallows)], exception_handlers={Exception: page}),
        Starlette(routes=[Mount("/", app=Starlette(routes=[Route("/a", swallows)]))]),
        closed(swallows_in_a_closed_framework),
    ],
    ids=["starlette", "own page", "mounted", "another framework"],
)
async def test_a_later_error_is_no_refusal(app: ASGIApp, api: ResourceServer, issuer: LocalIssuer) -> None:
    """The view went on without the permission, and failed for a reason of its own."""
    guarded = AccessTokenMiddleware(app, resource_server=api, policy=PathPolicy({"/a": authenticated()}))
    answer = Answer()

    async def send(message: MutableMapping[str, Any]) -> None:
        answer.messages.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    token = [(b"authorization", b"Bearer " + issuer.mint("reader").encode())]
    with suppress(ZeroDivisionError):
        await guarded(http_scope("GET", "/a", token), receive, send)

    assert answer.status == 500
    assert b"insufficient_scope" not in answer.body


async def test_a_view_that_does_without_the_permission_is_served(api: ResourceServer, issuer: LocalIssuer) -> None:
    framework = closed(goes_on_in_a_closed_framework)
    app = AccessTokenMiddleware(framework, resource_server=api, policy=PathPolicy({"/a": authenticated()}))
    token = [(b"authorization", b"Bearer " + issuer.mint("reader").encode())]

    assert (await get(app, "/a", token)).body == b"served"
