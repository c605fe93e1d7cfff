"""Paths that only HTTP/2 can carry, on hypercorn: the octets of ``:path`` may be any, and no request line limits them."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bearerguard.testing import LocalIssuer
from frameworks.server_processes import running

pytestmark = [pytest.mark.frameworks, pytest.mark.socket]

PATIENCE = 60.0
WORKERS = ("hypercorn", "hypercorn-trio")
ODD = (b"files", b"*", b"http://api.test/files", b"//[", b"/%ff", b"/files;x", b"/files\\x", b"/open/../files", b"/files#/public")
NOT_ASCII = (b"/files/\xff", b"/\xc3\xa9", b"/open/\xff")
NOBODY = 0


@pytest.fixture
def keys(issuer: LocalIssuer, tmp_path: Path) -> Path:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps(issuer.jwks()))
    return file


@pytest.fixture(params=WORKERS)
def worker(request: pytest.FixtureRequest, keys: Path, needed: Callable[[str], Any]) -> Iterator[tuple[str, int]]:
    for module in ("hypercorn", "h2", "trio", "litestar", "quart", "django", "blacksheep"):
        needed(module)
    with running(request.param, keys) as port:
        yield request.param, port


def status_of(port: int, path: bytes) -> int:
    """The status of a GET without a token; ``NOBODY`` where the connection ends without one."""
    from h2.config import H2Configuration
    from h2.connection import H2Connection
    from h2.events import ConnectionTerminated, ResponseReceived, StreamReset

    client = H2Connection(
        H2Configuration(header_encoding=None, normalize_outbound_headers=False, validate_outbound_headers=False)
    )
    client.initiate_connection()
    pseudo = {b":method": b"GET", b":authority": b"starlette.test", b":scheme": b"http", b":path": path}
    client.send_headers(1, list(pseudo.items()), end_stream=True)
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(client.data_to_send())
        while data := _received(connection):
            for event in client.receive_data(data):
                if isinstance(event, ResponseReceived):
                    return int(dict(event.headers)[b":status"])
                if isinstance(event, ConnectionTerminated | StreamReset):
                    return NOBODY
            connection.sendall(client.data_to_send())
    return NOBODY


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except ConnectionResetError:
        return b""


def _listens(port: int) -> bool:
    """Whether anybody does; a worker that ends may take a moment."""
    for _ in range(1200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except OSError:
            return False
        time.sleep(0.05)
    return True


def test_an_odd_path_is_judged_like_any(worker: tuple[str, int]) -> None:
    _, port = worker

    assert status_of(port, b"/files/x/public") == 200
    assert [path for path in ODD if status_of(port, path) not in (400, 401, 403)] == []


def test_a_path_that_is_not_ascii_reaches_nobody(worker: tuple[str, int], keys: Path) -> None:
    """hypercorn decodes it before it calls the application, and closes the connection when that fails.

    Its trio worker ends altogether. If that fails here, hypercorn has mended it, and the page of the room may say so.
    """
    name, port = worker
    if name == "hypercorn-trio":
        assert status_of(port, NOT_ASCII[0]) == NOBODY
        assert not _listens(port)
    else:
        assert [status_of(port, path) for path in NOT_ASCII] == [NOBODY] * len(NOT_ASCII)
        assert status_of(port, b"/files") == 401

    log = keys.with_suffix(f".{name}.log").read_text()
    assert "UnicodeDecodeError" in log
    assert "bearerguard/web" not in log.replace("\\", "/")
