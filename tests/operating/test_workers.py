"""Several workers, each a process: one audit log, one denylist, and SIGTERM in the end."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from bearerguard.testing import LocalIssuer

pytestmark = [pytest.mark.operating, pytest.mark.socket]

HERE: Final = Path(__file__).parent
APP: Final = "audited_app:app"
SERVERS: Final = {
    "uvicorn": ("uvicorn", APP, "--workers=2", "--fd={fd}"),
    "gunicorn, preloaded": ("gunicorn", APP, "--preload", "--workers=2", "--worker-class=asgi", "--bind=fd://{fd}"),
    "gunicorn with uvicorn": (
        *("gunicorn", APP, "--workers=2", "--bind=fd://{fd}"),
        "--worker-class=uvicorn_worker.UvicornWorker",
    ),
    "hypercorn": ("hypercorn", APP, "--workers=2", "--bind=fd://{fd}"),
}
PATIENCE: Final = 60.0


@contextmanager
def workers(server: str, home: Path, issuer: LocalIssuer) -> Iterator[httpx.Client]:
    """A client of two workers, which are told to end after the block, and have ended then."""
    command = SERVERS[server]
    (home / "denylist.jsonl").touch()
    environ = {
        "KEYS": json.dumps(issuer.jwks()),
        "AUDIT_LOG": str(home / "audit.jsonl"),
        "DENYLIST": str(home / "denylist.jsonl"),
        "HOME": str(home),
    }
    with closing(socket.create_server(("127.0.0.1", 0))) as listener, (home / "log").open("w") as log:
        fd, port = listener.fileno(), listener.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-m", *(part.format(fd=fd) for part in command)],
            cwd=HERE,
            env={**os.environ, **environ},
            pass_fds=[fd],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE, trust_env=False) as client:
                yield client
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)
        finally:
            process.kill()
            process.wait()


def asked(client: httpx.Client, token: str, path: str = "/orders", method: str = "GET") -> httpx.Response:
    """On a connection of its own, so that either worker may take it."""
    return client.request(method, path, headers={"Authorization": f"Bearer {token}", "Connection": "close"})


@pytest.mark.parametrize("server", SERVERS)
def test_every_request_of_every_worker_has_its_line_after_sigterm(
    needed: Callable[[str], Any], tmp_path: Path, server: str
) -> None:
    for name in (SERVERS[server][0], "uvicorn_worker" if "with uvicorn" in server else "bearerguard"):
        needed(name)
    issuer = LocalIssuer()
    token = issuer.mint()
    with workers(server, tmp_path, issuer) as client:
        answers = [asked(client, token if number % 3 else "x") for number in range(300)]

    assert {answer.status_code for answer in answers} == {200, 401}, (tmp_path / "log").read_text()
    lines = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["verdict"] for line in lines].count("accepted") == 200
    assert [line["reason"] for line in lines].count("opaque_token") == 100


@pytest.mark.parametrize("server", ["uvicorn", "gunicorn, preloaded"])
def test_what_one_worker_revokes_all_of_them_refuse(needed: Callable[[str], Any], tmp_path: Path, server: str) -> None:
    needed(SERVERS[server][0])
    issuer = LocalIssuer()
    token, revoker = issuer.mint(claims={"sub": "ann"}), issuer.mint(roles=["Write.All"], claims={"sub": "ops"})
    with workers(server, tmp_path, issuer) as client:
        pids: set[str] = set()
        end = time.monotonic() + PATIENCE
        while len(pids) < 2 and time.monotonic() < end:
            pids.add(asked(client, token).text)
        assert len(pids) == 2, "one worker alone takes requests"
        assert asked(client, revoker, "/revoke/ann", "POST").status_code == 200
        good = 0
        while good < 20 and time.monotonic() < end:
            good = good + 1 if asked(client, token).status_code == 401 else 0

        assert good == 20
        assert asked(client, issuer.mint(claims={"sub": "bob"})).status_code == 200
