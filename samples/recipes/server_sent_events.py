"""Server-sent events: a token for each connection, the caller's events alone, an end with the token.

A page reads them with ``fetch``, which can send a token, and connects again with a fresh one.
``EventSource`` sends none.
"""

import time
from collections.abc import AsyncIterator

import anyio
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bearerguard import AccessTokenMiddleware, Principal, ResourceServer, oidc, requires, scope

LEEWAY = 60.0

api = ResourceServer(issuers=[oidc("https://issuer.example")], audience="api://orders", leeway=LEEWAY)


class UntilExpiry(EventSourceResponse):
    """A stream that ends when a new request with its token would be refused."""

    def __init__(self, events: AsyncIterator[ServerSentEvent], caller: Principal) -> None:
        super().__init__(events)
        self._ends_at = caller.expires_at + LEEWAY

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with anyio.move_on_after(self._ends_at - time.time()) as limit:
            await super().__call__(scope, receive, send)
        if limit.cancelled_caught:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def news_of(caller: Principal) -> AsyncIterator[ServerSentEvent]:
    """Your source of events."""
    yield ServerSentEvent(f"an order of {caller.display_name}")
    await anyio.sleep_forever()


@requires(scope("orders.read"))
async def news(request: Request) -> EventSourceResponse:
    return UntilExpiry(news_of(request.user), request.user)


app = Starlette(routes=[Route("/news", news)], middleware=[Middleware(AccessTokenMiddleware, resource_server=api)])
