"""Metadata where it is needed, then the keys, asked for conditionally."""

from collections.abc import Callable

import httpx
import pytest

from bearerguard import Issuer
from bearerguard.keys.fetch import Fetcher, FetchFailed
from bearerguard.keys.key_set_fetch import FetchedKeys, KeySetFetch
from bearerguard.testing import FakeClock
from support.key_sets import ISSUER, jwks, kids_of

pytestmark = pytest.mark.anyio

METADATA = f"{ISSUER}/.well-known/openid-configuration"
DAY = 86_400.0
Answer = Callable[[httpx.Request], httpx.Response]


class Site:
    """An issuer's pages; a test replaces them."""

    def __init__(self) -> None:
        self.asked: list[httpx.Request] = []
        self.pages: dict[str, Answer] = {
            METADATA: lambda _: httpx.Response(200, json={"issuer": ISSUER, "jwks_uri": f"{ISSUER}/jwks"}),
            f"{ISSUER}/jwks": lambda _: httpx.Response(200, json=jwks("a")),
        }
        self.clock = FakeClock()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self.pages[str(request.url)](request)

    def keys(self, **settings: str) -> KeySetFetch:
        issuer = Issuer(ISSUER, **settings)  # type: ignore[arg-type]
        return KeySetFetch(issuer, Fetcher(httpx.MockTransport(self)), self.clock)

    @property
    def paths(self) -> list[str]:
        """What was asked since the last time."""
        paths = [request.url.path for request in self.asked]
        self.asked.clear()
        return paths


WELL_KNOWN = "/.well-known/openid-configuration"


def down(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(500)


def moved(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"issuer": ISSUER, "jwks_uri": f"{ISSUER}/moved"})


# --- where the keys are


async def test_metadata_is_asked_once_and_the_keys_each_time() -> None:
    site = Site()
    keys = site.keys()
    for _ in range(3):
        assert kids_of((await keys(None)).key_set) == {"a"}
    assert site.paths == [WELL_KNOWN, "/jwks", "/jwks", "/jwks"]


async def test_a_configured_jwks_uri_needs_no_metadata() -> None:
    site = Site()
    keys = site.keys(jwks_uri=f"{ISSUER}/jwks")
    site.pages[f"{ISSUER}/jwks"] = down
    for _ in range(2):
        with pytest.raises(FetchFailed):
            await keys(None)
        site.clock.advance(2 * DAY)
    assert site.paths == ["/jwks", "/jwks"]


async def test_metadata_is_asked_again_after_a_day() -> None:
    site = Site()
    keys = site.keys()
    await keys(None)
    site.clock.advance(DAY - 1)
    await keys(None)
    site.clock.advance(1)
    await keys(None)
    assert site.paths == [WELL_KNOWN, "/jwks", "/jwks", WELL_KNOWN, "/jwks"]


async def test_metadata_is_asked_again_after_a_failed_key_fetch_and_the_keys_may_have_moved() -> None:
    site = Site()
    keys = site.keys()
    await keys(None)
    site.pages[f"{ISSUER}/jwks"] = down
    with pytest.raises(FetchFailed):
        await keys(None)
    site.pages[METADATA] = moved
    site.pages[f"{ISSUER}/moved"] = lambda _: httpx.Response(200, json=jwks("b"))
    assert kids_of((await keys(None)).key_set) == {"b"}
    await keys(None)
    assert site.paths == [WELL_KNOWN, "/jwks", "/jwks", WELL_KNOWN, "/moved", "/moved"]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(down, id="down"),
        pytest.param(lambda _: httpx.Response(200, json={"issuer": "https://evil.test", "jwks_uri": ISSUER}), id="foreign"),
    ],
)
async def test_after_a_failed_key_fetch_an_outage_of_the_metadata_alone_does_not_lose_the_place(answer: Answer) -> None:
    site = Site()
    keys = site.keys()
    await keys(None)
    good = site.pages[f"{ISSUER}/jwks"]
    site.pages[f"{ISSUER}/jwks"] = down
    with pytest.raises(FetchFailed):
        await keys(None)
    site.pages |= {f"{ISSUER}/jwks": good, METADATA: answer}
    assert kids_of((await keys(None)).key_set) == {"a"}
    assert site.paths == [WELL_KNOWN, "/jwks", "/jwks", WELL_KNOWN, "/jwks"]


async def test_metadata_older_than_a_day_is_not_used() -> None:
    site = Site()
    keys = site.keys()
    await keys(None)
    site.pages[METADATA] = down
    site.clock.advance(DAY)
    with pytest.raises(FetchFailed):
        await keys(None)
    assert site.paths == [WELL_KNOWN, "/jwks", WELL_KNOWN]


async def test_without_metadata_no_keys_are_asked_for() -> None:
    site = Site()
    site.pages[METADATA] = down
    with pytest.raises(FetchFailed):
        await site.keys()(None)
    assert site.paths == [WELL_KNOWN]


async def test_metadata_has_256_kib_at_most_and_a_key_set_512() -> None:
    site = Site()
    padding = "x" * (256 * 1024)
    site.pages[f"{ISSUER}/jwks"] = lambda _: httpx.Response(200, json={**jwks("a"), "padding": padding})
    keys = site.keys()
    assert kids_of((await keys(None)).key_set) == {"a"}
    site.pages[METADATA] = lambda _: httpx.Response(200, json={"issuer": ISSUER, "jwks_uri": ISSUER, "padding": padding})
    with pytest.raises(FetchFailed) as caught:
        await site.keys()(None)
    assert caught.value.code == "too_large"


# --- conditional requests


def with_etag(etag: str, *kids: str, cache_control: str = "") -> Answer:
    """A page that answers 304 to whoever holds this very version."""
    headers = {"etag": etag, **({"cache-control": cache_control} if cache_control else {})}

    def answer(request: httpx.Request) -> httpx.Response:
        if request.headers.get("if-none-match") == etag:
            return httpx.Response(304, headers={"etag": etag})
        return httpx.Response(200, json=jwks(*kids), headers=headers)

    return answer


async def test_a_304_brings_no_keys_and_the_validators_for_the_next_time() -> None:
    site = Site()
    site.pages[f"{ISSUER}/jwks"] = with_etag('"1"', "a")
    keys = site.keys()
    first = await keys(None)
    second = await keys(first.validators)
    assert second.key_set is None
    assert second.validators == first.validators
    assert (await keys(second.validators)).key_set is None


async def test_a_changed_set_comes_in_full() -> None:
    site = Site()
    site.pages[f"{ISSUER}/jwks"] = with_etag('"1"', "a")
    keys = site.keys()
    first = await keys(None)
    site.pages[f"{ISSUER}/jwks"] = with_etag('"2"', "b")
    assert kids_of((await keys(first.validators)).key_set) == {"b"}


async def test_validators_of_another_place_are_not_sent() -> None:
    """A 304 there would confirm keys that were never seen there."""
    site = Site()
    site.pages[f"{ISSUER}/jwks"] = with_etag('"1"', "a")
    keys = site.keys()
    first = await keys(None)
    site.pages |= {METADATA: moved, f"{ISSUER}/moved": with_etag('"1"', "b")}
    site.clock.advance(DAY)
    second = await keys(first.validators)
    assert kids_of(second.key_set) == {"b"}
    assert second.validators.url == f"{ISSUER}/moved"


async def test_what_a_304_does_not_say_of_caching_goes_on() -> None:
    """RFC 9111 §4.3.4: the stored headers stay, except those that the 304 brings anew."""
    site = Site()
    site.pages[f"{ISSUER}/jwks"] = with_etag('"1"', "a", cache_control="max-age=1800")
    keys = site.keys()
    found: list[FetchedKeys] = [await keys(None)]
    for _ in range(2):
        found.append(await keys(found[-1].validators))
    assert [each.lifetime for each in found] == [1800.0, 1800.0, 1800.0]


async def test_a_304_may_say_anew_how_long_the_set_may_be_used() -> None:
    site = Site()
    page = with_etag('"1"', "a", cache_control="max-age=1800")
    site.pages[f"{ISSUER}/jwks"] = page
    keys = site.keys()
    first = await keys(None)
    site.pages[f"{ISSUER}/jwks"] = lambda _: httpx.Response(304, headers={"cache-control": "max-age=90"})
    assert (await keys(first.validators)).lifetime == 90.0
