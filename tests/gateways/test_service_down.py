"""No consent, no service: where ``forward_auth`` is down, slow, or answers what it would not, the request is refused."""

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest

from gateways.conftest import Gateway, standing
from gateways.wire import ask
from support.raw_server import Behaviour, RawServer, answering, closed_port, closing_at_once, hanging, raw_server, resetting

pytestmark = [pytest.mark.gateways, pytest.mark.socket]

_REFUSING: Final = answering(b"HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")

DOWN: Final = {"nginx": 503, "caddy": 502, "traefik": 500, "envoy": 503}
SLOW: Final = DOWN | {"caddy": 504}


def _status(line: str, *headers: str) -> Behaviour:
    lines = [f"HTTP/1.1 {line}", "Connection: close", "Content-Length: 2", *headers, "", "{}"]
    return answering("\r\n".join(lines).encode())


ODD: Final = {
    "closes": closing_at_once,
    "resets": resetting,
    "says nothing that is HTTP": answering(b"\x16\x03\x01\x00\x02ok\r\n\r\n"),
    "stops in its head": answering(b"HTTP/1.1 200 OK\r\nBearerguard-Prin"),
    "has a status of four digits": answering(b"HTTP/1.1 2000 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
    "redirects": _status("302 Found", "Location: /open/x"),
    "redirects to sign in": _status("307 Temporary Redirect", "Location: http://127.0.0.1:1/"),
    "has not changed": _status("304 Not Modified"),
    "400": _status("400 Bad Request"),
    "404": _status("404 Not Found"),
    "405": _status("405 Method Not Allowed"),
    "407": _status("407 Proxy Authentication Required"),
    "418": _status("418 I'm a teapot"),
    "429": _status("429 Too Many Requests", "Retry-After: 5"),
    "500": _status("500 Internal Server Error"),
    "502": _status("502 Bad Gateway"),
    "599": _status("599 Odd"),
    "names a caller without consent": _status("403 Forbidden", 'Bearerguard-Principal: {"client_id":"writer"}'),
    "says 200 in a header": _status("403 Forbidden", "Bearerguard-Status: 200"),
    "says 200 in a header of 401": _status("401 Unauthorized", "Bearerguard-Status: 200"),
}


@pytest.fixture(scope="module")
def judge() -> Iterator[RawServer]:
    with raw_server(_REFUSING) as server:
        yield server


@pytest.fixture(scope="module")
def behind(proxy: str, judge: RawServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """The proxy, asking what the test makes of ``judge``; it waits a second where that can be set."""
    judge.behave(_REFUSING)
    with standing(proxy, judge.port, tmp_path_factory, patience="1s") as gateway:
        yield gateway


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_answer_is_no_consent(behind: Gateway, judge: RawServer, odd: str) -> None:
    judge.behave(ODD[odd])
    reply = ask(behind.port, "/open/x", {"Authorization": "Bearer x"})

    assert behind.echo.taken() == []
    assert not 200 <= reply.status < 300
    assert reply.all("x-served") == []


@pytest.mark.parametrize("body", ["", "x"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_service_that_is_down_is_no_consent(
    proxy: str, tmp_path_factory: pytest.TempPathFactory, body: str, method: str
) -> None:
    with standing(proxy, closed_port(), tmp_path_factory, patience="1s") as gateway:
        reply = ask(gateway.port, "/open/x", method=method, body=body.encode())

        assert gateway.echo.taken() == []
        assert reply.status == DOWN[proxy]
        if proxy in {"nginx", "envoy"}:
            assert (reply.status, reply.one("retry-after")) == (503, "1")


def test_a_service_that_is_slow_is_no_consent(behind: Gateway, judge: RawServer) -> None:
    """Traefik waits for 30 seconds, which cannot be set: what it has not heard by then is cut off here."""
    released = threading.Event()

    def slow(connection: socket.socket, stopping: threading.Event) -> None:
        if behind.name == "traefik":
            released.wait(30)
        else:
            hanging(connection, stopping)

    judge.behave(slow)
    asked = judge.connections
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(ask, behind.port, "/open/x")
        _wait_for(lambda: judge.connections > asked)
        assert behind.echo.taken() == []
        released.set()
        reply = pending.result(30)

    assert behind.echo.taken() == []
    assert reply.status == SLOW[behind.name]


def _wait_for(condition: Callable[[], bool]) -> None:
    waited = threading.Event()
    for _ in range(600):
        if condition():
            return
        waited.wait(0.05)
    raise AssertionError("the proxy has not asked")
