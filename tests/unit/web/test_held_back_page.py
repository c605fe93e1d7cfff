"""A refusal takes the place of a framework's error page at once, not only when the framework has returned."""

from collections.abc import MutableMapping
from typing import Any

import anyio
import pytest
from starlette.types import Scope

from bearerguard import AccessTokenMiddleware, PathPolicy, ResourceServer, authenticated, principal_of, role
from bearerguard.testing import LocalIssuer
from support.asgi import Answer, http_scope
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
