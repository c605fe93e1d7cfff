"""The service behind the proxies: it tells what it got, octet by octet, and judges nothing."""

import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from support.raw_server import raw_server

_END: Final = b"\r\n\r\n"
_ACCEPT: Final = (
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
)
"""Of the key in RFC 6455 §1.3."""


@dataclass(frozen=True, slots=True)
class Got:
    """One request as the service got it."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False, default=b"")

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for found, value in self.headers if found.lower() == name.lower()]


class Echo:
    """Serves every request, with the status that its query asks for, and keeps what it got.

    Attributes:
        got: The requests, in order.
    """

    def __init__(self) -> None:
        self.got: list[Got] = []

    def __call__(self, connection: socket.socket, _stopping: threading.Event) -> None:
        """Serve one request and close the connection."""
        received = b""
        while _END not in received:
            octets = connection.recv(65_536)
            if not octets:
                return
            received += octets
        head, _, rest = received.partition(_END)
        line, *fields = head.decode("latin-1").split("\r\n")
        method, _, rest_of_line = line.partition(" ")
        target = rest_of_line.rpartition(" ")[0]  # a blank in it would be handed on by some
        headers = tuple((name, value.strip()) for name, _, value in (one.partition(":") for one in fields))
        got = Got(method, target, headers, _body(connection, head.lower(), rest))
        self.got.append(got)
        if any(value.lower() == "websocket" for value in got.all("upgrade")):
            connection.sendall(_ACCEPT + b"X-Served: yes\r\n\r\n")
            return
        body = json.dumps({"method": method, "target": target}).encode()
        status = re.search(r"[?&]status=(\d{3})$", target)
        line = f"HTTP/1.1 {status[1] if status else 200} As asked"
        answer = f"{line}\r\nConnection: close\r\nX-Served: yes\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        connection.sendall(answer + (b"" if method == "HEAD" else body))

    def taken(self) -> list[Got]:
        """The requests since the last call."""
        got = self.got.copy()
        self.got.clear()
        return got


def _body(connection: socket.socket, head: bytes, rest: bytes) -> bytes:
    length = re.search(rb"\r\ncontent-length: *(\d+)", head)
    is_chunked = b"\r\ntransfer-encoding: chunked" in head
    while (is_chunked and not re.search(rb"(?:^|\n)0\r\n(?:.+\r\n)*\r\n", rest)) or (
        length is not None and len(rest) < int(length[1])
    ):
        octets = connection.recv(65_536)
        if not octets:
            break
        rest += octets
    return rest


@contextmanager
def echoing() -> Iterator[tuple[Echo, int]]:
    """The service and its port, for the length of the block."""
    echo = Echo()
    with raw_server(echo) as server:
        yield echo, server.port
