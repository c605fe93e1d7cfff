"""Customers with tenants of their own: an allow-list, and data that is kept apart by tenant."""

from collections import defaultdict

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bearerguard import AccessTokenMiddleware, ResourceServer, entra_multitenant, requires, role, tenant

CONTOSO = "808b7ce5-9924-441e-ae53-3e42fd8a6d43"
FABRIKAM = "62c7baea-80bd-4e6c-8f27-066f93d3eda1"

api = ResourceServer(
    issuers=[entra_multitenant([CONTOSO, FABRIKAM])],
    audience=["2bfddaf4-0673-49a7-a615-2b6bb3acbf31", "api://orders"],
)
orders: defaultdict[str, list[str]] = defaultdict(list)


@requires(role("Read.All"))
async def list_orders(request: Request) -> JSONResponse:
    return JSONResponse({"orders": orders[request.user.tenant_id]})  # never a tenant that the request names


@requires(role("Write.All"))
async def create_order(request: Request) -> JSONResponse:
    orders[request.user.tenant_id].append((await request.json())["item"])
    return JSONResponse({}, status_code=201)


@requires(tenant(CONTOSO) & role("Read.All"))
async def list_tenants(_request: Request) -> JSONResponse:
    return JSONResponse({"tenants": sorted(orders)})


app = Starlette(
    routes=[
        Route("/orders", list_orders),
        Route("/orders", create_order, methods=["POST"]),
        Route("/tenants", list_tenants),
    ],
    middleware=[Middleware(AccessTokenMiddleware, resource_server=api)],
)
