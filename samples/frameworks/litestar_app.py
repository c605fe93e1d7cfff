"""Litestar: the caller is ``request.user``, or ``principal_of(request.scope)`` where Litestar authenticates by itself."""

from typing import Any

from litestar import Litestar, Request, WebSocket, get, post, websocket
from litestar.params import FromPath, JSONBody

from bearerguard import AccessTokenMiddleware, Principal

from .access import api, policy


@get("/orders")
async def list_orders(request: Request[Principal, Any, Any]) -> dict[str, Any]:
    return {"orders": [], "caller": request.user.client_id}


@get("/orders/{number:int}")
async def read_order(number: FromPath[int]) -> dict[str, int]:
    return {"id": number}


@post("/orders")
async def create_order(data: JSONBody[dict[str, Any]]) -> dict[str, Any]:
    return data


@get("/reports")
async def report(request: Request[Principal, Any, Any]) -> list[str]:
    return sorted(request.user.scopes)


@get("/health")
async def health() -> str:
    return "ok"


@websocket("/orders/live")
async def live(socket: WebSocket[Principal, Any, Any]) -> None:
    await socket.accept()
    await socket.send_json({"caller": socket.user.client_id})
    await socket.close()


litestar = Litestar([list_orders, read_order, create_order, report, health, live], openapi_config=None)
app = AccessTokenMiddleware(litestar, resource_server=api, policy=policy)
