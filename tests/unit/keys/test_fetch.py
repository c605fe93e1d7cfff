"""One bounded GET: the validators, the lifetime, and what 304 means.

Bounds are in ``test_bounded_http``, what an issuer may get wrong in ``test_bad_answers``.
"""

from collections.abc import AsyncIterator
from typing import Any

import anyio
import httpx
import pytest

from bearerguard.keys.fetch import Document, Fetcher, FetchFailed

pytestmark = pytest.mark.anyio

URL = "https://issuer.test/jwks"


class Recorder(httpx.AsyncBaseTransport):
    """A transport that answers the same to everything and keeps the requests."""

    def __init__(self, **response: Any) -> None:
        self._response = {"status_code": 200, "content": b"{}", **response}
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(**self._response)


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
    assert "authorization" not in request.headers


async def test_it_sends_validators_as_they_are() -> None:
    issuer = Recorder()
    await Fetcher(issuer).get(URL, limit=100, validators={"if-none-match": 'W/"1"'})
    assert issuer.requests[0].headers["if-none-match"] == 'W/"1"'


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


async def test_a_cancelled_request_is_cancelled_and_no_failure() -> None:
    transport = httpx.MockTransport(lambda _request: httpx.Response(200, content=never()))
    with anyio.move_on_after(0.01) as scope:
        await Fetcher(transport).get(URL, limit=100)
    assert scope.cancelled_caught


async def never() -> AsyncIterator[bytes]:
    await anyio.sleep_forever()
    yield b""
