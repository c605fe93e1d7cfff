"""An ASGI application over https on ``localhost``, under uvicorn with a certificate of the test authority."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import uvicorn
from starlette.types import ASGIApp

from support.certificates import Certificates


@contextmanager
def serve_securely(app: ASGIApp, certificates: Certificates) -> Iterator[str]:
    """Serves ``app`` in a thread of its own for the length of the block; yields ``https://localhost:<port>``.

    The socket listens before the server starts: the kernel keeps an early connection until the server accepts it.
    """
    config = uvicorn.Config(
        app,
        ssl_certfile=certificates.server,
        ssl_keyfile=certificates.server_key,
        headers=[("Connection", "close")],  # a server that stops would wait for clients that keep a TLS connection open
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(config)
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="uvicorn over https")
        thread.start()
        try:
            yield f"https://localhost:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
