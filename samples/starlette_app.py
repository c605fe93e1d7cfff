"""An orders API on Starlette: add the middleware, decorate the routes."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bearerguard import AccessTokenMiddleware, ResourceServer, entra, public, readiness, requires, role

api = ResourceServer(
    issuers=[entra(tenant_id="808b7ce5-9924-441e-ae53-3e42fd8a6d43")],  # v1 and v2 tokens
    audience=["2bfddaf4-0673-49a7-a615-2b6bb3acbf31", "api://orders"],  # v2 tokens name the client id, v1 tokens either
)


@requires(role("Read.All"))
async def list_orders(request: Request) -> JSONResponse:
    return JSONResponse({"orders": [], "caller": request.user.display_name})


@requires(role("Write.All"))
async def create_order(request: Request) -> JSONResponse:
    return JSONResponse(await request.json(), status_code=201)


@public
async def health(request: Request) -> JSONResponse:
    return JSONResponse({"status": "ok"})


app = Starlette(
    routes=[
        Route("/orders", list_orders),
        Route("/orders", create_order, methods=["POST"]),
        Route("/health", health),
        Route("/ready", readiness(api)),  # 200 while every issuer's keys are usable, else 503
    ],
    middleware=[Middleware(AccessTokenMiddleware, resource_server=api)],
)
