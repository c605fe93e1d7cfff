"""The API under load: what each worker counts, and its audit log, go to the folder ``SOAK_HOME`` when it stops.

``SOAK_ISSUERS`` names the issuers' addresses, with spaces between them.
"""

import json
import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bearerguard import AccessTokenMiddleware, Event, ResourceServer, oidc, public, requires, role
from bearerguard.audit_log import AuditLog

REMEMBERED = 500
"""Tokens: so few that the cache is full before memory is measured."""

_home = Path(os.environ["SOAK_HOME"])
_counted: Counter[str] = Counter()


def count(event: Event) -> None:
    """One more answer of this kind."""
    if event.name.startswith("request_"):
        _counted[f"{event.status} {event.code}".strip()] += 1


_audit = AuditLog(_home / f"{os.getpid()}.audit")
api = ResourceServer(
    [oidc(url, insecure_allow_http=True) for url in os.environ["SOAK_ISSUERS"].split()],
    "api://orders",
    token_cache_size=REMEMBERED,
    on_event=[count, _audit],
)


@requires(role("Read.All"))
async def orders(request: Request) -> Response:
    return JSONResponse({"caller": request.user.display_name})


@requires(role("Admin.All"))
async def admin(request: Request) -> Response:
    raise AssertionError("nobody has this role")


@public
async def health(request: Request) -> Response:
    return JSONResponse({"well": True})


@asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncIterator[None]:
    (_home / f"{os.getpid()}.worker").touch()
    yield
    (_home / f"{os.getpid()}.counted").write_text(json.dumps(_counted))
    _audit.close()


app = Starlette(
    routes=[Route("/orders", orders), Route("/admin", admin), Route("/health", health)],
    middleware=[Middleware(AccessTokenMiddleware, resource_server=api)],
    lifespan=lifespan,
)
