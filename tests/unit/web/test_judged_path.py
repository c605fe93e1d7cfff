"""An application that routes by ``raw_path`` is shown the path that was judged."""

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bearerguard import AccessTokenMiddleware, PathPolicy, ResourceServer, role
from support.asgi import get

pytestmark = pytest.mark.anyio


async def raw_router(scope: Scope, receive: Receive, send: Send) -> None:
    """Tells the ``raw_path`` it sees."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["raw_path"] or b"none"})


@pytest.mark.parametrize(
    ("target", "seen"),
    [
        ("/files/a/b", b"/files/a/b"),
        ("/files/a%2Fb", b"/files/a/b"),
        ("/files/a%2fb", b"/files/a/b"),
        ("/files/%61", b"/files/a"),
        ("/files/a%20b", b"/files/a%20b"),
        ("/files/%C3%A4", b"/files/%C3%A4"),
        ("/files/a%252Fb", b"/files/a%252Fb"),
        ("/files/a;b=c:d@e!$&'()*+,", b"/files/a;b=c:d@e!$&'()*+,"),
        ("/files/100%25", b"/files/100%25"),
    ],
)
async def test_an_encoded_slash_is_the_slash_that_the_rule_saw(target: str, seen: bytes, api: ResourceServer) -> None:
    for options in ({"policy": PathPolicy({"/files/{rest:path}": PathPolicy.PUBLIC})}, {"public": "/files/{rest:path}"}):
        app = AccessTokenMiddleware(raw_router, resource_server=api, **options)

        assert (await get(app, target)).body == seen


async def test_a_server_that_gives_none_is_made_one(api: ResourceServer) -> None:
    """ASGI HTTP 2.5: ``raw_path`` is optional. BlackSheep takes the path itself for one, and decodes it again."""
    app = AccessTokenMiddleware(raw_router, resource_server=api, public="/files/{rest:path}")

    assert (await get(app, "/files/a%2Fb%3Fc", raw_path=None)).body == b"/files/a/b%3Fc"


async def test_what_no_text_can_be_is_shown_as_a_question_mark(api: ResourceServer) -> None:
    """A server that decodes with ``surrogateescape``."""
    app = AccessTokenMiddleware(raw_router, resource_server=api, public="/files/{rest:path}")

    assert (await get(app, "/files/%FF", path="/files/\udcff")).body == b"/files/%3F"


SLASHES = PathPolicy(
    {
        "/files": role("Read.All"),
        "/files/{rest:path}": PathPolicy.PUBLIC,
        "/same": PathPolicy.PUBLIC,
        "/same/{rest:path}": PathPolicy.PUBLIC,
        "/only/{rest:path}": PathPolicy.PUBLIC,
    }
)


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/files/", 401),
        ("/files//", 401),
        ("/files/%2F", 401),
        ("/files/a", 200),
        ("/files/a/", 200),
        ("/files//a", 200),
        ("/same/", 200),
        ("/only/", 401),
    ],
)
async def test_a_slash_that_some_frameworks_ignore_opens_nothing(target: str, status: int, api: ResourceServer) -> None:
    """Litestar and BlackSheep serve ``/files`` for ``/files/``: what is public must not be another row's path to them."""
    app = AccessTokenMiddleware(raw_router, resource_server=api, policy=SLASHES)

    assert (await get(app, target)).status == status


async def test_starlette_routes_by_the_decoded_path_and_sees_the_raw_one(api: ResourceServer) -> None:
    async def endpoint(request: Request) -> Any:
        return PlainTextResponse(request.scope["raw_path"])

    app = Starlette(routes=[Route("/files/{rest:path}", endpoint)])
    guarded = AccessTokenMiddleware(app, resource_server=api, policy=PathPolicy({"/files/{rest:path}": PathPolicy.PUBLIC}))

    assert (await get(guarded, "/files/a%2Fb")).body == b"/files/a%2Fb"
