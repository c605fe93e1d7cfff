"""An API that used fastapi-azure-auth, afterwards."""

from typing import Any

from fastapi import Depends, FastAPI
from starlette.middleware import Middleware

from bearerguard import AccessTokenMiddleware, ResourceServer, entra, role, scope
from bearerguard.fastapi import CurrentPrincipal, document_security, require

CLIENT_ID = "2bfddaf4-0673-49a7-a615-2b6bb3acbf31"

api = ResourceServer(
    issuers=[entra(tenant_id="808b7ce5-9924-441e-ae53-3e42fd8a6d43")],
    audience=[CLIENT_ID, f"api://{CLIENT_ID}"],
)
docs = ["/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json"]
app = FastAPI(
    middleware=[Middleware(AccessTokenMiddleware, resource_server=api, public=docs)],
    swagger_ui_init_oauth={"clientId": "6f2c1f0e-3c1b-4a55-9c33-0b6d9f0f5a11"},  # OPENAPI_CLIENT_ID
)


@app.get("/orders", dependencies=[Depends(require(scope("user_impersonation") | role("Read.All")))])
async def list_orders(caller: CurrentPrincipal) -> dict[str, Any]:
    return {"user": caller.subject, "tenant": caller.tenant_id}


document_security(app, api, flows=["authorizationCode"])
