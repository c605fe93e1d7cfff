"""What the servers serve: each framework's small application behind its policy, told apart by ``Host``.

``HOSTED_KEYS`` names a file with the issuer's keys, ``HOSTED_ROOT_PATH`` what the middleware is told.
"""

import json
import os
from pathlib import Path
from typing import Any

from starlette.types import Receive, Scope, Send

from bearerguard import AccessTokenMiddleware, Issuer, ResourceServer
from bearerguard.testing import LocalIssuer
from frameworks.small_apps import APPS, POLICY, django_urls


def _guarded() -> dict[bytes, Any]:
    keys = json.loads(Path(os.environ["HOSTED_KEYS"]).read_text())
    api = ResourceServer(Issuer(LocalIssuer().issuer, jwks=keys), "api://orders")
    told = os.environ.get("HOSTED_ROOT_PATH")
    apps = {name: make() for name, make in APPS.items() if name != "django"} | {"django": _django()}
    return {
        name.encode(): AccessTokenMiddleware(app, resource_server=api, policy=POLICY, root_path=told)
        for name, app in apps.items()
    }


def _django() -> Any:
    """With its URLs for good: requests overlap here."""
    urls = django_urls()
    from django.core.asgi import get_asgi_application
    from django.test.utils import override_settings

    override_settings(ROOT_URLCONF=urls).enable()
    return get_asgi_application()


_APPS = _guarded()


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    host = dict(scope["headers"])[b"host"]
    await _APPS[host.partition(b".")[0]](scope, receive, send)
