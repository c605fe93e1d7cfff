"""Requests written octet by octet, so that no client tidies them, and what comes back."""

import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from typing import Final

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, ResponseReceived, StreamReset
from h2.exceptions import ProtocolError

_PATIENCE: Final = 30.0
_USUAL: Final = (("Host", "orders.test"), ("Connection", "close"))
HANDSHAKE: Final = (
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a client got; status 0 where the connection was closed without an answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for found, value in self.headers if found.lower() == name.lower()]

    def one(self, name: str) -> str:
        """The only value of a header."""
        (value,) = self.all(name)
        return value


def ask(
    port: int,
    target: str,
    headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
    *,
    method: str = "GET",
    body: bytes = b"",
    patience: float = _PATIENCE,
) -> Reply:
    """One HTTP/1.1 request on a connection of its own."""
    sent = list(headers.items()) if isinstance(headers, Mapping) else list(headers)
    names = {name.lower() for name, _ in sent}
    sent = [
        (name, value) for name, value in (("Host", "orders.test"), ("Connection", "close")) if name.lower() not in names
    ] + sent
    if body and not names & {"transfer-encoding", "content-length"}:
        sent.append(("Content-Length", str(len(body))))
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in sent), "", ""]
    with socket.create_connection(("127.0.0.1", port), timeout=patience) as connection:
        connection.sendall("\r\n".join(lines).encode("latin-1") + body)
        response = HTTPResponse(connection, method=method)
        try:
            response.begin()
            content = b"" if response.status == 101 else response.read()
        except (HTTPException, ConnectionError):
            return Reply(0, (), b"")
        finally:
            response.close()
        return Reply(response.status, tuple(response.getheaders()), content)


def conversation(port: int, octets: bytes) -> bytes:
    """Everything that comes back until the connection is closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE) as connection:
        connection.sendall(octets)
        answers = b""
        try:
            while received := connection.recv(65_536):
                answers += received
        except ConnectionError:
            pass
        return answers


def open_over_http2(port: int, path: str, headers: Mapping[str, str]) -> Reply:
    """A websocket's handshake as a stream (RFC 8441), on a connection that begins with HTTP/2."""
    client = H2Connection(H2Configuration(validate_outbound_headers=False))
    client.initiate_connection()
    pseudo = {":method": "CONNECT", ":protocol": "websocket", ":scheme": "http", ":path": path, ":authority": "orders.test"}
    client.send_headers(
        1, [*pseudo.items(), ("sec-websocket-version", "13"), *((name.lower(), headers[name]) for name in headers)]
    )
    with socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE) as connection:
        connection.sendall(client.data_to_send())
        try:
            while octets := connection.recv(65_536):
                for event in client.receive_data(octets):
                    if isinstance(event, ResponseReceived):
                        answer = [(bytes(name).decode(), bytes(value).decode()) for name, value in event.headers]
                        return Reply(int(dict(answer)[":status"]), tuple(answer), b"")
                    if isinstance(event, (StreamReset, ConnectionTerminated)):
                        return Reply(0, (), b"")
                connection.sendall(client.data_to_send())
        except (ProtocolError, ConnectionError):
            pass
    return Reply(0, (), b"")
