"""For FastAPI: requirements as dependencies, and an OpenAPI document that names them.

::

    @app.get("/orders")
    async def list_orders(caller: Annotated[Principal, Depends(require(role("Read.All")))]): ...
"""

try:
    import fastapi as _fastapi  # an extra, and an import that fails here can say so
except ModuleNotFoundError as missing:
    if missing.name != "fastapi":
        raise
    raise ImportError('FastAPI is not installed: pip install "bearerguard[fastapi]"', name="fastapi") from None

from collections.abc import Collection

from bearerguard.fastapi.caller import CurrentPrincipal, OptionalPrincipal, current_principal, optional_principal
from bearerguard.fastapi.dependency import require
from bearerguard.fastapi.security_document import document_security
from bearerguard.resource_server import ResourceServer
from bearerguard.web import metadata as _metadata

__all__ = [
    "CurrentPrincipal",
    "OptionalPrincipal",
    "current_principal",
    "document_security",
    "optional_principal",
    "protected_resource_metadata",
    "require",
]


def protected_resource_metadata(
    api: ResourceServer,
    *,
    resource: str,
    scopes: Collection[str] = (),
    authorization_servers: Collection[str] | None = None,
    name: str | None = None,
    documentation: str | None = None,
) -> _fastapi.APIRouter:
    """A router with the one public route of :func:`bearerguard.protected_resource_metadata`::

        app.include_router(protected_resource_metadata(api, resource="https://api.example"))

    Include it without a prefix. Dependencies of ``FastAPI(dependencies=…)`` do not reach it.

    Raises:
        ConfigurationError: a value is wrong.
    """
    route = _metadata.protected_resource_metadata(
        api,
        resource=resource,
        scopes=scopes,
        authorization_servers=authorization_servers,
        name=name,
        documentation=documentation,
    )
    return _fastapi.APIRouter(routes=[route])
