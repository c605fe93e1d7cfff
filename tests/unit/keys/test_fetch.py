"""One bounded GET. What an issuer may get wrong is in ``test_bad_answers``; here is what the fetch itself promises."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import httpx
import pytest

from bearerguard.keys.fetch import Document, Fetcher, FetchFailed
from support.raw_server import closed_port, json_answer, raw_server

pytestmark = pytest.mark.anyio

URL = "https://issuer.test/jwks"
Response = Callable[[], httpx.Response]


class Recorder(httpx.AsyncBaseTransport):
    """A transport that answers the same to everything and keeps the requests."""

    def __init__(self, **response: Any) -> None:
        self._response = {"status_code": 200, "content": b"{}", **response}
        self.requests: list[httpx.Request] = []
        self.closed = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(**self._response)

    async def aclose(self) -> None:
        self.closed += 1


async def fetched(headers: list[tuple[str | bytes, str | bytes]], **more: Any) -> Document:
    return await Fetcher(Recorder(headers=headers)).get(URL, limit=100, **more)


# --- the request


async def test_it_asks_for_json_uncompressed() -> None:
    issuer = Recorder()
    await Fetcher(issuer).get(URL, limit=100)
    (request,) = issuer.requests
    assert (request.method, str(request.url)) == ("GET", URL)
    assert request.headers["accept"] == "application/json, application/jwk-set+json"
    assert request.headers["accept-encoding"] == "identity"


async def test_it_sends_no_cookie_and_no_credentials() -> None:
    issuer = Recorder(headers=[("set-cookie", "session=1; Path=/")])
    fetcher = Fetcher(issuer)
    for _ in range(2):
        await fetcher.get(URL, limit=100)
    assert not {"cookie", "authorization"} & set(issuer.requests[1].headers)


async def test_it_sends_validators_as_they_are() -> None:
    issuer = Recorder()
    await Fetcher(issuer).get(URL, limit=100, validators={"if-none-match": 'W/"1"'})
    assert issuer.requests[0].headers["if-none-match"] == 'W/"1"'


async def test_a_transport_of_the_user_stays_open() -> None:
    issuer = Recorder()
    fetcher = Fetcher(issuer)
    for _ in range(3):
        await fetcher.get(URL, limit=100)
    assert issuer.closed == 0


@pytest.mark.socket
async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the environment says must not decide where keys come from (findings 10)."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    with raw_server(json_answer(b"{}")) as server:
        assert (await Fetcher().get(server.url, limit=100)).body == b"{}"


# --- the body


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(lambda: httpx.Response(200, content=b"12345"), id="already-read"),
        pytest.param(lambda: httpx.Response(200, text="12345"), id="text"),
        pytest.param(lambda: httpx.Response(200, stream=httpx.ByteStream(b"12345")), id="stream"),
        pytest.param(lambda: httpx.Response(200, content=chunks(b"1", b"", b"234", b"5")), id="chunks"),
        pytest.param(lambda: httpx.Response(200, content=b"12345", headers={"content-encoding": "Identity"}), id="identity"),
    ],
)
async def test_a_body_may_have_as_many_octets_as_allowed_and_no_more(response: Response) -> None:
    fetcher = Fetcher(httpx.MockTransport(lambda _request: response()))
    assert (await fetcher.get(URL, limit=5)).body == b"12345"
    with pytest.raises(FetchFailed) as caught:
        await fetcher.get(URL, limit=4)
    assert caught.value.code == "too_large"


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def test_reading_ends_as_soon_as_the_body_is_too_large() -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield b"x" * 10

    with pytest.raises(FetchFailed):
        await Fetcher(httpx.MockTransport(lambda _request: httpx.Response(200, content=endless()))).get(URL, limit=100)
    assert sent == 11


# --- how long it may be used


@pytest.mark.parametrize(
    ("headers", "lifetime"),
    [
        pytest.param({}, None, id="nothing"),
        pytest.param({"cache-control": "max-age=300"}, 300.0, id="max-age"),
        pytest.param({"cache-control": "public, max-age=86400, must-revalidate"}, 86_400.0, id="among-others"),
        pytest.param({"cache-control": "Public,MAX-AGE=300"}, 300.0, id="any-case"),
        pytest.param({"cache-control": 'max-age="300"'}, 300.0, id="quoted"),
        pytest.param({"cache-control": "max-age = 300"}, 300.0, id="spaces"),
        pytest.param({"cache-control": "max-age=300", "age": "100"}, 200.0, id="age"),
        pytest.param({"cache-control": "max-age=300", "age": "400"}, -100.0, id="past-its-age"),
        pytest.param({"cache-control": "max-age=300", "age": "-1"}, 300.0, id="age-negative"),
        pytest.param({"cache-control": "max-age=300", "age": "soon"}, 300.0, id="age-no-number"),
        pytest.param({"cache-control": "s-maxage=300"}, None, id="for-shared-caches"),
        pytest.param({"cache-control": "x-max-age=300"}, None, id="another-directive"),
        pytest.param({"cache-control": "max-age=-1"}, None, id="negative"),
        pytest.param({"cache-control": "max-age"}, None, id="without-value"),
        pytest.param({"cache-control": "max-age=99999999999999999999"}, 999_999_999.0, id="huge"),
        pytest.param({"cache-control": "max-age=٣٠٠"}, None, id="other-digits"),
        pytest.param({"cache-control": "no-store"}, 0.0, id="no-store"),
        pytest.param({"cache-control": "max-age=300, no-cache"}, 0.0, id="no-cache"),
        pytest.param({"cache-control": 'no-cache="set-cookie", max-age=300'}, 0.0, id="no-cache-of-a-field"),
        pytest.param({"cache-control": "no-storehouse, max-age=300"}, 300.0, id="begins-alike"),
        pytest.param({"expires": "Thu, 01 Jan 2026 12:00:00 GMT"}, None, id="expires-alone"),
        pytest.param({"cache-control": ""}, None, id="empty"),
    ],
)
async def test_the_lifetime_is_what_cache_control_says(headers: dict[str, str], lifetime: float | None) -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    assert (await fetched(raw)).lifetime == lifetime  # type: ignore[arg-type]


# --- conditional requests

SENT = "Thu, 01 Jan 2026 12:00:00 GMT"
ONE_SECOND_BEFORE = "Thu, 01 Jan 2026 11:59:59 GMT"


@pytest.mark.parametrize(
    ("headers", "validators"),
    [
        pytest.param({}, {}, id="none"),
        pytest.param({"etag": '"1"'}, {"if-none-match": '"1"'}, id="etag"),
        pytest.param({"etag": 'W/"1"'}, {"if-none-match": 'W/"1"'}, id="weak-etag"),
        pytest.param({"last-modified": SENT}, {"if-modified-since": SENT}, id="last-modified"),
        pytest.param({"etag": '"1"', "last-modified": SENT}, {"if-none-match": '"1"', "if-modified-since": SENT}, id="both"),
        pytest.param({"last-modified": ONE_SECOND_BEFORE, "date": SENT}, {"if-modified-since": ONE_SECOND_BEFORE}, id="settled"),
        pytest.param({"last-modified": SENT, "date": SENT}, {}, id="modified-this-second"),
        pytest.param({"etag": '"1"', "last-modified": SENT, "date": SENT}, {"if-none-match": '"1"'}, id="etag-is-exact"),
        pytest.param({"last-modified": "long ago", "date": SENT}, {"if-modified-since": "long ago"}, id="no-date"),
        pytest.param({"date": SENT}, {}, id="date-alone"),
        pytest.param({"etag": '"caf\xe9"'}, {}, id="etag-of-odd-octets"),
        pytest.param({"etag": '"' + "x" * 1022 + '"'}, {"if-none-match": '"' + "x" * 1022 + '"'}, id="long-etag"),
        pytest.param({"etag": '"' + "x" * 1023 + '"'}, {}, id="too-long-etag"),
        pytest.param({"etag": ""}, {}, id="empty-etag"),
    ],
)
async def test_validators_are_kept_where_they_can_be_sent_and_trusted(
    headers: dict[str, str], validators: dict[str, str]
) -> None:
    document = await fetched([(name.encode(), value.encode("latin-1")) for name, value in headers.items()])
    assert document.validators == validators


async def test_304_to_a_conditional_request_means_unchanged() -> None:
    issuer = Recorder(status_code=304, content=b"", headers={"cache-control": "max-age=120"})
    document = await Fetcher(issuer).get(URL, limit=100, validators={"if-none-match": '"1"'})
    assert document == Document(None, {"if-none-match": '"1"'}, 120.0)


async def test_304_may_bring_newer_validators() -> None:
    issuer = Recorder(status_code=304, content=b"", headers={"etag": '"2"'})
    document = await Fetcher(issuer).get(URL, limit=100, validators={"if-none-match": '"1"', "if-modified-since": SENT})
    assert document.validators == {"if-none-match": '"2"', "if-modified-since": SENT}


async def test_304_to_an_unconditional_request_is_a_failure() -> None:
    with pytest.raises(FetchFailed) as caught:
        await Fetcher(Recorder(status_code=304, content=b"")).get(URL, limit=100, validators={})
    assert caught.value.code == "status"


# --- time


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_the_time_limit_covers_the_whole_fetch_and_not_each_read() -> None:
    async def one_octet_at_a_time() -> AsyncIterator[bytes]:
        while True:
            await anyio.sleep(0.01)
            yield b" "

    transport = httpx.MockTransport(lambda _request: httpx.Response(200, content=one_octet_at_a_time()))
    with pytest.raises(FetchFailed) as caught:
        await Fetcher(transport, timeout=0.05).get(URL, limit=1_000_000)
    assert caught.value.code == "timeout"


async def test_connecting_may_take_two_seconds_and_everything_else_the_whole_time() -> None:
    issuer = Recorder()
    await Fetcher(issuer).get(URL, limit=100)
    assert issuer.requests[0].extensions["timeout"] == {"connect": 2.0, "read": 5.0, "write": 5.0, "pool": 5.0}


async def test_a_cancelled_request_is_cancelled_and_no_failure() -> None:
    transport = httpx.MockTransport(lambda _request: httpx.Response(200, content=never()))
    with anyio.move_on_after(0.01) as scope:
        await Fetcher(transport).get(URL, limit=100)
    assert scope.cancelled_caught


async def never() -> AsyncIterator[bytes]:
    await anyio.sleep_forever()
    yield b""
