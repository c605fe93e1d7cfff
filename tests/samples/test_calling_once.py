"""The sample ``calling_once``: the token that opened the API opens it no longer."""

import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bearerguard import AccessTokenMiddleware, ClientCredentials, Introspection, ResourceServer, authenticated, requires
from bearerguard.testing import LocalClient, LocalIssuer
from support.sample_files import sample
from support.servers import serve

pytestmark = pytest.mark.socket


def test_the_job_calls_once_and_leaves_no_token_behind(capsys: pytest.CaptureFixture[str]) -> None:
    issuer = LocalIssuer(clients=[LocalClient("job", "secret", opaque_tokens=True)])
    network = httpx.ASGITransport(issuer)
    asked = Introspection(issuer.introspection_endpoint, client_id="job", client_secret="secret", cache_for=0)
    api = ResourceServer(audience="api://orders", introspection=asked, transport=network)
    tokens: list[str] = []

    @requires(authenticated())
    async def orders(request: Request) -> JSONResponse:
        tokens.append(request.headers["Authorization"].removeprefix("Bearer "))
        return JSONResponse({"orders": []})

    guard = Middleware(AccessTokenMiddleware, resource_server=api)
    auth = ClientCredentials(
        token_endpoint=issuer.token_endpoint,
        client_id="job",
        client_secret="secret",
        metadata_url=issuer.metadata_url,
        transport=network,
        insecure_allow_http=True,
    )
    with serve(Starlette(routes=[Route("/orders", orders)], middleware=[guard])) as base_url:
        asyncio.run(sample("calling_once").main(auth, base_url))
        answer = httpx.get(f"{base_url}/orders", headers={"Authorization": f"Bearer {tokens[0]}"}, trust_env=False)

    assert capsys.readouterr().out == "{'orders': []}\n"
    assert (answer.status_code, answer.json()["code"]) == (401, "inactive_token")
