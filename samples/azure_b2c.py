"""Azure AD B2C: application tokens for an API with application permissions."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bearerguard import AccessTokenMiddleware, ResourceServer, azure_b2c, requires, role

api = ResourceServer(
    issuers=[azure_b2c("contoso", "ed815121-cdfa-4097-b524-e2b23cd36eb6", policy="B2C_1_signin")],
    audience="https://contoso.onmicrosoft.com/orders",
)


@requires(role("Read.All"))
async def list_orders(request: Request) -> JSONResponse:
    return JSONResponse({"orders": [], "caller": request.user.client_id})


app = Starlette(
    routes=[Route("/orders", list_orders)],
    middleware=[Middleware(AccessTokenMiddleware, resource_server=api)],
)
