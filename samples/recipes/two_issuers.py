"""Moving from one issuer to another: for a while, the tokens of both are good."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bearerguard import AccessTokenMiddleware, ResourceServer, auth0, entra, requires, role

api = ResourceServer(
    issuers=[
        auth0("contoso.eu.auth0.com", audience="https://orders.example"),  # the old one, with its audience
        entra(tenant_id="808b7ce5-9924-441e-ae53-3e42fd8a6d43"),  # the new one
    ],
    audience=["2bfddaf4-0673-49a7-a615-2b6bb3acbf31", "api://orders"],
)


@requires(role("Read.All"))
async def list_orders(request: Request) -> JSONResponse:
    return JSONResponse({"issuer": request.user.issuer})


app = Starlette(
    routes=[Route("/orders", list_orders)],
    middleware=[Middleware(AccessTokenMiddleware, resource_server=api)],
)
