"""A TCP server that answers octets of the test's choice: what no HTTP server can be brought to send."""

import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Final

Behaviour = Callable[[socket.socket, threading.Event], None]
"""Serves one accepted connection; ends soon once the event is set."""

_HEAD_END: Final = b"\r\n\r\n"


class RawServer:
    """A server on a loopback port.

    Attributes:
        behaviour: What happens to the next connections.
        connections: How many were accepted.
        port: Its port.
    """

    def __init__(self, listener: socket.socket, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.connections = 0
        self.port: int = listener.getsockname()[1]

    @property
    def url(self) -> str:
        """Where the key set would be."""
        return f"http://127.0.0.1:{self.port}/jwks"

    def behave(self, behaviour: Behaviour) -> None:
        """Behave so from now on."""
        self.behaviour = behaviour


@contextmanager
def raw_server(behaviour: Behaviour) -> Iterator[RawServer]:
    """Serves for the length of the block, each connection in a thread of its own."""
    stopping = threading.Event()
    threads: list[threading.Thread] = []
    with closing(socket.create_server(("127.0.0.1", 0), backlog=128)) as listener:
        server = RawServer(listener, behaviour)

        def accept() -> None:
            while True:
                connection, _ = listener.accept()
                if stopping.is_set():
                    connection.close()
                    return
                server.connections += 1
                threads.append(threading.Thread(target=_serve, args=(connection, server.behaviour, stopping)))
                threads[-1].start()

        threads.append(threading.Thread(target=accept))
        threads[0].start()
        try:
            yield server
        finally:
            stopping.set()
            socket.create_connection(listener.getsockname()).close()  # wakes who accepts
            for thread in threads:
                thread.join()


def _serve(connection: socket.socket, behaviour: Behaviour, stopping: threading.Event) -> None:
    with connection:
        connection.settimeout(5.0)
        try:
            behaviour(connection, stopping)
        except OSError:
            return  # the client went away first: that is what many of these tests are about


def answering(octets: bytes) -> Behaviour:
    """Reads the request and sends these octets."""

    def behaviour(connection: socket.socket, _stopping: threading.Event) -> None:
        _read_request(connection)
        connection.sendall(octets)

    return behaviour


def json_answer(body: bytes) -> Behaviour:
    """A plain good answer."""
    return answering(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))


def over_tls(context: ssl.SSLContext, behaviour: Behaviour) -> Behaviour:
    """Behaves so once the client has shaken hands, if it does."""

    def shaking_hands(connection: socket.socket, stopping: threading.Event) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            behaviour(secured, stopping)

    return shaking_hands


def trickling(octets: bytes, interval: float = 0.2) -> Behaviour:
    """Reads the request and sends one octet at a time."""

    def behaviour(connection: socket.socket, stopping: threading.Event) -> None:
        _read_request(connection)
        for octet in octets:
            if stopping.wait(interval):
                return
            connection.sendall(bytes([octet]))

    return behaviour


def endless(start: bytes, chunk: bytes) -> Behaviour:
    """Reads the request, sends ``start``, and then ``chunk`` for ever."""

    def behaviour(connection: socket.socket, stopping: threading.Event) -> None:
        _read_request(connection)
        connection.sendall(start)
        while not stopping.is_set():
            connection.sendall(chunk)

    return behaviour


def hanging(connection: socket.socket, stopping: threading.Event) -> None:
    """Accepts and never says anything."""
    stopping.wait()


def closing_at_once(connection: socket.socket, _stopping: threading.Event) -> None:
    """Accepts and closes."""


def resetting(connection: socket.socket, _stopping: threading.Event) -> None:
    """Accepts, reads the request and resets the connection."""
    _read_request(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def closed_port() -> int:
    """A port at which nobody listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port: int = listener.getsockname()[1]
        return port


def _read_request(connection: socket.socket) -> None:
    """The whole of it: a connection that is closed with octets unread is reset, and the answer may be lost."""
    received = b""
    while not _is_whole(received):
        octets = connection.recv(65_536)
        if not octets:
            return
        received += octets


def _is_whole(received: bytes) -> bool:
    head, end, body = received.partition(_HEAD_END)
    length = re.search(rb"\r\ncontent-length: *([0-9]+)", head.lower())
    return bool(end) and len(body) >= (int(length[1]) if length else 0)
