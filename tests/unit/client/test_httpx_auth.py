"""What knows httpx: sending a token request within bounds, and putting the token on requests whose body stays intact."""

import gzip
import io
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from typing import Any, cast

import anyio
import httpx
import pytest

from bearerguard.client.client_credentials import ClientCredentials
from bearerguard.client.httpx_auth import HttpxSender
from bearerguard.client.secret import Secret
from bearerguard.client.token_request import TokenRequest
from bearerguard.client.token_response import MAX_BODY, TokenResponse
from bearerguard.error_hints import hint_for
from bearerguard.errors import TokenRequestError
from support.token_endpoint_stub import API, StubApi, StubEndpoint, refusal

URL = "https://issuer.example/token"
Handler = Callable[[httpx.Request], httpx.Response]


def request(url: str = URL) -> TokenRequest:
    return TokenRequest("POST", url, (("Accept-Encoding", "identity"),), b"grant_type=client_credentials", (Secret("hunter2"),))


async def sent(handler: Handler | httpx.BaseTransport | httpx.AsyncBaseTransport, limit: float = 5.0) -> TokenResponse:
    transport = handler if isinstance(handler, (httpx.BaseTransport, httpx.AsyncBaseTransport)) else httpx.MockTransport(handler)
    return await HttpxSender(transport, limit)(request())


async def failed(handler: Handler | httpx.BaseTransport | httpx.AsyncBaseTransport, limit: float = 5.0) -> TokenRequestError:
    with pytest.raises(TokenRequestError) as raised:
        await sent(handler, limit)
    assert raised.value.__cause__ is None
    return raised.value


class Synchronous(httpx.BaseTransport):
    """A transport of the other kind."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.closed = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self.handler(request)

    def close(self) -> None:
        self.closed = True


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


# --- sending a token request

KINDS = pytest.mark.parametrize("kind", [httpx.MockTransport, Synchronous], ids=["async", "sync"])


@pytest.mark.anyio
@KINDS
async def test_a_transport_of_either_kind_sends_it(kind: Callable[[Handler], httpx.BaseTransport]) -> None:
    def endpoint(request: httpx.Request) -> httpx.Response:
        assert (request.method, str(request.url), request.content) == ("POST", URL, b"grant_type=client_credentials")
        assert request.headers["Accept-Encoding"] == "identity"
        return httpx.Response(200, headers={"Retry-After": "7"}, stream=Trickle(b"{}", 3))

    response = await sent(kind(endpoint))
    assert (response.status, response.body, response.headers["retry-after"]) == (200, b"{}{}{}", "7")


@pytest.mark.anyio
@KINDS
async def test_a_transport_may_hand_over_a_response_that_was_read_already(kind: Callable[[Handler], httpx.BaseTransport]) -> None:
    assert (await sent(kind(lambda _: httpx.Response(200, json={"a": 1})))).body == b'{"a":1}'


@pytest.mark.anyio
async def test_a_transport_of_the_user_is_not_closed() -> None:
    transport = Synchronous(lambda _: httpx.Response(200))
    await sent(transport)
    assert not transport.closed


@pytest.mark.anyio
@KINDS
async def test_an_endless_body_is_given_up_at_64_kib(kind: Callable[[Handler], httpx.BaseTransport]) -> None:
    body = Trickle(b"x" * 1024, 10**9)
    assert (await failed(kind(lambda _: httpx.Response(200, stream=body)))).error == "invalid_token_response"
    assert body.taken == MAX_BODY // 1024 + 1
    assert body.closed


@pytest.mark.anyio
async def test_a_body_of_64_kib_is_read() -> None:
    assert len((await sent(lambda _: httpx.Response(200, content=b"x" * MAX_BODY))).body) == MAX_BODY


@pytest.mark.anyio
async def test_a_compressed_body_is_refused_before_it_unfolds() -> None:
    """Findings 10: 200 MB out of 194 kB."""
    bomb = gzip.compress(b"\0" * 1_000_000)
    failure = await failed(lambda _: httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=Trickle(bomb, 1)))
    assert failure.error == "invalid_token_response"


@pytest.mark.anyio
async def test_a_redirect_is_not_followed() -> None:
    """The secret must not travel to where an answer points."""
    seen: list[str] = []

    def endpoint(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(307, headers={"Location": "https://evil.example/token"})

    assert (await sent(endpoint)).status == 307
    assert seen == [URL]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (httpx.ConnectError("All connection attempts failed"), "token_endpoint_unreachable"),
        (httpx.ConnectTimeout(""), "token_endpoint_timeout"),
        (httpx.ReadTimeout(""), "token_endpoint_timeout"),
        (httpx.RemoteProtocolError("server disconnected"), "token_endpoint_unreachable"),
        (httpx.LocalProtocolError("Illegal header value b'Basic hunter2'"), "token_endpoint_unreachable"),
        (OSError("hunter2"), "token_endpoint_unreachable"),
        (ZeroDivisionError("hunter2"), "token_endpoint_unreachable"),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_whatever_a_transport_raises_is_the_documented_error_without_a_secret(error: Exception, code: str) -> None:
    def endpoint(request: httpx.Request) -> httpx.Response:
        raise error

    failure = await failed(endpoint)
    assert failure.error == code
    assert failure.hint == hint_for(code)
    assert failure.temporary
    assert "hunter2" not in str(failure)


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_an_endpoint_that_never_answers_is_given_up(anyio_backend: str) -> None:
    async def endpoint(request: httpx.Request) -> httpx.Response:
        await anyio.sleep_forever()
        raise AssertionError

    failure = await failed(httpx.MockTransport(endpoint), limit=0.02)
    assert failure.error == "token_endpoint_timeout"


@pytest.mark.anyio
@pytest.mark.socket
async def test_an_answer_that_drips_is_given_up_in_time() -> None:
    """A limit for each read alone would wait for ever: every byte begins it anew."""
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
        sender = HttpxSender(None, 0.2)
        with anyio.fail_after(5), pytest.raises(TokenRequestError) as raised:
            await sender(request(f"http://127.0.0.1:{listener.getsockname()[1]}/token"))
        stop.set()
        thread.join(5)
    assert raised.value.error == "token_endpoint_timeout"


@pytest.mark.anyio
@pytest.mark.socket
async def test_an_endpoint_that_is_down_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxies of the environment are not asked."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(TokenRequestError) as raised:
        await HttpxSender(None, 5.0)(request(f"http://127.0.0.1:{port}/token"))
    assert raised.value.error == "token_endpoint_unreachable"


# --- the body of a request that is sent twice


class Harness:
    """A client of either kind whose first token is refused."""

    def __init__(self, *, replay_limit: int = 1000) -> None:
        self.api = StubApi()
        self.api.revoked.add("token-1")
        self.endpoint = StubEndpoint()
        self.auth = ClientCredentials(
            token_endpoint=URL,
            client_id="billing",
            client_secret="hunter2",
            transport=self.endpoint.transport,
            replay_limit=replay_limit,
        )

    def post(self, **body: Any) -> httpx.Response:
        with httpx.Client(transport=self.api.transport, auth=self.auth) as client:
            return client.post(API, **body)

    async def post_async(self, **body: Any) -> httpx.Response:
        async with httpx.AsyncClient(transport=self.api.transport, auth=self.auth) as client:
            return await client.post(API, **body)


def chunks(count: int = 5) -> Iterator[bytes]:
    for number in range(count):
        yield b"chunk %d;" % number


async def async_chunks(count: int = 5) -> AsyncIterator[bytes]:
    for chunk in chunks(count):
        yield chunk


WHOLE = b"".join(chunks())


@pytest.mark.parametrize(
    "body",
    [
        lambda: {"content": WHOLE},
        lambda: {"json": {"order": 1}},
        lambda: {"data": {"order": "1"}},
        lambda: {"content": chunks()},
        lambda: {"content": io.BytesIO(WHOLE)},
        lambda: {"files": {"order": ("order.txt", io.BytesIO(WHOLE))}},
        lambda: {"content": chunks(), "headers": {"Content-Length": str(len(WHOLE))}},
        dict,
    ],
    ids=["bytes", "json", "form", "generator", "file", "multipart", "generator-of-known-length", "none"],
)
def test_a_repeated_request_has_its_body(body: Callable[[], dict[str, Any]]) -> None:
    """Bad input: no lost request body."""
    harness = Harness()
    assert harness.post(**body()).status_code == 200
    first, second = harness.api.bodies
    assert first == second
    assert (first == b"") == (body is dict)


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
@pytest.mark.parametrize(
    "body",
    [lambda: {"content": WHOLE}, lambda: {"content": async_chunks()}, lambda: {"files": {"order": ("o", io.BytesIO(WHOLE))}}],
    ids=["bytes", "generator", "multipart"],
)
async def test_a_repeated_request_of_an_asynchronous_client_has_its_body(body: Callable[[], dict[str, Any]]) -> None:
    harness = Harness()
    assert (await harness.post_async(**body())).status_code == 200
    first, second = harness.api.bodies
    assert first == second != b""


@pytest.mark.parametrize(
    "body",
    [
        lambda: {"content": chunks(1000)},
        lambda: {"content": io.BytesIO(b"".join(chunks(1000)))},
        lambda: {"content": chunks(1000), "headers": {"Content-Length": str(len(b"".join(chunks(1000))))}},
    ],
    ids=["generator", "file", "generator-of-known-length"],
)
def test_a_stream_longer_than_the_limit_goes_out_whole_and_once(body: Callable[[], dict[str, Any]]) -> None:
    """Memory is bounded: then the 401 is the caller's, and the next request has a new token."""
    harness = Harness()
    assert harness.post(**body()).status_code == 401
    assert harness.api.bodies == [b"".join(chunks(1000))]
    assert harness.post().status_code == 200


@pytest.mark.anyio
async def test_a_long_asynchronous_stream_goes_out_whole_and_once() -> None:
    harness = Harness()
    assert (await harness.post_async(content=async_chunks(1000))).status_code == 401
    assert harness.api.bodies == [b"".join(chunks(1000))]


@pytest.mark.anyio
async def test_a_body_is_not_touched_where_no_token_can_be_had() -> None:
    """The caller may send the same generator once more."""
    harness = Harness()
    harness.endpoint.script = [refusal("invalid_client", status=401)] * 2
    body, async_body = chunks(), async_chunks()
    with pytest.raises(TokenRequestError):
        harness.post(content=body)
    with pytest.raises(TokenRequestError):
        await harness.post_async(content=async_body)
    assert b"".join(body) == WHOLE
    assert b"".join([chunk async for chunk in async_body]) == WHOLE


def test_with_a_limit_of_zero_no_stream_is_read_ahead() -> None:
    harness = Harness(replay_limit=0)
    source = chunks()
    assert harness.post(content=source).status_code == 401
    assert harness.api.bodies == [WHOLE]
    assert harness.post(content=WHOLE).status_code == 200


def twice(request: httpx.Request) -> httpx.Response:
    return httpx.Response(307, headers={"Location": str(request.url.copy_with(path="/second"))})


def test_a_long_stream_is_not_sent_empty_after_a_redirect() -> None:
    """As httpx says of its own generators."""
    harness = Harness()
    transport = Synchronous(lambda request: (b"".join(cast("httpx.SyncByteStream", request.stream)), twice(request))[1])
    with (
        httpx.Client(transport=transport, auth=harness.auth, follow_redirects=True) as client,
        pytest.raises(httpx.StreamConsumed),
    ):
        client.post(API, content=chunks(1000))


@pytest.mark.anyio
async def test_a_long_asynchronous_stream_is_not_sent_empty_after_a_redirect() -> None:
    class Endpoint(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            async for _ in cast("httpx.AsyncByteStream", request.stream):
                pass
            return twice(request)

    async with httpx.AsyncClient(transport=Endpoint(), auth=Harness().auth, follow_redirects=True) as client:
        with pytest.raises(httpx.StreamConsumed):
            await client.post(API, content=async_chunks(1000))


def test_a_stream_of_the_other_kind_is_httpxs_to_refuse() -> None:
    with pytest.raises(RuntimeError):
        Harness().post(content=async_chunks())
