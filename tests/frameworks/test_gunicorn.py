"""``gunicorn --preload``: workers are forked from a process that has a token, or is asking for one."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from bearerguard.testing import LocalIssuer
from support.servers import serve

pytestmark = [pytest.mark.frameworks, pytest.mark.socket]

HERE = Path(__file__).parent


@contextmanager
def gunicorn(home: Path, environ: dict[str, str]) -> Iterator[str]:
    """Two workers on a socket that listens already, for the length of the block."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener, (home / "log").open("w") as log:
        listener.set_inheritable(True)
        command = [sys.executable, "-m", "gunicorn", "--preload", "--workers", "2", "--bind", f"fd://{listener.fileno()}"]
        process = subprocess.Popen(
            [*command, "preloaded_app:application"],
            cwd=HERE,
            env={**os.environ, "HOME": str(home), **environ},
            pass_fds=[listener.fileno()],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            process.terminate()
            try:
                process.wait(40)  # it gives its workers half a minute
            finally:
                process.kill()


@pytest.mark.parametrize("transport", ["own", "http2"])
@pytest.mark.parametrize("preload", ["before", "meanwhile"])
def test_workers_obtain_tokens_of_their_own(needed: Callable[[str], Any], tmp_path: Path, preload: str, transport: str) -> None:
    needed("gunicorn")
    issuer = LocalIssuer()
    if preload == "meanwhile":
        issuer.slow(0.3, "token")
    with serve(issuer, server="hypercorn") as url:
        environ = {
            "BEARERGUARD_TOKEN_ENDPOINT": f"{url}/token",
            "BEARERGUARD_CLIENT_ID": "reader",
            "BEARERGUARD_CLIENT_SECRET": "reader-secret",
            "BEARERGUARD_INSECURE_ALLOW_HTTP": "1",
            "PRELOAD": preload,
            "TRANSPORT": transport,
        }
        with gunicorn(tmp_path, environ) as app, httpx.Client(base_url=app, timeout=30, trust_env=False) as client:
            for _ in range(6):
                assert client.get("/", headers={"Connection": "close"}).status_code == 200, (tmp_path / "log").read_text()
        assert issuer.requests["token"] >= 6
