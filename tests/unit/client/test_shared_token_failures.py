"""What everybody is told when no token can be had, and how soon the endpoint is asked again."""

import logging
import threading

import pytest

from bearerguard.client.schedule import Schedule
from bearerguard.client.shared_token import SharedToken
from bearerguard.client.token_response import IssuedToken
from bearerguard.errors import TokenRequestError
from bearerguard.testing import FakeClock
from support.held_up_endpoint import DOWN, PASSING, HeldUpEndpoint, Waiters, gathered, settled, shared

BOTH = pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])


@pytest.mark.anyio
@BOTH
async def test_all_who_wait_share_one_failure_and_none_repeats_it(tokens: SharedToken, endpoint: HeldUpEndpoint) -> None:
    """Those who waited share the failure; none of them repeats the request."""
    endpoint.script = [DOWN]
    assert await gathered(tokens, 100) == ["token_endpoint_unreachable"] * 100
    assert len(endpoint.asked) == 1


def test_each_waiter_raises_a_failure_of_its_own(tokens: SharedToken, endpoint: HeldUpEndpoint) -> None:
    """One object raised in many threads would collect all their tracebacks."""
    endpoint.script = [DOWN]
    failures = []
    for _ in range(2):
        with pytest.raises(TokenRequestError) as raised:
            tokens.get()
        failures.append(raised.value)
    assert failures[0] is not failures[1]
    assert failures[0] is not DOWN
    assert str(failures[0]) == str(failures[1]) == str(DOWN)


def test_until_the_next_try_the_failure_is_given_again_at_once(
    tokens: SharedToken, endpoint: HeldUpEndpoint, clock: FakeClock
) -> None:
    """No retry loop on invalid_client, and no storm on any other failure."""
    endpoint.script = [TokenRequestError("invalid_client")]
    for _ in range(100):
        with pytest.raises(TokenRequestError) as raised:
            tokens.get()
        assert raised.value.retry_after == 60
    assert len(endpoint.asked) == 1
    clock.advance(61)
    assert tokens.get().access_token.reveal() == "token-2"


def test_what_may_pass_is_tried_once_more_before_anybody_is_told(tokens: SharedToken, endpoint: HeldUpEndpoint) -> None:
    endpoint.script = [PASSING]
    assert tokens.get().access_token.reveal() == "token-2"


def test_a_second_failure_is_told(tokens: SharedToken, endpoint: HeldUpEndpoint) -> None:
    endpoint.script = [PASSING, PASSING]
    with pytest.raises(TokenRequestError):
        tokens.get()
    assert len(endpoint.asked) == 2


def test_a_pause_longer_than_anybody_waits_is_not_waited_for(tokens: SharedToken, endpoint: HeldUpEndpoint) -> None:
    endpoint.script = [TokenRequestError("slow_down", temporary=True, retry_after=120)]
    with pytest.raises(TokenRequestError) as raised:
        tokens.get()
    assert raised.value.retry_after == 120
    assert len(endpoint.asked) == 1


def test_a_token_that_expired_on_its_way_is_a_failure_for_those_who_wait(
    tokens: SharedToken, endpoint: HeldUpEndpoint, clock: FakeClock
) -> None:
    endpoint.lifetime = 1.0
    endpoint.script = [lambda: clock.advance(2)]
    with pytest.raises(TokenRequestError) as raised:
        tokens.get()
    assert raised.value.error == "invalid_token_response"


@pytest.mark.parametrize("error", [ZeroDivisionError("hunter2"), KeyboardInterrupt("hunter2")], ids=repr)
def test_an_unexpected_error_is_told_too_and_shows_nothing(clock: FakeClock, error: BaseException) -> None:
    """A failure wakes everybody who waits."""

    async def obtain(claims: str) -> IssuedToken:
        raise error

    tokens = SharedToken(obtain, Schedule(lambda: 0.5), clock, time_limit=5.0, endpoint="e")
    with pytest.raises(TokenRequestError) as raised:
        tokens.get()
    assert raised.value.error == "token_endpoint_unreachable"
    assert "hunter2" not in str(raised.value)


def test_a_thread_that_cannot_be_started_is_a_failure(tokens: SharedToken, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    with pytest.raises(TokenRequestError) as raised:
        tokens.get()
    assert raised.value.temporary


@pytest.mark.anyio
@BOTH
async def test_a_request_that_never_ends_does_not_hold_anybody_for_ever(clock: FakeClock, endpoint: HeldUpEndpoint) -> None:
    endpoint.open.clear()
    tokens = shared(clock, endpoint, time_limit=0.05)
    assert await gathered(tokens, 5) == ["token_endpoint_timeout"] * 5
    endpoint.open.set()
    settled()
    assert len(endpoint.asked) == 1


def test_after_a_request_that_never_ends_another_one_may_begin(clock: FakeClock, endpoint: HeldUpEndpoint) -> None:
    endpoint.open.clear()
    tokens = shared(clock, endpoint, time_limit=0.3)
    assert Waiters(tokens, 3).join() == ["token_endpoint_timeout"] * 3
    endpoint.open.set()
    settled()
    assert tokens.get().access_token.reveal() == "token-1", "its late answer is welcome where there is no newer one"
    assert len(endpoint.asked) == 1


def test_a_late_failure_is_not_told_twice(clock: FakeClock, endpoint: HeldUpEndpoint, caplog: pytest.LogCaptureFixture) -> None:
    endpoint.open.clear()
    endpoint.script = [DOWN]
    tokens = shared(clock, endpoint, time_limit=0.05)
    with caplog.at_level(logging.WARNING, "bearerguard"):
        assert Waiters(tokens, 3).join() == ["token_endpoint_timeout"] * 3
        endpoint.open.set()
        settled()
    assert len(caplog.records) == 1


def test_a_late_answer_does_not_replace_a_newer_token(clock: FakeClock, endpoint: HeldUpEndpoint) -> None:
    """Flights are numbered, so that a slow old answer cannot replace a newer one."""
    held_up = endpoint.open
    held_up.clear()
    tokens = shared(clock, endpoint, time_limit=0.3)
    assert Waiters(tokens, 1).join() == ["token_endpoint_timeout"]
    assert endpoint.reached.wait(10)
    clock.advance(2)
    endpoint.open = threading.Event()
    endpoint.open.set()
    assert tokens.get().access_token.reveal() == "token-2"
    held_up.set()
    settled()
    assert tokens.get().access_token.reveal() == "token-2"
