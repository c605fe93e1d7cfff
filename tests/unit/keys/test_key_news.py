"""What operators are told of an issuer's keys: events of all that happens, log records of what changes."""

import logging

import anyio
import pytest

from bearerguard.errors import IssuerUnavailable
from bearerguard.events import Event, Listeners
from bearerguard.keys.fetch import FetchFailed
from bearerguard.keys.jwk_set import JWKSet, read_key_set
from bearerguard.keys.key_news import KeyNews
from bearerguard.keys.static_key_source import StaticKeySource
from bearerguard.testing import FakeClock
from support.key_sets import ISSUER, ScriptedFetch, key_set, settled, source
from support.sealed import RSA

pytestmark = pytest.mark.anyio
DOWN = FetchFailed("unreachable", "connection refused")
WEAK = {"kty": "RSA", "kid": "weak"}


def _with_a_weak_key(*kids: str) -> JWKSet:
    return read_key_set({"keys": [*(RSA.public_jwk() | {"kid": kid} for kid in kids), WEAK]})


async def test_each_fetch_is_an_event() -> None:
    events: list[Event] = []
    fetch, clock = ScriptedFetch(DOWN), FakeClock()
    keys = source(fetch, clock, on_event=events.append)
    with pytest.raises(IssuerUnavailable):
        await keys.obtain()
    clock.advance(1.0)
    fetch.outcome = key_set("a")
    await keys.obtain()
    assert events == [Event("keys_failed", ISSUER, "unreachable"), Event("keys_fetched", ISSUER)]


async def test_a_hook_that_fails_decides_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_event: Event) -> None:
        raise RuntimeError("no metrics today")

    keys = source(ScriptedFetch(key_set("a")), on_event=broken)
    assert await keys.obtain() is keys.known()


async def test_a_failed_fetch_is_a_warning_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    keys = source(ScriptedFetch(DOWN))
    with anyio.fail_after(5), pytest.raises(IssuerUnavailable):
        await keys.obtain()
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("bearerguard", "WARNING")


async def test_they_are_logged_once_for_each_change(caplog: pytest.LogCaptureFixture) -> None:
    clock, fetch = FakeClock(), ScriptedFetch(_with_a_weak_key("good"))
    keys = source(fetch, clock)

    def told() -> int:
        return sum("published but not used" in record.getMessage() for record in caplog.records)

    await keys.obtain()
    assert told() == 1
    for outcome, times in ((_with_a_weak_key("good", "new"), 1), (key_set("good"), 1), (_with_a_weak_key("good"), 2)):
        fetch.outcome = outcome
        clock.advance(7_200.0)
        await keys.obtain()
        await settled()
        assert told() == times


def test_of_many_a_few_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    many = read_key_set({"keys": [RSA.public_jwk(), *({"kty": "RSA", "kid": f"weak-{number}"} for number in range(20))]})
    KeyNews(ISSUER, Listeners()).given(many)
    assert "and 15 more" in caplog.text


async def test_an_issuer_that_goes_on_failing_is_logged_once_for_each_change(caplog: pytest.LogCaptureFixture) -> None:
    """A day of failures must not fill the log: kept keys, keys past their lifetime, no keys, keys again."""
    caplog.set_level(logging.INFO, "bearerguard")
    clock, fetch, events = FakeClock(), ScriptedFetch(key_set("a")), list[Event]()
    keys = source(fetch, clock, on_event=events.append)
    await keys.obtain()
    fetch.outcome = DOWN

    async def logged_after(seconds: float) -> list[str]:
        caplog.clear()
        clock.advance(seconds)
        keys.known()
        await settled()
        return [record.getMessage().partition("refused; ")[2].partition(";")[0] for record in caplog.records]

    assert await logged_after(590.0) == ["the kept keys stay in use"]
    assert await logged_after(5.0) == []
    assert await logged_after(60.0) == ["the kept keys stay in use, past their lifetime"]
    assert await logged_after(120.0) == []
    clock.advance(86_400.0)
    caplog.clear()
    with pytest.raises(IssuerUnavailable):
        await keys.obtain()
    assert "there are no usable keys" in caplog.text
    fetch.outcome = key_set("a")
    clock.advance(60.0)
    caplog.clear()
    await keys.obtain()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert [event.name for event in events if event.name != "keys_failed"] == ["keys_fetched", "keys_stale", "keys_fetched"]
    assert sum(event.name == "keys_failed" for event in events) == 4


async def test_other_keys_than_before_are_an_event() -> None:
    """A rotation; a key that is withdrawn is one, too, and the same keys in another order are not."""
    clock, fetch, events = FakeClock(), ScriptedFetch(key_set("a")), list[Event]()
    keys = source(fetch, clock, on_event=events.append)
    for outcome in (key_set("a"), key_set("a", "b"), key_set("b", "a"), key_set("b")):
        fetch.outcome = outcome
        clock.advance(7_200.0)
        await keys.obtain()
    assert [event.name for event in events] == [
        "keys_fetched",
        *("keys_fetched", "keys_changed"),
        "keys_fetched",
        *("keys_fetched", "keys_changed"),
    ]


async def test_each_key_that_cannot_be_used_is_an_event_once() -> None:
    clock, fetch, events = FakeClock(), ScriptedFetch(_with_a_weak_key("good")), list[Event]()
    keys = source(fetch, clock, on_event=events.append)
    for _ in range(2):
        await keys.obtain()
        clock.advance(7_200.0)
    assert [(event.name, event.kid) for event in events if event.name == "key_unusable"] == [("key_unusable", "weak")]


def test_configured_keys_that_cannot_be_used_are_events() -> None:
    events: list[Event] = []
    StaticKeySource(ISSUER, {"keys": [RSA.public_jwk(), WEAK]}, listeners=Listeners([events.append]))
    assert events == [Event("key_unusable", ISSUER, kid="weak")]


async def test_a_key_that_the_issuer_does_not_publish_is_an_event() -> None:
    fetch, events = ScriptedFetch(key_set("a")), list[Event]()
    keys = source(fetch, on_event=events.append)
    held = await keys.obtain()
    await keys.look_again("forged", held, keys.fetches_sent())
    assert [(event.name, event.kid) for event in events] == [
        ("keys_fetched", ""),
        ("keys_fetched", ""),
        ("key_unknown", "forged"),
    ]


async def test_a_key_name_cannot_forge_a_line(caplog: pytest.LogCaptureFixture) -> None:
    events: list[Event] = []
    KeyNews(ISSUER, Listeners([events.append])).unknown("a\nforged" + "b" * 500)
    assert "\n" not in events[0].kid
    assert len(events[0].kid) <= 128
