"""A cold start in a process of its own, which has imported nothing yet: what a worker does first, and how long its loop stalls.

Run as a program: reads ``{"issuer": …, "audience": …, "tokens": […]}``, writes ``{"accepted": …, "longest": …}``.
"""

import json
import sys
from pathlib import Path
from typing import Any

import anyio

from bearerguard import Issuer, Principal, ResourceServer
from support.lag import watched_loop


async def start(issuer: str, audience: str, tokens: list[str], *, backend: str) -> dict[str, Any]:
    """Send all tokens at once to a server that has just been built, in a fresh process."""
    given = json.dumps({"issuer": issuer, "audience": audience, "tokens": tokens})
    path = str(Path(__file__).parent.parent)
    program = f"import sys; sys.path.insert(0, {path!r}); from support.fresh_process import main; main({backend!r})"
    ended = await anyio.run_process([sys.executable, "-c", program], input=given.encode(), stderr=None)
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def main(backend: str) -> None:
    """The program. The server is built before there is an event loop, as applications do."""
    given = json.load(sys.stdin)
    trusted = Issuer(given["issuer"], insecure_allow_http=True)
    server = ResourceServer(trusted, given["audience"])
    anyio.run(_requests, server, given["tokens"], backend=backend)


async def _requests(server: ResourceServer, tokens: list[str]) -> None:
    principals: list[Principal] = []

    async def request(token: str) -> None:
        principals.append(await server.authenticate(token))

    async with watched_loop() as lag, anyio.create_task_group() as requests:
        for token in tokens:
            requests.start_soon(request, token)
    print(json.dumps({"accepted": len(principals), "longest": lag.longest}))
