"""A small API of orders behind the middleware, and its callers: for what is told of requests."""

from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bearerguard import AccessTokenMiddleware, ResourceServer, public, requires, role


@requires(role("Read.All"))
async def _order(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("ok")


@public
async def _health(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("ok")


async def statuses(api: ResourceServer, *tokens: str | None, path: str = "/orders/7", **options: Any) -> list[int]:
    """What callers with these tokens are answered, one after another.

    ``/orders/{id}`` needs ``Read.All``, and ``/health`` is public; ``options`` are those of the middleware.
    """
    app = Starlette(
        routes=[Route("/orders/{id}", _order), Route("/health", _health)],
        middleware=[Middleware(AccessTokenMiddleware, resource_server=api, **options)],
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://orders.test") as caller:
        headers = [{} if token is None else {"Authorization": f"Bearer {token}"} for token in tokens]
        return [(await caller.get(path, headers=each)).status_code for each in headers]
