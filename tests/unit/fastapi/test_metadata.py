"""The metadata document in a FastAPI application."""

import json

import pytest
from fastapi import FastAPI
from starlette.middleware import Middleware

from bearerguard import AccessTokenMiddleware, PathPolicy, ResourceServer, audit
from bearerguard.fastapi import protected_resource_metadata
from support.asgi import get, lifespan

pytestmark = pytest.mark.anyio

PLACE = "/.well-known/oauth-protected-resource/orders"


async def test_the_router_serves_it_to_everybody(api: ResourceServer) -> None:
    app = FastAPI(openapi_url=None, middleware=[Middleware(AccessTokenMiddleware, resource_server=api)])
    app.include_router(
        protected_resource_metadata(
            api,
            resource="https://api.example/orders",
            scopes=["orders.read"],
            authorization_servers=["https://login.example"],
            name="Orders",
            documentation="https://docs.example",
        )
    )

    async with lifespan(app):
        answer = await get(app, PLACE)

    assert json.loads(answer.body) == {
        "resource": "https://api.example/orders",
        "authorization_servers": ["https://login.example"],
        "scopes_supported": ["orders.read"],
        "bearer_methods_supported": ["header"],
        "resource_name": "Orders",
        "resource_documentation": "https://docs.example",
    }
    assert [(row.path, row.access) for row in audit(app)] == [(PLACE, PathPolicy.PUBLIC)]


def test_the_openapi_document_leaves_it_out(api: ResourceServer) -> None:
    app = FastAPI()
    app.include_router(protected_resource_metadata(api, resource="https://api.example/orders"))

    assert app.openapi()["paths"] == {}
