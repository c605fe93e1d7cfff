"""Several APIs in one process: each mount has a guard, a ResourceServer and an audience of its own."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from bearerguard import AccessTokenMiddleware, ResourceServer, oidc, public, requires, role

issuer = oidc("https://issuer.example")
orders_api = ResourceServer(issuer, "api://orders")
bills_api = ResourceServer(issuer, "api://bills")


@requires(role("Read.All"))
async def orders(request: Request) -> JSONResponse:
    return JSONResponse({"orders": [], "caller": request.user.display_name})


@requires(role("Read.All"))
async def bills(request: Request) -> JSONResponse:
    return JSONResponse({"bills": [], "caller": request.user.display_name})


@public
async def health(_request: Request) -> JSONResponse:
    return JSONResponse({"status": "ok"})


app = Starlette(
    routes=[
        Mount("/orders", routes=[Route("/", orders)], middleware=[Middleware(AccessTokenMiddleware, resource_server=orders_api)]),
        Mount("/bills", routes=[Route("/", bills)], middleware=[Middleware(AccessTokenMiddleware, resource_server=bills_api)]),
        Route("/health", health),
    ]
)
