"""The documents we complete are OpenAPI, whatever they are made of."""

from collections.abc import Callable
from typing import Any, Final

import httpx
import pytest
from fastapi import Depends, FastAPI
from starlette.middleware import Middleware

from bearerguard import AccessTokenMiddleware, Issuer, ResourceServer, application, client, role, scope
from bearerguard.fastapi import document_security, require
from bearerguard.fastapi.documented_flows import FLOWS
from bearerguard.testing import LocalIssuer
from support.sample_files import sample

pytestmark = pytest.mark.frameworks

REQUIREMENT: Final = (role("Read.All") | scope("orders.read") & scope("orders.list")) & application() & client("billing")


async def endpoint(number: int) -> str:
    raise NotImplementedError


SCHEMES: Final = {
    "oauth2": ["http", "oauth2", "oauth2"],
    "openIdConnect": ["http", "openIdConnect"],
    "http": ["http"],
    "apiKey": ["apiKey"],
}


def _documented(api: ResourceServer, version: str, scheme: str, issuer: LocalIssuer) -> dict[str, Any]:
    options: dict[str, Any] = {"token_header": "Cf-Access-Jwt-Assertion"} if scheme == "apiKey" else {}
    app = FastAPI(middleware=[Middleware(AccessTokenMiddleware, resource_server=api, **options)])
    app.openapi_version = version
    app.add_api_route("/orders/{number:int}", endpoint, dependencies=[Depends(require(REQUIREMENT, resource_server=api))])
    places: dict[str, str] = {}
    if scheme == "oauth2":
        places = {"authorization_url": issuer.authorization_endpoint, "token_url": issuer.token_endpoint}
    document_security(app, api, flows=FLOWS, scopes={"api://orders/.default": ""}, **places)
    return app.openapi()


def test_the_document_of_the_sample_is_valid(needed: Callable[[str], Any]) -> None:
    needed("openapi_spec_validator").validate(sample("fastapi_app.production").app.openapi())


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_each_kind_of_scheme_is_valid(scheme: str, version: str, needed: Callable[[str], Any]) -> None:
    issuer = LocalIssuer()
    trusted = Issuer(issuer.issuer, jwks=issuer.jwks()) if scheme == "http" else issuer.trusted()
    api = ResourceServer(trusted, "api://orders", transport=httpx.ASGITransport(issuer))
    document = _documented(api, version, scheme, issuer)

    needed("openapi_spec_validator").validate(document)
    assert [one["type"] for one in document["components"]["securitySchemes"].values()] == SCHEMES[scheme]
