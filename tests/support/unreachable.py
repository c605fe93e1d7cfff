"""Issuers on real sockets that cannot be reached for a while: nobody listens, no TLS to be trusted, no address for the name."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Final

import httpx
import pytest

from support.certificates import Certificates, make_certificates
from support.raw_server import Behaviour, hanging, over_tls, raw_server

NO_ADDRESS: Final = "issuer.invalid"
"""RFC 6761 §6.4: names under ``invalid`` never have one."""


@dataclass(frozen=True)
class Reachable:
    """An issuer that can be reached until it is lost.

    Attributes:
        url: Where its key set is.
        lose: Makes it unreachable, for new connections.
        regain: The opposite.
        transport: What a resource server has to use to lose it; ``None``: its own.
    """

    url: str
    lose: Callable[[], None]
    regain: Callable[[], None]
    transport: httpx.AsyncBaseTransport | None = None


class _Port:
    """A loopback port that nobody else gets, whether or not there is a listener on it."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._kept = socket.socket()
        self._kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._kept.bind(("127.0.0.1", 0))  # and never listens: without another socket that does, connections are refused
        self.address: tuple[str, int] = self._kept.getsockname()
        self._listener: _Listener | None = None

    def open(self) -> None:
        """Listen."""
        self._listener = _Listener(self.address, self._behaviour)

    def shut(self) -> None:
        """Listen no longer; what is being served is served to its end."""
        if self._listener:
            self._listener.end()
        self._listener = None

    def close(self) -> None:
        """Give the port up."""
        self.shut()
        self._kept.close()


class _Listener(ThreadingTCPServer):
    allow_reuse_address = True
    allow_reuse_port = True

    def __init__(self, address: tuple[str, int], behaviour: Behaviour) -> None:
        class Handler(BaseRequestHandler):
            def handle(self) -> None:
                behaviour(self.request, threading.Event())

        super().__init__(address, Handler)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,))
        self._thread.start()

    def end(self) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


@contextmanager
def refused(answer: Behaviour, _folder: Path) -> Iterator[Reachable]:
    """Lost: nobody listens. Regained: somebody listens on the same port again."""
    with closing(_Port(answer)) as port:
        port.open()
        yield Reachable("http://{}:{}/jwks".format(*port.address), port.shut, port.open)


@contextmanager
def without_trust(answer: Behaviour, folder: Path) -> Iterator[Reachable]:
    """Lost: another certificate for the same names, which an authority unknown to the client vouches for."""
    (folder / "other").mkdir()
    other = over_tls(_server_side(make_certificates(folder / "other")), answer)
    with _over_tls(answer, folder, other) as reachable:
        yield reachable


@contextmanager
def _over_tls(answer: Behaviour, folder: Path, lost: Behaviour) -> Iterator[Reachable]:
    certificates = make_certificates(folder)
    good = over_tls(_server_side(certificates), answer)
    with pytest.MonkeyPatch.context() as environment, raw_server(good) as server:
        environment.setenv("SSL_CERT_FILE", str(certificates.authority))  # the resource server's own transport trusts it
        yield Reachable(server.url.replace("http:", "https:"), partial(server.behave, lost), partial(server.behave, good))


def without_tls(answer: Behaviour, folder: Path) -> AbstractContextManager[Reachable]:
    """Lost: plain http where TLS was."""
    return _over_tls(answer, folder, _plain_http)


def without_handshake(answer: Behaviour, folder: Path) -> AbstractContextManager[Reachable]:
    """Lost: connections are accepted, and no handshake follows."""
    return _over_tls(answer, folder, hanging)


@contextmanager
def without_address(answer: Behaviour, _folder: Path) -> Iterator[Reachable]:
    """Lost: the real transport is sent to a host whose name has no address."""
    transport = _Misled()
    with raw_server(answer) as server:
        yield Reachable(server.url, partial(transport.mislead, NO_ADDRESS), partial(transport.mislead, None), transport)


class _Misled(httpx.AsyncBaseTransport):
    """httpx's own transport, which can be sent to another host than it was asked for."""

    def __init__(self) -> None:
        self._transport = httpx.AsyncHTTPTransport()
        self._host: str | None = None

    def mislead(self, host: str | None) -> None:
        self._host = host

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._host:
            request.url = request.url.copy_with(host=self._host)
        return await self._transport.handle_async_request(request)


def _plain_http(connection: socket.socket, _stopping: threading.Event) -> None:
    """What an HTTP server answers to the octets of a handshake."""
    connection.recv(65_536)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")


def _server_side(certificates: Certificates) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server, certificates.server_key)
    return context


UNREACHABLE: Final[dict[str, Callable[[Behaviour, Path], AbstractContextManager[Reachable]]]] = {
    "connection-refused": refused,
    "certificate-not-trusted": without_trust,
    "no-tls": without_tls,
    "no-handshake": without_handshake,
    "no-address": without_address,
}
"""Ways to be unreachable, with what is answered while reachable and an empty folder for certificates."""
