"""Microsoft Entra ID: application tokens (roles) and user tokens (scopes), v1 and v2, in one configuration."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bearerguard import AccessTokenMiddleware, ResourceServer, application, client, entra, requires, role, scope

api = ResourceServer(
    issuers=[entra(tenant_id="808b7ce5-9924-441e-ae53-3e42fd8a6d43")],
    audience=[
        "2bfddaf4-0673-49a7-a615-2b6bb3acbf31",  # the client id: in every v2 token, and in v1 tokens where the client named it
        "api://orders",  # the application ID URI: in v1 tokens, as the client wrote it
        "api://orders/",  # which may be with a slash at the end
    ],
    implied_roles={"ReadWrite.All": ["Read.All", "Write.All"]},
)


@requires(role("Read.All") | scope("orders.read"))
async def list_orders(request: Request) -> JSONResponse:
    return JSONResponse({"orders": [], "tenant": request.user.tenant_id})


@requires(application() & client("4e4c9d60-3356-40be-94a5-ed8b55587619") & role("Write.All"))  # an access-control list
async def close_month(request: Request) -> JSONResponse:
    return JSONResponse({"closed": True})


app = Starlette(
    routes=[Route("/orders", list_orders), Route("/months/close", close_month, methods=["POST"])],
    middleware=[Middleware(AccessTokenMiddleware, resource_server=api)],
)
