"""Events for the user's metrics."""

import functools
from typing import Any

import pytest

from bearerguard.errors import ConfigurationError
from bearerguard.events import Event, Listeners, checked_hooks

REFUSED = Event("token_refused", "https://issuer.test", "token_expired")


def broken(_event: Event) -> None:
    raise ZeroDivisionError


async def asynchronous(_event: Event) -> None:
    raise NotImplementedError


class Counting:
    """A hook that compares by value, so that it has no hash."""

    def __init__(self) -> None:
        self.seen: list[Event] = []

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = None  # type: ignore[assignment]

    def __call__(self, event: Event) -> None:
        self.seen.append(event)


class AsyncCallable:
    async def __call__(self, _event: Event) -> None:
        raise NotImplementedError


def test_a_hook_is_handed_each_event() -> None:
    seen: list[Event] = []
    Listeners(checked_hooks(seen.append))(REFUSED)
    assert seen == [REFUSED]


def test_several_hooks_are_told_in_their_order_and_each_once() -> None:
    first, second = Counting(), Counting()
    listeners = Listeners(checked_hooks([first, second, first]))
    listeners.add(second)
    listeners(REFUSED)
    assert (first.seen, second.seen) == ([REFUSED], [REFUSED])
    assert listeners.hooks == (first, second)


def test_a_hook_that_is_added_is_told_from_then_on() -> None:
    seen: list[Event] = []
    listeners = Listeners()
    listeners(Event("keys_fetched"))
    listeners.add(seen.append)
    listeners(REFUSED)
    assert seen == [REFUSED]


def test_both_listeners_hooks_are_told_once() -> None:
    ours, shared = Counting(), Counting()
    Listeners([ours, shared]).and_those_of(Listeners([shared]))(REFUSED)
    assert (ours.seen, shared.seen) == ([REFUSED], [REFUSED])


def test_a_hook_that_fails_is_logged_and_the_others_are_told(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[Event] = []
    Listeners([broken, seen.append])(REFUSED)
    (record,) = caplog.records
    assert (record.name, record.levelname, bool(record.exc_info)) == ("bearerguard", "ERROR", True)
    assert seen == [REFUSED]


def test_a_hook_that_goes_on_failing_is_logged_once_until_it_works_again(caplog: pytest.LogCaptureFixture) -> None:
    """A broken metric must not fill the log at the rate of the requests."""
    works = [False, False, True, False]

    def unsteady(_event: Event) -> None:
        if not works.pop(0):
            raise ZeroDivisionError

    listeners = Listeners([unsteady])
    for _ in range(4):
        listeners(REFUSED)
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]


def test_a_function_that_returns_a_coroutine_is_told_of_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """What it is made of hides that it is async; nobody awaits what it returns."""

    def forwards(event: Event) -> Any:
        return asynchronous(event)

    Listeners([forwards])(REFUSED)
    (record,) = caplog.records
    assert (record.levelname, "async" in record.getMessage()) == ("ERROR", True)


def test_what_a_hook_returns_is_of_no_interest(caplog: pytest.LogCaptureFixture) -> None:
    Listeners([lambda event: event])(REFUSED)
    assert caplog.records == []


def test_what_ends_the_program_is_not_held_back() -> None:
    def interrupted(_event: Event) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Listeners([interrupted])(REFUSED)


@pytest.mark.parametrize(
    "hook", ["x", 7, [7], [broken, None], Event, asynchronous, functools.partial(asynchronous), AsyncCallable()]
)
def test_a_hook_is_a_function_that_is_not_async(hook: Any) -> None:
    with pytest.raises(ConfigurationError) as refused:
        checked_hooks(hook)
    assert refused.value.parameter == "on_event"


@pytest.mark.parametrize("nobody", [None, [], ()])
def test_nobody_need_listen(nobody: Any) -> None:
    assert checked_hooks(nobody) == ()


def test_an_event_can_be_a_key_of_a_counter() -> None:
    assert len({Event("keys_fetched", "a"), Event("keys_fetched", "a"), Event("keys_fetched", "b")}) == 2


def test_an_event_cannot_be_changed() -> None:
    """Several hooks see the same one."""
    with pytest.raises(AttributeError):
        REFUSED.code = ""  # type: ignore[misc]


@pytest.mark.anyio
async def test_closing_waits_for_hooks_that_write_in_the_background(caplog: pytest.LogCaptureFixture) -> None:
    class Writing:
        closed = 0

        def __call__(self, event: Event) -> None:
            """Nothing."""

        async def aclose(self) -> None:
            self.closed += 1
            if self.closed > 1:
                raise OSError("the disk is gone")

    hook = Writing()
    listeners = Listeners([print, hook])

    await listeners.aclose()
    assert (hook.closed, caplog.records) == (1, [])
    await listeners.aclose()  # raises nothing
    assert len(caplog.records) == 1
