"""One HTTP exchange within bounds, whoever sends it.

What each room makes of the answer is tested there."""

import gzip
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from typing import Any

import anyio
import httpx
import pytest

from bearerguard.bounded_http import Answer, BoundedHttp, ExchangeFailed, Request
from support.raw_server import answering, closed_port, json_answer, raw_server

pytestmark = pytest.mark.anyio

URL = "https://issuer.example/token"
LIMIT = 10_240
Handler = Callable[[httpx.Request], httpx.Response]


class Synchronous(httpx.BaseTransport):
    """A transport of the other kind."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.closed = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self.handler(request)

    def close(self) -> None:
        self.closed = True


KINDS = pytest.mark.parametrize("kind", [httpx.MockTransport, Synchronous], ids=["async", "sync"])
Kind = Callable[[Handler], httpx.BaseTransport]


class Trickle(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body in chunks, which counts how much of it was taken."""

    def __init__(self, chunk: bytes, times: int) -> None:
        self.chunk = chunk
        self.times = times
        self.taken = 0
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(self.times):
            self.taken += 1
            yield self.chunk

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self:
            yield chunk

    def close(self) -> None:
        self.closed = True

    async def aclose(self) -> None:
        self.closed = True


class Recorder:
    """Answers 204 to everything and keeps the requests."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(204, headers={"Set-Cookie": "session=1; Path=/"})


async def answer_of(transport: Any, request: Request | None = None, **more: Any) -> Answer:
    request = request or Request("POST", URL, (("Accept", "application/json"),), b"a=b")
    return await BoundedHttp(transport, timeout=5.0).exchange(request, limit=LIMIT, **more)


async def failure_of(transport: Any, **more: Any) -> str:
    with pytest.raises(ExchangeFailed) as caught:
        await answer_of(transport, **more)
    assert caught.value.__cause__ is None
    return caught.value.code


# --- what is sent


@KINDS
async def test_method_url_headers_and_body_are_sent_as_they_are(kind: Kind) -> None:
    def server(request: httpx.Request) -> httpx.Response:
        assert (request.method, str(request.url), request.read()) == ("POST", URL, b"a=b")
        assert request.headers["Accept"] == "application/json"
        return httpx.Response(200, headers={"Retry-After": "7"}, stream=Trickle(b"{}", 3))

    answer = await answer_of(kind(server))
    assert (answer.status, answer.body, answer.headers["retry-after"]) == (200, b"{}{}{}", "7")


async def test_no_compression_is_asked_for_and_nothing_else_is_added() -> None:
    server = Recorder()
    await answer_of(httpx.MockTransport(server), Request("GET", URL))
    assert dict(server.requests[0].headers) == {
        "host": "issuer.example",
        "user-agent": "bearerguard",
        "accept-encoding": "identity",
    }


async def test_a_cookie_is_not_kept() -> None:
    server = Recorder()
    http = BoundedHttp(httpx.MockTransport(server), timeout=5.0)
    for _ in range(2):
        await http.exchange(Request("GET", URL), limit=LIMIT)
    assert "cookie" not in server.requests[1].headers


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    """A secret must not travel to where an answer points."""
    seen: list[str] = []

    def server(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(307, headers={"Location": "https://evil.example/token"})

    answer = await answer_of(httpx.MockTransport(server))
    assert (answer.status, answer.is_redirect, seen) == (307, True, [URL])


@pytest.mark.parametrize(
    ("status", "headers", "points_elsewhere"),
    [
        *((status, {"Location": "/x"}, True) for status in (301, 302, 303, 307, 308)),
        (302, {}, False),
        (304, {"Location": "/x"}, False),
        (201, {"Location": "/x"}, False),
    ],
)
async def test_which_answers_point_elsewhere(status: int, headers: dict[str, str], points_elsewhere: bool) -> None:
    """RFC 9110 §15.4."""
    answer = await answer_of(httpx.MockTransport(lambda _: httpx.Response(status, headers=headers)))
    assert answer.is_redirect == points_elsewhere


@pytest.mark.socket
async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    with raw_server(json_answer(b"{}")) as server:
        assert (await answer_of(None, Request("GET", server.url))).body == b"{}"


# --- the body


@KINDS
async def test_a_transport_may_hand_over_a_response_that_was_read_already(kind: Kind) -> None:
    assert (await answer_of(kind(lambda _: httpx.Response(200, json={"a": 1})))).body == b'{"a":1}'


@KINDS
async def test_an_endless_body_is_given_up_at_the_limit(kind: Kind) -> None:
    body = Trickle(b"x" * 1024, 10**9)
    assert await failure_of(kind(lambda _: httpx.Response(200, stream=body))) == "too_large"
    assert body.taken == LIMIT // 1024 + 1
    assert body.closed


@pytest.mark.parametrize("stream", [False, True])
async def test_a_body_of_the_limit_is_read_and_one_octet_more_is_not(stream: bool) -> None:
    def server(size: int) -> httpx.MockTransport:
        body: dict[str, Any] = {"stream": httpx.ByteStream(b"x" * size)} if stream else {"content": b"x" * size}
        return httpx.MockTransport(lambda _: httpx.Response(200, **body))

    assert len((await answer_of(server(LIMIT))).body) == LIMIT
    assert await failure_of(server(LIMIT + 1)) == "too_large"


async def test_a_compressed_body_is_refused_before_it_unfolds() -> None:
    """200 MB come out of 194 kB."""
    bomb = gzip.compress(b"\0" * 1_000_000)
    response = httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=Trickle(bomb, 1))
    assert await failure_of(httpx.MockTransport(lambda _: response)) == "compressed"


async def test_a_body_that_is_wanted_is_read() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Trickle(b"{}", 1)))
    assert (await answer_of(transport, body_of=(200,))).body == b"{}"


async def test_a_body_that_is_not_wanted_is_not_read() -> None:
    body = Trickle(b"x" * 1024, 10**9)
    answer = await answer_of(httpx.MockTransport(lambda _: httpx.Response(500, stream=body)), body_of=(200,))
    assert (answer.status, answer.body, body.taken, body.closed) == (500, b"", 0, True)


# --- transports


def staying_open(connection: socket.socket, stopping: threading.Event) -> None:
    """Answers one request, and would take another one."""
    answering(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")(connection, stopping)
    stopping.wait()


class Asynchronous(httpx.MockTransport):
    """A transport that tells whether it was closed."""

    closed = False

    async def aclose(self) -> None:
        self.closed = True


@pytest.mark.parametrize("kind", [Asynchronous, Synchronous])
async def test_a_transport_of_the_user_stays_open(kind: type[Asynchronous | Synchronous]) -> None:
    transport = kind(lambda _: httpx.Response(200))
    await answer_of(transport)
    assert not transport.closed


@pytest.mark.socket
@pytest.mark.parametrize("kind", [httpx.AsyncHTTPTransport, httpx.HTTPTransport])
async def test_a_transport_of_httpx_gives_its_settings_and_keeps_no_connection(kind: Callable[[], Any]) -> None:
    """The next exchange may run on another event loop, or in a forked child."""
    with raw_server(staying_open) as server:
        transport = kind()
        for _ in range(2):
            await answer_of(transport, Request("GET", server.url))
        assert server.connections == 2
        assert transport._pool.connections == []


@pytest.mark.socket
@pytest.mark.parametrize("kind", [httpx.AsyncHTTPTransport, httpx.HTTPTransport])
async def test_a_proxy_of_the_transport_is_used_each_time(kind: Callable[..., Any]) -> None:
    with raw_server(json_answer(b"{}")) as proxy:
        transport = kind(proxy=f"http://127.0.0.1:{proxy.port}")
        for _ in range(2):
            assert (await answer_of(transport, Request("GET", "http://issuer.example/jwks"))).body == b"{}"
        assert proxy.connections == 2


# --- what goes wrong


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (httpx.ConnectError("All connection attempts failed"), "unreachable"),
        (httpx.ConnectTimeout(""), "timeout"),
        (httpx.ReadTimeout(""), "timeout"),
        (httpx.RemoteProtocolError("server disconnected"), "unreachable"),
        (httpx.InvalidURL(""), "unreachable"),
        (httpx.StreamConsumed(), "unreachable"),
        (OSError("no route to host"), "unreachable"),
        (TimeoutError(), "timeout"),
        (UnicodeError("label too long"), "unreachable"),
    ],
    ids=lambda value: type(value).__name__,
)
@KINDS
async def test_whatever_a_network_raises_is_one_error(kind: Kind, error: Exception, code: str) -> None:
    def server(request: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(ExchangeFailed) as caught:
        await answer_of(kind(server))
    assert caught.value.code == code
    assert str(caught.value)


async def test_a_defect_of_a_transport_is_not_a_network_error() -> None:
    def server(request: httpx.Request) -> httpx.Response:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await answer_of(httpx.MockTransport(server))


@pytest.mark.socket
async def test_nobody_listening_is_unreachable() -> None:
    with pytest.raises(ExchangeFailed) as caught:
        await answer_of(None, Request("GET", f"http://127.0.0.1:{closed_port()}/"))
    assert caught.value.code == "unreachable"


# --- time


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_a_server_that_never_answers_is_given_up() -> None:
    async def server(request: httpx.Request) -> httpx.Response:
        await anyio.sleep_forever()
        raise AssertionError

    with pytest.raises(ExchangeFailed) as caught:
        await BoundedHttp(httpx.MockTransport(server), timeout=0.02).exchange(Request("GET", URL), limit=LIMIT)
    assert caught.value.code == "timeout"


async def test_connecting_may_take_two_seconds_and_everything_else_the_whole_time() -> None:
    server = Recorder()
    await answer_of(httpx.MockTransport(server))
    assert server.requests[0].extensions["timeout"] == {"connect": 2.0, "read": 5.0, "write": 5.0, "pool": 5.0}


async def test_connecting_takes_two_fifths_of_a_short_exchange_at_most() -> None:
    server = Recorder()
    await BoundedHttp(httpx.MockTransport(server), timeout=1.0).exchange(Request("GET", URL), limit=LIMIT)
    assert server.requests[0].extensions["timeout"] == {"connect": 0.4, "read": 1.0, "write": 1.0, "pool": 1.0}


@pytest.mark.socket
async def test_an_answer_that_drips_is_given_up_in_time() -> None:
    """A limit for each read alone would wait for ever: every octet begins it anew."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        stop = threading.Event()

        def drip() -> None:
            connection, _ = listener.accept()
            with closing(connection):
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
                while not stop.wait(0.01):
                    try:
                        connection.sendall(b"x")
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        request = Request("POST", f"http://127.0.0.1:{listener.getsockname()[1]}/token")
        with anyio.fail_after(5), pytest.raises(ExchangeFailed) as caught:
            await BoundedHttp(timeout=0.2).exchange(request, limit=LIMIT)
        stop.set()
        thread.join(5)
    assert caught.value.code == "timeout"


async def test_a_cancelled_exchange_is_cancelled_and_does_not_fail() -> None:
    async def never() -> AsyncIterator[bytes]:
        await anyio.sleep_forever()
        yield b""

    with anyio.move_on_after(0.01) as scope:
        await answer_of(httpx.MockTransport(lambda _: httpx.Response(200, content=never())))
    assert scope.cancelled_caught


async def test_an_exchange_makes_no_tls_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """To read the certificate authorities takes 20 ms, in which no other thread of Python's runs."""
    http = BoundedHttp(timeout=1.0)

    def made(*_arguments: object, **_options: object) -> None:
        raise AssertionError("TLS settings were made")

    monkeypatch.setattr("ssl.create_default_context", made)

    with pytest.raises(ExchangeFailed) as caught:
        await http.exchange(Request("GET", "https://127.0.0.1:1/"), limit=1)
    assert caught.value.code == "unreachable"
