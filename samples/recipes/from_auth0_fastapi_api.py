"""An API that used Auth0's plugin for FastAPI (auth0-fastapi-api), afterwards."""

from typing import Any

from fastapi import Depends, FastAPI
from starlette.middleware import Middleware

from bearerguard import AccessTokenMiddleware, ResourceServer, auth0, scope
from bearerguard.fastapi import CurrentPrincipal, require

api = ResourceServer(issuers=[auth0("contoso.eu.auth0.com")], audience="https://orders.example")
docs = ["/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json"]
app = FastAPI(middleware=[Middleware(AccessTokenMiddleware, resource_server=api, public=docs)])


@app.get("/orders", dependencies=[Depends(require(scope("read:orders")))])
async def list_orders(caller: CurrentPrincipal) -> dict[str, Any]:
    return {"user": caller.subject}
