"""Roll-out without refusing anybody: each request is judged and the refusal logged, then it is served all the same.

When the log shows no refusal of an honest caller any more, replace ``ReportOnly`` by ``AccessTokenMiddleware``.
"""

from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bearerguard import AccessTokenMiddleware, PathPolicy, ResourceServer, oidc, role


class ReportOnly:
    """Takes what ``AccessTokenMiddleware`` takes, with a ``policy``. Refusals are logged and counted as they will be."""

    def __init__(self, app: ASGIApp, **options: Any) -> None:
        self._app = app
        self._judge = AccessTokenMiddleware(Response(), **options)
        self._guarded = AccessTokenMiddleware(app, **options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._guarded(scope, receive, send)  # fetches the keys
            return
        await self._judge(dict(scope), receive, _unheard)
        await self._app(scope, receive, send)


async def _unheard(_message: Message) -> None:
    """What the judge would have answered; its reason is in the log."""


api = ResourceServer(issuers=[oidc("https://issuer.example")], audience="api://orders")
policy = PathPolicy({"GET /orders": role("Read.All"), "/health": PathPolicy.PUBLIC})
orders = JSONResponse({"orders": []})  # your application
app = ReportOnly(orders, resource_server=api, policy=policy)
