"""The documents we complete are OpenAPI, whatever they are made of."""

from collections.abc import Callable
from typing import Any, Final

import httpx
import pytest
from fastapi import Depends, FastAPI

from bearerguard import Issuer, ResourceServer, application, client, role, scope
from bearerguard.fastapi import document_security, require
from bearerguard.testing import LocalIssuer
from support.sample_files import sample

pytestmark = pytest.mark.frameworks

REQUIREMENT: Final = (role("Read.All") | scope("orders.read") & scope("orders.list")) & application() & client("billing")


async def endpoint(number: int) -> str:
    raise NotImplementedError


def _documented(api: ResourceServer, version: str, token_url: str | None) -> dict[str, Any]:
    app = FastAPI()
    app.openapi_version = version
    app.add_api_route("/orders/{number:int}", endpoint, dependencies=[Depends(require(REQUIREMENT, resource_server=api))])
    document_security(app, api, token_url=token_url, scopes={"api://orders/.default": ""})
    return app.openapi()


def test_the_document_of_the_sample_is_valid(needed: Callable[[str], Any]) -> None:
    needed("openapi_spec_validator").validate(sample("fastapi_app.production").app.openapi())


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
@pytest.mark.parametrize("scheme", ["oauth2", "openIdConnect", "http"])
def test_each_kind_of_scheme_is_valid(scheme: str, version: str, needed: Callable[[str], Any]) -> None:
    issuer = LocalIssuer()
    trusted = Issuer(issuer.issuer, jwks=issuer.jwks()) if scheme == "http" else issuer.trusted()
    api = ResourceServer(trusted, "api://orders", transport=httpx.ASGITransport(issuer))
    document = _documented(api, version, issuer.token_endpoint if scheme == "oauth2" else None)

    needed("openapi_spec_validator").validate(document)
    assert document["components"]["securitySchemes"]["accessToken"]["type"] == scheme
