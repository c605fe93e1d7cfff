"""Websockets of a browser, which cannot send an Authorization header: a ticket that is good once, for 30 seconds.

The page gets the ticket by an ordinary request with its token, then opens ``/live?ticket=…``. The tickets of this
sample are known to one process; with several workers, keep them where all workers see them.
"""

import secrets

from cachetools import TTLCache
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from bearerguard import AccessTokenMiddleware, Principal, ResourceServer, oidc, public, requires, scope

api = ResourceServer(issuers=[oidc("https://issuer.example")], audience="api://orders")
tickets: TTLCache[str, Principal] = TTLCache(maxsize=10_000, ttl=30)


@requires(scope("orders.read"))
async def create_ticket(request: Request) -> JSONResponse:
    ticket = secrets.token_urlsafe()
    tickets[ticket] = request.user
    return JSONResponse({"ticket": ticket}, status_code=201)


@public  # the ticket takes the place of the token, and is judged here
async def live(websocket: WebSocket) -> None:
    caller = tickets.pop(websocket.query_params.get("ticket", ""), None)
    if caller is None:
        await websocket.close(1008)
        return
    await websocket.accept()
    await websocket.send_json({"caller": caller.display_name})
    await websocket.close()


app = Starlette(
    routes=[Route("/tickets", create_ticket, methods=["POST"]), WebSocketRoute("/live", live)],
    middleware=[Middleware(AccessTokenMiddleware, resource_server=api)],
)
