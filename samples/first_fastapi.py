"""An orders API on FastAPI."""

from fastapi import Depends, FastAPI
from starlette.middleware import Middleware

from bearerguard import AccessTokenMiddleware, ResourceServer, entra, public, role
from bearerguard.fastapi import CurrentPrincipal, require

api = ResourceServer(
    issuers=[entra(tenant_id="808b7ce5-9924-441e-ae53-3e42fd8a6d43")],
    audience=["2bfddaf4-0673-49a7-a615-2b6bb3acbf31", "api://orders"],
)
docs = ["/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json"]  # public, since named here
app = FastAPI(middleware=[Middleware(AccessTokenMiddleware, resource_server=api, public=docs)])


@app.get("/orders", dependencies=[Depends(require(role("Read.All")))])
async def list_orders(caller: CurrentPrincipal) -> dict[str, str]:
    return {"caller": caller.display_name}


@app.get("/health")
@public
async def health() -> dict[str, str]:
    return {"status": "ok"}
