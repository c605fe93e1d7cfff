"""What a forked child keeps of its parent's keys, and what it never waits for."""

import asyncio
import os

import pytest

from bearerguard.keys.remote_key_source import RemoteKeySource
from bearerguard.testing import FakeClock
from support.forked import held_by_another_thread, holds_in_a_child
from support.key_sets import ScriptedFetch, key_set, kids_of, settled, source

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")


def started(clock: FakeClock) -> tuple[RemoteKeySource, ScriptedFetch]:
    fetch = ScriptedFetch(key_set("a"))
    keys = source(fetch, clock)
    asyncio.run(keys.obtain())
    return keys, fetch


async def current(keys: RemoteKeySource) -> set[str | None]:
    return kids_of(keys.known() or await keys.obtain())


def test_a_child_has_the_keys_of_its_parent() -> None:
    keys, fetch = started(FakeClock())
    assert holds_in_a_child(lambda: asyncio.run(current(keys)) == {"a"} and len(fetch.asked) == 1)


def test_a_child_waits_for_no_lock_that_a_thread_of_its_parent_holds() -> None:
    """What the thread was about to change may be half changed: the child fetches for itself."""
    keys, fetch = started(FakeClock())
    with held_by_another_thread(keys._changing):
        assert holds_in_a_child(lambda: asyncio.run(current(keys)) == {"a"} and len(fetch.asked) == 2)
    assert asyncio.run(current(keys)) == {"a"}
    assert len(fetch.asked) == 1


def test_a_child_waits_for_no_fetch_of_its_parent() -> None:
    """Not even on the parent's own event loop, which was left when the process was forked."""
    clock = FakeClock()
    keys, fetch = started(clock)
    loop = asyncio.new_event_loop()

    async def request() -> None:
        keys.known()
        await settled()

    clock.advance(480.0)
    fetch.hold()
    loop.run_until_complete(request())

    def served() -> bool:
        clock.advance(3600.0)
        fetch.release_later_ones()
        fetch.outcome = key_set("b")
        return loop.run_until_complete(current(keys)) == {"b"}

    assert holds_in_a_child(served)
    fetch.release()
    loop.run_until_complete(settled())
    loop.close()
    assert asyncio.run(current(keys)) == {"a"}


@pytest.mark.parametrize("fails", [False, True])
def test_what_comes_of_a_fetch_of_the_parent_counts_for_nothing_in_the_child(fails: bool) -> None:
    """Both read from the same socket."""
    clock = FakeClock()
    keys, fetch = started(clock)

    async def forked_meanwhile() -> None:
        clock.advance(480.0)
        fetch.outcome = ZeroDivisionError("octets of somebody else's answer") if fails else key_set("b")
        fetch.hold()
        keys.known()
        await settled()
        keys.after_fork()
        fetch.release()
        await settled()

    asyncio.run(forked_meanwhile())
    assert fetch.at_once == 0
    assert kids_of(keys.known()) == {"a"}
    assert keys.status().last_error == ""
