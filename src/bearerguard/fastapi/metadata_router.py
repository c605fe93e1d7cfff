"""The metadata document of RFC 9728 as a router of FastAPI."""

from collections.abc import Collection

from fastapi import APIRouter

from bearerguard.resource_server import ResourceServer
from bearerguard.web import metadata


def protected_resource_metadata(
    api: ResourceServer,
    *,
    resource: str,
    scopes: Collection[str] = (),
    authorization_servers: Collection[str] | None = None,
    name: str | None = None,
    documentation: str | None = None,
) -> APIRouter:
    """A router with the one public route of :func:`bearerguard.web.metadata.protected_resource_metadata`::

        app.include_router(protected_resource_metadata(api, resource="https://api.example"))

    Include it without a prefix. Dependencies of ``FastAPI(dependencies=…)`` do not reach it.

    Raises:
        ConfigurationError: a value is wrong.
    """
    route = metadata.protected_resource_metadata(
        api,
        resource=resource,
        scopes=scopes,
        authorization_servers=authorization_servers,
        name=name,
        documentation=documentation,
    )
    return APIRouter(routes=[route])
