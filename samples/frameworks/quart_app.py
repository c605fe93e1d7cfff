"""Quart: the caller is ``principal_of(request.scope)``."""

from typing import Any

from quart import Quart, request, websocket

from bearerguard import AccessTokenMiddleware, principal_of

from .access import api, policy

quart = Quart(__name__)


@quart.get("/orders")
async def list_orders() -> dict[str, Any]:
    return {"orders": [], "caller": principal_of(request.scope).client_id}


@quart.get("/orders/<int:number>")
async def read_order(number: int) -> dict[str, int]:
    return {"id": number}


@quart.post("/orders")
async def create_order() -> tuple[Any, int]:
    return await request.get_json(), 201


@quart.get("/reports")
async def report() -> list[str]:
    return sorted(principal_of(request.scope).scopes)


@quart.get("/health")
async def health() -> str:
    return "ok"


@quart.websocket("/orders/live")
async def live() -> None:
    await websocket.accept()
    await websocket.send_json({"caller": principal_of(websocket.scope).client_id})


app = AccessTokenMiddleware(quart, resource_server=api, policy=policy)
