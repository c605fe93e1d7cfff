"""The same for FastAPI: requirements as dependencies, and an OpenAPI document that tells them.

::

    @app.get("/orders")
    async def list_orders(caller: Annotated[Principal, Depends(require(role("Read.All")))]): ...
"""

try:
    import fastapi as _fastapi  # noqa: F401  an extra, and an import that fails here can say so
except ModuleNotFoundError as missing:
    if missing.name != "fastapi":
        raise
    raise ImportError('FastAPI is not installed: pip install "bearerguard[fastapi]"', name="fastapi") from None

from bearerguard.fastapi.dependency import CurrentPrincipal, current_principal, require
from bearerguard.fastapi.metadata_router import protected_resource_metadata
from bearerguard.fastapi.security_document import document_security

__all__ = ["CurrentPrincipal", "current_principal", "document_security", "protected_resource_metadata", "require"]
