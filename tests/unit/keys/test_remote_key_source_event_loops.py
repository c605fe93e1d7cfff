"""One source, several event loops: one after the other, at the same time, and dead ones."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import pytest
import trio

from bearerguard import background
from bearerguard.errors import IssuerUnavailable
from bearerguard.keys.fetch import FetchFailed
from bearerguard.keys.jwk_set import JWKSet
from bearerguard.keys.key_set_fetch import FetchedKeys, Validators
from bearerguard.keys.remote_key_source import RemoteKeySource
from bearerguard.testing import FakeClock
from support.key_sets import ISSUER, ScriptedFetch, fetched, key_set, kids_of, look, settled, source

Later = Callable[[FetchedKeys | Exception], None]


class Elsewhere:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()

    def begin(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def end(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    loop = Elsewhere()
    yield loop
    loop.end()


class AnsweredByHand:
    """A fetch whose calls are answered one by one, from any thread."""

    def __init__(self) -> None:
        self.calls: list[Later] = []
        self.called = threading.Semaphore(0)

    async def __call__(self, validators: Validators | None, /) -> FetchedKeys:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[FetchedKeys] = loop.create_future()

        def arrive(outcome: FetchedKeys | Exception) -> None:
            take = answer.set_exception if isinstance(outcome, Exception) else answer.set_result
            loop.call_soon_threadsafe(take, outcome)  # type: ignore[arg-type]

        self.calls.append(arrive)
        self.called.release()
        return await answer


def by_hand() -> tuple[RemoteKeySource, AnsweredByHand]:
    fetch = AnsweredByHand()
    return RemoteKeySource(ISSUER, fetch, clock=FakeClock(), jitter=lambda: 0.5), fetch


def test_event_loops_one_after_the_other_share_the_keys() -> None:
    fetch = ScriptedFetch(key_set("a"))
    keys = source(fetch)
    for _ in range(3):
        assert kids_of(asyncio.run(keys.obtain())) == {"a"}
    assert kids_of(trio.run(keys.obtain)) == {"a"}
    assert len(fetch.asked) == 1


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_fetch_ends_with_its_event_loop_and_the_next_loop_begins_another(backend: str) -> None:
    clock, fetch = FakeClock(), ScriptedFetch(key_set("a"))
    keys = source(fetch, clock)
    asyncio.run(keys.obtain())
    clock.advance(480.0)
    fetch.outcome = key_set("b")

    async def one_request() -> None:
        fetch.hold()
        keys.known()
        await settled()

    async def request_and_wait() -> None:
        fetch.release()
        keys.known()
        await settled()

    anyio.run(one_request, backend=backend)
    assert fetch.at_once == 0
    anyio.run(request_and_wait, backend=backend)
    assert kids_of(keys.known()) == {"b"}


def test_a_fetch_of_an_event_loop_that_was_left_keeps_no_other_waiting() -> None:
    """The fetch of the first loop never ends; waiters of another loop must not wait for it."""
    fetch = ScriptedFetch(key_set("a"))
    keys = source(fetch)
    left = asyncio.new_event_loop()

    async def begin() -> None:
        fetch.hold()
        with anyio.move_on_after(0):
            await keys.obtain()

    left.run_until_complete(begin())
    fetch.release_later_ones()
    assert kids_of(asyncio.run(keys.obtain())) == {"a"}
    for task in asyncio.all_tasks(left):
        task.cancel()
    left.run_until_complete(asyncio.sleep(0))
    left.close()


def test_outside_of_an_event_loop_the_kept_set_serves_and_nothing_is_fetched() -> None:
    clock, fetch = FakeClock(), ScriptedFetch(key_set("a"))
    keys = source(fetch, clock)
    asyncio.run(keys.obtain())
    clock.advance(500.0)
    assert kids_of(keys.known()) == {"a"}
    assert len(fetch.asked) == 1


def test_a_late_old_answer_never_replaces_a_newer_one(elsewhere: Elsewhere) -> None:
    keys, fetch = by_hand()
    first = elsewhere.begin(keys.obtain())
    fetch.called.acquire()

    async def newer() -> JWKSet:
        waiting = asyncio.ensure_future(keys.obtain())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        fetch.calls[1](fetched("new"))
        return await waiting

    assert kids_of(asyncio.run(newer())) == {"new"}
    fetch.calls[0](fetched("old"))
    assert kids_of(first.result(10)) == {"new"}
    assert kids_of(keys.known()) == {"new"}


def test_a_late_old_failure_does_not_spoil_a_newer_success(elsewhere: Elsewhere) -> None:
    keys, fetch = by_hand()
    first = elsewhere.begin(keys.obtain())
    fetch.called.acquire()

    async def newer() -> None:
        waiting = asyncio.ensure_future(keys.obtain())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        fetch.calls[1](fetched("new"))
        await waiting

    asyncio.run(newer())
    fetch.calls[0](FetchFailed("timeout", "late"))
    assert kids_of(first.result(10)) == {"new"}
    assert keys.status().last_error == ""


def test_a_304_confirms_the_set_it_was_asked_about_and_no_other(elsewhere: Elsewhere) -> None:
    """Two loops ask; the older request brings another set, the newer one hears that the first set still stands."""
    keys, fetch = by_hand()

    async def obtain(number: int, answer: FetchedKeys) -> JWKSet:
        waiting = asyncio.ensure_future(keys.obtain())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        fetch.calls[number](answer)
        return await waiting

    current = asyncio.run(obtain(0, fetched("kept", etag='"1"')))
    older = elsewhere.begin(look(keys, "x", current))
    for _ in range(2):
        fetch.called.acquire()

    async def newer() -> None:
        waiting = asyncio.ensure_future(look(keys, "y", current))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        fetch.calls[1](fetched("other", etag='"2"'))
        older.result(10)
        fetch.calls[2](fetched(etag='"1"'))
        await waiting

    asyncio.run(newer())
    assert kids_of(keys.known()) == {"kept"}


def test_many_threads_with_their_own_loops_find_their_keys() -> None:
    fetch = ScriptedFetch(key_set("a"))
    keys = source(fetch)
    barrier = threading.Barrier(8)

    async def requests(worker: int) -> bool:
        current = await keys.obtain()
        for number in range(200):
            await look(keys, f"{worker}-{number}", current)
        return kids_of(keys.known()) == {"a"}

    def work(worker: int) -> bool:
        barrier.wait()
        return asyncio.run(requests(worker))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))
    assert len(fetch.asked) <= 2 * 8


def test_a_failing_issuer_is_reported_to_each_loop() -> None:
    keys = source(ScriptedFetch(FetchFailed("status", "status 500")))
    for _ in range(2):
        with pytest.raises(IssuerUnavailable):
            asyncio.run(keys.obtain())


# --- loops that ended


def left_behind(keys: RemoteKeySource) -> None:
    """A request begins a fetch; its loop is closed without a word to what runs in it."""
    loop = asyncio.new_event_loop()

    async def request() -> None:
        keys.known()
        await settled()

    loop.run_until_complete(request())
    loop.close()


async def one_after_the_other(keys: RemoteKeySource, requests: int) -> None:
    for number in range(requests):
        await look(keys, f"x{number}", await keys.obtain())


def test_a_fetch_whose_loop_was_closed_keeps_no_flood_expensive() -> None:
    """A forged token is refused at a glance again: nothing is under way that could still bring its key."""
    clock, fetch = FakeClock(), ScriptedFetch(key_set("a"))
    keys = source(fetch, clock)
    asyncio.run(keys.obtain())
    clock.advance(480.0)
    fetch.hold()
    left_behind(keys)
    fetch.release_later_ones()
    clock.advance(120.0)
    asyncio.run(one_after_the_other(keys, 200))
    assert keys.lacking("b") is not None


def test_a_fetch_whose_loop_was_closed_is_dropped_with_the_next_one() -> None:
    clock, fetch = FakeClock(), ScriptedFetch(key_set("a"))
    keys = source(fetch, clock)
    asyncio.run(keys.obtain())
    clock.advance(480.0)
    fetch.hold()
    left_behind(keys)
    assert len(keys._flights) == 1
    fetch.release_later_ones()
    clock.advance(120.0)
    asyncio.run(keys.obtain())
    assert len(keys._flights) == 0
    assert not [task for task in background._running if task.get_loop().is_closed()]


@pytest.mark.parametrize("politely", [True, False], ids=["cancelled", "closed"])
def test_where_each_request_has_a_loop_of_its_own_the_next_one_past_the_lifetime_finishes_the_fetch(politely: bool) -> None:
    """Whatever failed before: no fetch comes to its end in the background of such a host."""
    clock, fetch = FakeClock(), ScriptedFetch(key_set("a"))
    keys = source(fetch, clock)
    asyncio.run(keys.obtain())
    clock.advance(700.0)
    fetch.outcome = FetchFailed("status", "status 500")
    assert kids_of(asyncio.run(keys.obtain())) == {"a"}
    fetch.outcome = key_set("b")
    for _ in range(3):
        clock.advance(60.0)
        fetch.hold()
        if politely:
            asyncio.run(asyncio.wait_for(passing_by(keys), 5))
        else:
            left_behind(keys)
    fetch.release_later_ones()

    async def request() -> set[str | None]:
        return kids_of(keys.known() or await keys.obtain())

    clock.advance(60.0)
    assert asyncio.run(request()) == {"b"}


async def passing_by(keys: RemoteKeySource) -> None:
    """A request that is served by what is there, and is over before its fetch is."""
    keys.known()
    await settled()
