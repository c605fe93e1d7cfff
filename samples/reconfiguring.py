"""Other issuers without a restart: each worker looks at a file, and exchanges whom the API trusts when it changes."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette

from bearerguard import ResourceServer, oidc

FILE = Path("/etc/orders/trust.json")  # {"BEARERGUARD_API_PRESET": "oidc", "BEARERGUARD_API_ISSUER": …}
api = ResourceServer(issuers=[oidc("https://issuer.example")], audience="api://orders")


def trust(file: Path) -> None:
    """All of it or nothing: a wrong file is logged, and the old settings stay."""
    try:
        fresh = ResourceServer.from_env(json.loads(file.read_text()))
        api.reconfigure(issuers=fresh.issuers, audience=fresh.audience)
    except Exception:
        logging.getLogger("orders").exception("the API goes on to trust %s", api.issuers)


def changed_at(file: Path) -> int:
    """When it was written; 0 where it is missing, which changes nothing."""
    return file.stat().st_mtime_ns if file.exists() else 0


async def follow(file: Path) -> None:
    """Looks every five seconds."""
    seen = 0
    while True:
        seen, before = changed_at(file), seen
        if seen not in (0, before):
            trust(file)
        await asyncio.sleep(5)


@asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncIterator[None]:
    """Follows the file for as long as the application runs."""
    task = asyncio.create_task(follow(FILE))
    try:
        yield
    finally:
        task.cancel()
