"""A refusal takes the place of a framework's error page at once, not only when the framework has returned."""

from collections.abc import MutableMapping
from typing import Any

import anyio
import pytest
from starlette.types import Receive, Scope, Send

from bearerguard import AccessTokenMiddleware, PathPolicy, ResourceServer, authenticated, principal_of, role
from bearerguard.testing import LocalIssuer
from support.asgi import Answer, http_scope
from support.refusals import check_refusal

pytestmark = pytest.mark.anyio


async def waiting_framework(scope: Scope, receive: Receive, send: Send) -> None:
    """Makes a page of every exception, and returns when the client has gone (Quart 0.23)."""
    try:
        principal_of(scope, role("Write.All"))
    except Exception:  # noqa: BLE001  as frameworks do
        page = {"type": "http.response.start", "status": 500, "headers": [(b"content-type", b"text/html")]}
    await send(page)
    await send({"type": "http.response.body", "body": b"<html>", "more_body": True})
    await send({"type": "http.response.body", "body": b"</html>"})
    await receive()
    raise ConnectionResetError


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_framework_that_waits_for_the_client_does_not_keep_the_refusal_back(
    method: str, api: ResourceServer, issuer: LocalIssuer
) -> None:
    app = AccessTokenMiddleware(waiting_framework, resource_server=api, policy=PathPolicy({"/a": authenticated()}))
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
