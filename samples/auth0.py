"""Auth0 machine to machine: ``permissions`` are the roles (switch on RBAC and "Add permissions in the access token")."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bearerguard import AccessTokenMiddleware, ResourceServer, auth0, requires, role, scope

api = ResourceServer(issuers=[auth0("contoso.eu.auth0.com")], audience="api://orders")


@requires(role("Read.All") | scope("Read.All"))  # without RBAC, Auth0 puts the same names into scope
async def list_orders(request: Request) -> JSONResponse:
    return JSONResponse({"orders": [], "caller": request.user.client_id})


app = Starlette(
    routes=[Route("/orders", list_orders)],
    middleware=[Middleware(AccessTokenMiddleware, resource_server=api)],
)
