"""FastAPI: the caller is a parameter."""

from typing import Any

from fastapi import FastAPI, WebSocket

from bearerguard import AccessTokenMiddleware
from bearerguard.fastapi import CurrentPrincipal

from .access import api, policy

fastapi = FastAPI(openapi_url=None)


@fastapi.get("/orders")
async def list_orders(caller: CurrentPrincipal) -> dict[str, Any]:
    return {"orders": [], "caller": caller.client_id}


@fastapi.post("/orders", status_code=201)
async def create_order(order: dict[str, Any]) -> dict[str, Any]:
    return order


@fastapi.websocket("/orders/live")
async def live(websocket: WebSocket, caller: CurrentPrincipal) -> None:
    await websocket.accept()
    await websocket.send_json({"caller": caller.client_id})
    await websocket.close()


@fastapi.get("/orders/{number:int}")
async def read_order(number: int) -> dict[str, int]:
    return {"id": number}


@fastapi.get("/reports")
async def report(caller: CurrentPrincipal) -> list[str]:
    return sorted(caller.scopes)


@fastapi.get("/health")
async def health() -> str:
    return "ok"


app = AccessTokenMiddleware(fastapi, resource_server=api, policy=policy)
