"""BlackSheep: the caller is ``principal_of(request.scope)``; ``request.user`` belongs to BlackSheep's own authentication."""

from typing import Any

from blacksheep import Application, FromJSON, Request, Response, Router, WebSocket, json

from bearerguard import AccessTokenMiddleware, principal_of

from .access import api, policy

router = Router()


@router.get("/orders")
async def list_orders(request: Request) -> dict[str, Any]:
    return {"orders": [], "caller": principal_of(request.scope).client_id}


@router.get("/orders/{int:number}")
async def read_order(number: int) -> dict[str, int]:
    return {"id": number}


@router.post("/orders")
async def create_order(order: FromJSON[dict[str, Any]]) -> Response:
    return json(order.value, status=201)


@router.get("/reports")
async def report(request: Request) -> list[str]:
    return sorted(principal_of(request.scope).scopes)


@router.get("/health")
async def health() -> str:
    return "ok"


@router.ws("/orders/live")
async def live(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_json({"caller": principal_of(websocket.scope).client_id})
    await websocket.close()


app = AccessTokenMiddleware(Application(router=router), resource_server=api, policy=policy)
