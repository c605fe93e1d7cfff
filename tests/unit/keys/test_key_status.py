"""What a readiness probe is told, and what metrics are."""

import pytest

from bearerguard.errors import IssuerUnavailable
from bearerguard.keys.fetch import FetchFailed
from bearerguard.keys.jwk_set import JWKSet, read_key_set
from bearerguard.keys.key_status import KeyStatus, key_ids
from bearerguard.keys.static_key_source import StaticKeySource
from bearerguard.testing import FakeClock
from support.key_sets import ISSUER, ScriptedFetch, key_set, settled, source
from support.sealed import RSA

pytestmark = pytest.mark.anyio
DOWN = FetchFailed("unreachable", "connection refused")


def test_before_the_first_fetch_nothing_is_ready_and_a_try_is_allowed() -> None:
    assert source(ScriptedFetch(DOWN)).status() == KeyStatus(ISSUER, False, (), None, "", 0.0)


async def test_after_a_fetch_it_tells_the_keys_their_age_and_when_the_next_is_due() -> None:
    clock = FakeClock()
    keys = source(ScriptedFetch(key_set("a", "b")), clock)
    await keys.obtain()
    then = clock.now()
    clock.advance(100.0)
    assert keys.status() == KeyStatus(ISSUER, True, ("a", "b"), 100.0, "", 380.0, last_success=then)


async def test_after_a_failure_it_tells_why_and_when_the_next_try_is_allowed() -> None:
    clock = FakeClock()
    keys = source(ScriptedFetch(DOWN), clock)
    with pytest.raises(IssuerUnavailable):
        await keys.obtain()
    clock.advance(0.25)
    assert keys.status() == KeyStatus(ISSUER, False, (), None, "connection refused", 0.75)


async def test_a_success_clears_the_error() -> None:
    clock, fetch = FakeClock(), ScriptedFetch(DOWN)
    keys = source(fetch, clock)
    with pytest.raises(IssuerUnavailable):
        await keys.obtain()
    fetch.outcome = key_set("a")
    clock.advance(1.0)
    await keys.obtain()
    assert keys.status().last_error == ""


async def test_a_kept_set_is_ready_with_its_error_and_an_old_one_is_not() -> None:
    clock, fetch = FakeClock(), ScriptedFetch(key_set("a"))
    keys = source(fetch, clock)
    await keys.obtain()
    then = clock.now()
    fetch.outcome = DOWN
    clock.advance(3600.0)
    await keys.obtain()
    assert keys.status() == KeyStatus(ISSUER, True, ("a",), 3600.0, "connection refused", 1.0, last_success=then)
    clock.advance(86_400.0 - 3600.0)
    assert keys.status() == KeyStatus(ISSUER, False, (), 86_400.0, "connection refused", 0.0, last_success=then)


async def test_asking_for_the_status_fetches_nothing() -> None:
    fetch = ScriptedFetch(key_set("a"))
    source(fetch).status()
    await settled()
    assert fetch.asked == []


def test_a_key_without_a_name_is_shown_as_an_empty_one() -> None:
    nameless = key_set("a")
    object.__setattr__(nameless.keys[0], "kid", None)
    assert key_ids(nameless) == ("",)
    assert key_ids(None) == ()


def test_before_the_first_fetch_the_age_is_infinite() -> None:
    assert source(ScriptedFetch(DOWN)).age() == float("inf")


WEAK = {"kty": "RSA", "kid": "weak"}


def _with_a_weak_key(*kids: str) -> JWKSet:
    return read_key_set({"keys": [*(RSA.public_jwk() | {"kid": kid} for kid in kids), WEAK]})


async def test_keys_that_are_published_and_not_used_are_told_with_the_reason() -> None:
    keys = source(ScriptedFetch(_with_a_weak_key("good")))
    await keys.obtain()

    (told,) = keys.status().left_out
    assert told.startswith("keys[1] ('weak'): ")


def test_static_keys_tell_theirs_too(caplog: pytest.LogCaptureFixture) -> None:
    keys = StaticKeySource(ISSUER, {"keys": [RSA.public_jwk(), WEAK]})
    assert "'weak'" in caplog.text
    assert len(keys.status().left_out) == 1
