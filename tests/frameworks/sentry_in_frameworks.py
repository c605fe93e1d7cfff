"""Sentry's integrations of Litestar, Quart and Django, and what it does by itself in BlackSheep.

Prints the status of each answer and the exceptions that were reported. With ``ignore``, Sentry is told to ignore refusals.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import sentry_sdk

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[1]))

from bearerguard import AccessTokenMiddleware, Issuer, Refusal, ResourceServer
from bearerguard.testing import LocalIssuer
from frameworks.connection import exchange
from frameworks.refusing_apps import APPS, POLICY
from frameworks.sentry_app import Kept, reported
from support.asgi import http_scope


async def main() -> dict[str, Any]:
    """Sends two requests to each: one is refused by its view, one fails."""
    issuer = LocalIssuer()
    api = ResourceServer(Issuer(issuer.issuer, jwks=issuer.jwks()), "api://orders")
    token = [(b"authorization", b"Bearer " + issuer.mint("noroles").encode())]
    found = {}
    for name, make in APPS.items():
        app = AccessTokenMiddleware(make(), resource_server=api, policy=POLICY)
        for path in ("/refused", "/broken"):
            reported.clear()
            answer = await exchange(app, http_scope("GET", path, token))
            found[name + path] = [answer.status, list(reported)]
    return found


if __name__ == "__main__":
    ignored: list[type[BaseException] | str] = [Refusal] if "ignore" in sys.argv else []
    sentry_sdk.init(dsn="https://key@sentry.test/1", transport=Kept, traces_sample_rate=0.0, ignore_errors=ignored)
    print(json.dumps(asyncio.run(main())))
