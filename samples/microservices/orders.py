"""The orders service: it only checks tokens."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bearerguard import AccessTokenMiddleware, ResourceServer, requires, role


@requires(role("Read.All"))
async def list_orders(request: Request) -> JSONResponse:
    return JSONResponse({"orders": [{"id": 1, "total": 12}, {"id": 2, "total": 30}], "caller": request.user.client_id})


def orders_app(api: ResourceServer) -> Starlette:
    """The application around a ResourceServer, so that production and tests may each bring their own."""
    return Starlette(
        routes=[Route("/orders", list_orders)],
        middleware=[Middleware(AccessTokenMiddleware, resource_server=api)],
    )
