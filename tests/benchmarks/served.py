"""``python -m benchmarks.served NAME LOOP``: one application under uvicorn, for a load generator outside.

Writes one line, the port and a token, as soon as it listens, and serves until its standard input ends. It runs on the first core
that the process may use; the load generator gets another.
"""

import os
import socket
import sys
import threading

import uvicorn
from starlette.types import ASGIApp

from benchmarks.fastapi_routes import bare_fastapi, required_app
from benchmarks.setting import Setting
from benchmarks.warm import bare_app, decorated_app, policy_app

NAMES = ("starlette", "starlette decorator", "starlette policy", "fastapi", "fastapi policy", "fastapi require", "starlette cold")


def _app(name: str, setting: Setting) -> ASGIApp:
    framework, _, protection = name.partition(" ")
    if not protection:
        return bare_app() if framework == "starlette" else bare_fastapi()
    server = setting.server(token_cache_size=0 if protection == "cold" else 10_000)
    if protection == "policy":
        return policy_app(server, bare_app() if framework == "starlette" else bare_fastapi())
    return decorated_app(server) if framework == "starlette" else required_app(server)


def main() -> None:
    """Serve."""
    core = min(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    setting = Setting(rounds=0)
    app = _app(sys.argv[1], setting)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # asyncio does so for sockets that it makes itself
    config = uvicorn.Config(app, loop=sys.argv[2], http="httptools", log_level="warning", access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    threading.Thread(target=_end_with_input, args=(server,), daemon=True).start()
    print(listener.getsockname()[1], setting.token, flush=True)
    server.run(sockets=[listener])


def _end_with_input(server: uvicorn.Server) -> None:
    sys.stdin.read()
    server.should_exit = True


if __name__ == "__main__":
    main()
