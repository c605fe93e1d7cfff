"""The same for FastAPI: requirements as dependencies, and an OpenAPI document that tells them.

::

    @app.get("/orders")
    async def list_orders(caller: Annotated[Principal, Depends(require(role("Read.All")))]): ...
"""

from bearerguard.fastapi.dependency import CurrentPrincipal, current_principal, require
from bearerguard.fastapi.metadata_router import protected_resource_metadata
from bearerguard.fastapi.security_document import document_security

__all__ = ["CurrentPrincipal", "current_principal", "document_security", "protected_resource_metadata", "require"]
