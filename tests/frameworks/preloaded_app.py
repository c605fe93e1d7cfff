"""A WSGI application under ``gunicorn --preload``: its token is obtained before the workers are forked, or meanwhile."""

import os
import threading
from collections.abc import Callable, Iterable
from typing import Any

import httpx

from bearerguard import ClientCredentials

TRANSPORTS: dict[str, Callable[[], Any]] = {
    "own": lambda: None,
    "http2": lambda: httpx.AsyncHTTPTransport(http1=False, http2=True),
}

auth = ClientCredentials.from_env(transport=TRANSPORTS[os.environ["TRANSPORT"]]())
if os.environ["PRELOAD"] == "before":
    auth.token_sync()
else:
    threading.Thread(target=auth.token_sync, daemon=True).start()


def application(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Obtains a new token, and says which process did."""
    auth.drop(auth.token_sync())
    auth.token_sync()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{os.getpid()}".encode()]
