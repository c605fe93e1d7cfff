"""Applications with Sentry's own integrations: prints the status of each answer and the events that were reported."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import sentry_sdk
from fastapi import Depends, FastAPI
from sentry_sdk.transport import Transport
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bearerguard import AccessTokenMiddleware, Issuer, ResourceServer, authenticated, principal_of, public, requires, role
from bearerguard.fastapi import require
from bearerguard.testing import LocalIssuer

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.asgi import get

ADMIN = role("Admin.All")
reported: list[str] = []


class Kept(Transport):
    """Sends nothing."""

    def capture_envelope(self, envelope: Any) -> None:
        event = envelope.get_event()
        if event is not None:
            reported.append(event["exception"]["values"][-1]["type"])


@requires(ADMIN)
async def guarded(request: Request) -> Response:
    raise NotImplementedError


@requires(authenticated())
async def asks(request: Request) -> Response:
    return PlainTextResponse(principal_of(request.scope, ADMIN).display_name)


@public
async def broken(request: Request) -> Response:
    raise ZeroDivisionError


async def unreachable() -> None:
    raise NotImplementedError


def applications() -> dict[str, Starlette]:
    """One for each form of a guard, and one that fails."""
    fastapi = FastAPI(openapi_url=None)
    fastapi.add_api_route("/", unreachable, dependencies=[Depends(require(ADMIN))])
    return {
        "starlette, function": Starlette(routes=[Route("/", guarded)]),
        "starlette, principal_of": Starlette(routes=[Route("/", asks)]),
        "fastapi": fastapi,
        "broken": Starlette(routes=[Route("/", broken)]),
    }


async def main() -> dict[str, Any]:
    """Sends a request to each."""
    issuer = LocalIssuer()
    api = ResourceServer(Issuer(issuer.issuer, jwks=issuer.jwks()), "api://orders")
    token = [(b"authorization", b"Bearer " + issuer.mint("noroles").encode())]
    found = {}
    for name, app in applications().items():
        app.add_middleware(AccessTokenMiddleware, resource_server=api)
        reported.clear()
        try:
            status = (await get(app, "/", token)).status
        except ZeroDivisionError:  # as a server would see it
            status = 500
        found[name] = [status, list(reported)]
    return found


if __name__ == "__main__":
    sentry_sdk.init(dsn="https://key@sentry.test/1", transport=Kept, traces_sample_rate=0.0)
    print(json.dumps(asyncio.run(main())))
