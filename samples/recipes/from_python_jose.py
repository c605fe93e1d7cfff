"""An API that verified its tokens by hand, with python-jose or PyJWT and a dependency of its own, afterwards."""

from typing import Annotated, Any

from fastapi import Depends, FastAPI

from bearerguard import Principal, ResourceServer, oidc, role
from bearerguard.fastapi import require

api = ResourceServer(
    issuers=[oidc("https://issuer.example", roles_claim=["realm_access", "roles"], algorithms=["RS256"])],
    audience="orders",
)
app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

Reader = Annotated[Principal, Depends(require(role("reader"), resource_server=api))]


@app.get("/orders")
async def list_orders(caller: Reader) -> dict[str, Any]:
    return {"user": caller.subject}
