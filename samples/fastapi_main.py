"""An orders API on FastAPI: requirements are dependencies, and the OpenAPI document tells them."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI
from starlette.middleware import Middleware

from bearerguard import AccessTokenMiddleware, Principal, ResourceServer, entra, public, role
from bearerguard.fastapi import CurrentPrincipal, document_security, require

api = ResourceServer(
    issuers=[entra(tenant_id="808b7ce5-9924-441e-ae53-3e42fd8a6d43")],
    audience=["2bfddaf4-0673-49a7-a615-2b6bb3acbf31", "api://orders"],  # v2 tokens name the client id, v1 tokens either
)
everybody = ["/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json"]  # public only because they are named here
app = FastAPI(middleware=[Middleware(AccessTokenMiddleware, resource_server=api, public=everybody)])
orders = APIRouter(prefix="/orders", dependencies=[Depends(require(role("Read.All")))])
Writer = Annotated[Principal, Depends(require(role("Write.All")))]


@orders.get("")
async def list_orders(caller: CurrentPrincipal) -> dict[str, Any]:
    return {"orders": [], "caller": caller.display_name}


@orders.post("", status_code=201)
async def create_order(order: dict[str, Any], writer: Writer) -> dict[str, Any]:
    return {**order, "ordered_by": writer.display_name}


@app.get("/health")
@public
async def health() -> dict[str, str]:
    return {"status": "ok"}


app.include_router(orders)
document_security(app, api)
