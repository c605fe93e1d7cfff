"""The servers people run, each as a process of its own on a loopback socket."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

APP: Final = "frameworks.hosted:app"
_TESTS: Final = Path(__file__).parents[1]
_WAIT: Final = 0.05
_TRIES: Final = 1200
_PATIENCE: Final = 90.0  # some listen long before they have loaded the application

# Command after `python -m`, with the port in place of {port}; the module that must be installed comes first.
SERVERS: Final[Mapping[str, tuple[str, ...]]] = {
    "uvicorn-h11": ("uvicorn", APP, "--port={port}", "--http=h11", "--no-access-log"),
    "uvicorn-httptools": ("uvicorn", APP, "--port={port}", "--http=httptools", "--no-access-log"),
    "hypercorn": ("hypercorn", APP, "--bind=127.0.0.1:{port}"),
    "hypercorn-trio": ("hypercorn", APP, "--bind=127.0.0.1:{port}", "--worker-class=trio"),
    "granian": ("granian", APP, "--port={port}", "--interface=asgi", "--no-access-log"),
    "daphne": ("daphne", APP, "--port={port}", "--verbosity=0"),
    "gunicorn-asgi": ("gunicorn", APP, "--bind=127.0.0.1:{port}", "--timeout=120", "--worker-class=asgi"),
    "gunicorn-uvicorn": (
        *("gunicorn", APP, "--bind=127.0.0.1:{port}", "--timeout=120"),
        "--worker-class=uvicorn_worker.UvicornWorker",
    ),
}
ROOT_PATH_OPTIONS: Final = {
    "uvicorn-h11": "--root-path=/v1",
    "uvicorn-httptools": "--root-path=/v1",
    "hypercorn": "--root-path=/v1",
    "granian": "--url-path-prefix=/v1",
    "daphne": "--root-path=/v1",
}


@contextmanager
def running(server: str, keys: Path, *options: str, told: str | None = None) -> Iterator[int]:
    """A server for the length of the block; yields its port."""
    port = _free_port()
    command = [part.format(port=port) for part in SERVERS[server]]
    environment = os.environ | {"PYTHONPATH": f"{_TESTS}:{_TESTS.parent}", "HOSTED_KEYS": str(keys)}
    if told is not None:
        environment["HOSTED_ROOT_PATH"] = told
    log = keys.with_suffix(f".{server}.log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command, *options], env=environment, cwd=_TESTS, stdout=output, stderr=output
        )
        try:
            _wait_until_it_listens(process, port, log)
            yield port
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(_TRIES):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except OSError:
            try:
                process.wait(_WAIT)
            except subprocess.TimeoutExpired:
                continue
            break
        return
    raise AssertionError(f"the server does not listen: {log.read_text()}")


def request(port: int, target: str, headers: Mapping[str, str], *, body: bytes = b"", method: str = "GET") -> tuple[int, bytes]:
    """Status and body of one HTTP/1.1 request, written octet by octet: no client tidies its path. 0 where nobody answers."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    with socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE) as connection:
        connection.sendall("\r\n".join(lines).encode("latin-1") + body)
        answer = bytearray()
        while chunk := connection.recv(65536):
            answer += chunk
            if _is_whole(answer):
                break
    head, _, content = bytes(answer).partition(b"\r\n\r\n")
    return (int(head.split(b" ", 2)[1]) if head else 0), content


def _is_whole(answer: bytearray) -> bool:
    """Some servers leave the connection open behind a handshake, be it refused."""
    head, end, body = bytes(answer).partition(b"\r\n\r\n")
    length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
    return bool(end) and (head.startswith(b"HTTP/1.1 101") or (length is not None and len(body) >= int(length[1])))
