"""Putting the token on requests of httpx clients, whose body stays intact."""

import io
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from bearerguard.client.client_credentials import ClientCredentials
from bearerguard.errors import TokenRequestError
from support.both_libraries import EACH_LIBRARY, answering
from support.token_endpoint_stub import API, ENDPOINT, StubApi, StubEndpoint, refusal


class Harness:
    """A client of either kind, of either library, whose first token is refused."""

    def __init__(self, library: Any, *, replay_limit: int = 1000) -> None:
        self.library = library
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

    def post(self, **body: Any) -> Any:
        with self.library.Client(transport=answering(self.library, self.api), auth=self.auth) as client:
            return client.post(API, **body)

    async def post_async(self, **body: Any) -> Any:
        async with self.library.AsyncClient(transport=answering(self.library, self.api), auth=self.auth) as client:
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
@EACH_LIBRARY
def test_a_repeated_request_has_its_body(library: Any, body: Callable[[], dict[str, Any]]) -> None:
    """A body that was read once must not be lost."""
    harness = Harness(library)
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
@EACH_LIBRARY
async def test_a_repeated_request_of_an_asynchronous_client_has_its_body(
    library: Any, body: Callable[[], dict[str, Any]]
) -> None:
    harness = Harness(library)
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
@EACH_LIBRARY
def test_a_stream_longer_than_the_limit_goes_out_whole_and_once(library: Any, body: Callable[[], dict[str, Any]]) -> None:
    """Memory is bounded: then the 401 is the caller's, and the next request has a new token."""
    harness = Harness(library)
    assert harness.post(**body()).status_code == 401
    assert harness.api.bodies == [b"".join(chunks(1000))]
    assert harness.post().status_code == 200


@pytest.mark.anyio
@EACH_LIBRARY
async def test_a_long_asynchronous_stream_goes_out_whole_and_once(library: Any) -> None:
    harness = Harness(library)
    assert (await harness.post_async(content=async_chunks(1000))).status_code == 401
    assert harness.api.bodies == [b"".join(chunks(1000))]


@pytest.mark.anyio
@EACH_LIBRARY
async def test_a_body_is_not_touched_where_no_token_can_be_had(library: Any) -> None:
    """The caller may send the same generator once more."""
    harness = Harness(library)
    harness.endpoint.script = [refusal("invalid_client", status=401)] * 2
    body, async_body = chunks(), async_chunks()
    with pytest.raises(TokenRequestError):
        harness.post(content=body)
    with pytest.raises(TokenRequestError):
        await harness.post_async(content=async_body)
    assert b"".join(body) == WHOLE
    assert b"".join([chunk async for chunk in async_body]) == WHOLE


@EACH_LIBRARY
def test_with_a_limit_of_zero_no_stream_is_read_ahead(library: Any) -> None:
    harness = Harness(library, replay_limit=0)
    source = chunks()
    assert harness.post(content=source).status_code == 401
    assert harness.api.bodies == [WHOLE]
    assert harness.post(content=WHOLE).status_code == 200


def twice(library: Any, request: Any) -> Any:
    return library.Response(307, headers={"Location": str(request.url.copy_with(path="/second"))})


@EACH_LIBRARY
def test_a_long_stream_is_not_sent_empty_after_a_redirect(library: Any) -> None:
    """As the libraries say of their own generators."""

    class Endpoint(library.BaseTransport):  # type: ignore[misc]
        def handle_request(self, request: Any) -> Any:
            b"".join(request.stream)
            return twice(library, request)

    client = library.Client(transport=Endpoint(), auth=Harness(library).auth, follow_redirects=True)
    with client, pytest.raises(library.StreamConsumed):
        client.post(API, content=chunks(1000))


@pytest.mark.anyio
@EACH_LIBRARY
async def test_a_long_asynchronous_stream_is_not_sent_empty_after_a_redirect(library: Any) -> None:
    class Endpoint(library.AsyncBaseTransport):  # type: ignore[misc]
        async def handle_async_request(self, request: Any) -> Any:
            async for _ in request.stream:
                pass
            return twice(library, request)

    async with library.AsyncClient(transport=Endpoint(), auth=Harness(library).auth, follow_redirects=True) as client:
        with pytest.raises(library.StreamConsumed):
            await client.post(API, content=async_chunks(1000))


@EACH_LIBRARY
def test_a_stream_of_the_other_kind_is_the_librarys_to_refuse(library: Any) -> None:
    with pytest.raises(RuntimeError):
        Harness(library).post(content=async_chunks())
