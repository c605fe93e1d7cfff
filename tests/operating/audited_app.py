"""An API with an audit log, and a denylist in a file, as several workers run it."""

import json
import os

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bearerguard import AccessTokenMiddleware, Issuer, ResourceServer, requires, role
from bearerguard.audit_log import AuditLog
from bearerguard.revocation import Denylist

denylist = Denylist.from_file(os.environ["DENYLIST"])
api = ResourceServer(
    Issuer("https://issuer.test", jwks=json.loads(os.environ["KEYS"])),
    "api://orders",
    on_event=AuditLog(os.environ["AUDIT_LOG"]),
    revoked=denylist,
)


@requires(role("Read.All"))
async def orders(_request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(os.getpid()))


@requires(role("Write.All"))
async def revoke(request: Request) -> PlainTextResponse:
    denylist.revoke(subject=request.path_params["subject"])
    return PlainTextResponse(str(os.getpid()))


app = Starlette(
    routes=[Route("/orders", orders), Route("/revoke/{subject}", revoke, methods=["POST"])],
    middleware=[Middleware(AccessTokenMiddleware, resource_server=api)],
)
