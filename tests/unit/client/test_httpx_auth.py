"""Putting the token on requests of httpx clients, whose body stays intact."""

import io
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, cast

import httpx
import pytest

from bearerguard.client.client_credentials import ClientCredentials
from bearerguard.errors import TokenRequestError
from support.token_endpoint_stub import API, ENDPOINT, StubApi, StubEndpoint, refusal


class Synchronous(httpx.BaseTransport):
    """A transport that leaves the body to its handler."""

    def __init__(self, handler: Callable[[httpx.Request], httpx.Response]) -> None:
        self.handler = handler

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self.handler(request)


class Harness:
    """A client of either kind whose first token is refused."""

    def __init__(self, *, replay_limit: int = 1000) -> None:
        self.api = StubApi()
        self.api.revoked.add("token-1")
        self.endpoint = StubEndpoint()
        self.auth = ClientCredentials(
            token_endpoint=ENDPOINT,
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
    """A body that was read once must not be lost."""
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
