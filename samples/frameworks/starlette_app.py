"""Starlette: the caller is ``request.user``."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from bearerguard import AccessTokenMiddleware

from .access import api, policy


async def list_orders(request: Request) -> JSONResponse:
    return JSONResponse({"orders": [], "caller": request.user.client_id})


async def read_order(request: Request) -> JSONResponse:
    return JSONResponse({"id": request.path_params["id"]})


async def create_order(request: Request) -> JSONResponse:
    return JSONResponse(await request.json(), status_code=201)


async def report(request: Request) -> JSONResponse:
    return JSONResponse(sorted(request.auth.scopes))


async def health(request: Request) -> JSONResponse:
    return JSONResponse("ok")


async def live(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_json({"caller": websocket.user.client_id})
    await websocket.close()


starlette = Starlette(
    routes=[
        Route("/orders", list_orders),
        Route("/orders", create_order, methods=["POST"]),
        WebSocketRoute("/orders/live", live),
        Route("/orders/{id:int}", read_order),
        Route("/reports", report),
        Route("/health", health),
    ]
)
app = AccessTokenMiddleware(starlette, resource_server=api, policy=policy)
