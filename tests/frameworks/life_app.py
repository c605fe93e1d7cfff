"""An API that tells which process served a request, and writes down each request that reached it.

``LIFE_ISSUER`` is the issuer's address, ``LIFE_DENYLIST`` a file of revoked tokens, ``LIFE_REACHED`` a folder where each
process writes the ids of requests. With ``LIFE_WARM`` the keys are fetched when the module is imported: before a fork.
"""

import os
from pathlib import Path

import anyio
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bearerguard import AccessTokenMiddleware, ResourceServer, oidc, requires, role
from bearerguard.revocation import Denylist

A_WHILE = 0.05
"""Seconds that an answer takes, so that some are under way at any time."""

api = ResourceServer(
    oidc(os.environ["LIFE_ISSUER"], insecure_allow_http=True),
    "api://orders",
    revoked=Denylist.from_file(os.environ["LIFE_DENYLIST"]),
)
if os.environ.get("LIFE_WARM"):
    anyio.run(api.warm_up)


def note(number: str) -> None:
    """Write down that a request got here."""
    with Path(os.environ["LIFE_REACHED"], str(os.getpid())).open("a") as reached:
        reached.write(f"{number}\n")


@requires(role("Read.All"))
async def orders(request: Request) -> Response:
    note(request.headers["x-request-id"])
    await anyio.sleep(A_WHILE)
    return JSONResponse({"worker": os.getpid()})


app = Starlette(
    routes=[Route("/orders", orders)],
    middleware=[Middleware(AccessTokenMiddleware, resource_server=api)],
)
