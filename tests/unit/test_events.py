"""Events for the user's metrics."""

import pytest

from bearerguard.events import Event, emit


def test_a_hook_is_handed_each_event() -> None:
    seen: list[Event] = []
    emit(seen.append, Event("token_refused", "https://issuer.test", "token_expired"))
    assert seen == [Event("token_refused", "https://issuer.test", "token_expired")]


def test_without_a_hook_nothing_happens() -> None:
    emit(None, Event("keys_fetched"))


def test_a_hook_that_fails_is_logged_and_decides_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_event: Event) -> None:
        raise ZeroDivisionError

    emit(broken, Event("token_accepted"))
    (record,) = caplog.records
    assert (record.name, record.levelname, bool(record.exc_info)) == ("bearerguard", "ERROR", True)


def test_an_event_can_be_a_key_of_a_counter() -> None:
    assert len({Event("keys_fetched", "a"), Event("keys_fetched", "a"), Event("keys_fetched", "b")}) == 2
