"""For pages in a browser: CORS, and a document that tells a refused client where to get a token (RFC 9728)."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bearerguard import (
    AccessTokenMiddleware,
    ResourceServer,
    oidc,
    protected_resource_metadata,
    requires,
    resource_metadata_url,
    scope,
)

API = "https://api.example"

api = ResourceServer(issuers=[oidc("https://issuer.example")], audience=API)
metadata = protected_resource_metadata(api, resource=API, scopes=["orders.read"])
cors = Middleware(
    CORSMiddleware,
    allow_origins=["https://app.example"],
    allow_headers=["Authorization"],
    expose_headers=["WWW-Authenticate"],  # or a page cannot see why it was refused
)
guard = Middleware(AccessTokenMiddleware, resource_server=api, resource_metadata=resource_metadata_url(API))


@requires(scope("orders.read"))
async def list_orders(request: Request) -> Response:
    return JSONResponse({"orders": [], "caller": request.user.display_name})


app = Starlette(routes=[Route("/orders", list_orders), metadata], middleware=[cors, guard])  # cors first: it is the outermost
