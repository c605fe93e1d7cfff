"""One introspector under several event loops, in several threads, and in a forked child."""

import asyncio
import sys
import threading
from collections.abc import Awaitable
from contextlib import closing
from typing import Any

import anyio
import httpx
import pytest

from bearerguard import AccessTokenError, IssuerUnavailable, Principal, ResourceServer
from bearerguard.testing import FakeClock
from support.forked import held_by_another_thread, holds_in_a_child
from support.introspected import AUDIENCE, GOOD, NOW, OPAQUE, scripted, settings

AT_ONCE = 40
forks = pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")


class Hanging:
    """An endpoint whose first questions are never answered.

    Attributes:
        asked: How many questions came.
        unanswered: How many of the first are left without an answer.
    """

    def __init__(self, unanswered: int) -> None:
        self.asked = 0
        self.unanswered = unanswered

    async def __call__(self, _request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.asked <= self.unanswered:
            await anyio.Event().wait()
        return httpx.Response(200, json=GOOD)


def _server(endpoint: Any, **changes: Any) -> ResourceServer:
    asked = settings(**changes)
    return ResourceServer(audience=AUDIENCE, introspection=asked, transport=httpx.MockTransport(endpoint), clock=FakeClock(NOW))


def _begin_and_close_the_loop(api: ResourceServer, endpoint: Hanging, tokens: list[str]) -> "set[asyncio.Task[Any]]":
    """As a program does that closes its event loop under running tasks."""
    loop = asyncio.new_event_loop()

    async def begin() -> None:
        for some in (tokens[:AT_ONCE], tokens[AT_ONCE:]):
            for token in some:
                loop.create_task(api.authenticate(token))  # noqa: RUF006  left behind on purpose
            while endpoint.asked < tokens.index(some[-1]) + 1:  # noqa: ASYNC110  each question that comes counts
                await asyncio.sleep(0)
            api.connection.clock.advance(1.0)  # type: ignore[attr-defined]

    loop.run_until_complete(begin())
    left = asyncio.all_tasks(loop)
    loop.set_exception_handler(lambda *_: None)
    loop.close()
    return left


def _abandon(task: "asyncio.Task[Any]") -> None:
    """Else the collector complains of a task that was pending, whenever it comes by."""
    task._log_destroy_pending = False  # type: ignore[attr-defined]
    try:
        task.get_coro().close()
    except RuntimeError:  # what it has to clean up needs the loop
        return


def test_a_question_of_an_event_loop_that_was_closed_stands_in_nobodys_way() -> None:
    endpoint = Hanging(unanswered=48)
    api = _server(endpoint)
    tokens = [f"token-{number}" for number in range(48)]  # all places that there are
    left = _begin_and_close_the_loop(api, endpoint, tokens)
    endpoint.unanswered = 0

    assert isinstance(asyncio.run(api.authenticate(tokens[0])), Principal)
    for task in left:
        _abandon(task)


@pytest.mark.parametrize("answer", [GOOD, {"active": False}])
def test_after_closing_an_answer_of_another_event_loop_is_not_remembered(answer: dict[str, Any]) -> None:
    may_answer: list[asyncio.Event] = []

    async def endpoint(_request: httpx.Request) -> httpx.Response:
        may_answer.append(asyncio.Event())
        await may_answer[0].wait()
        return httpx.Response(200, json=answer)

    api = _server(endpoint)

    async def begin() -> "asyncio.Task[Principal]":
        task = asyncio.create_task(api.authenticate(OPAQUE))
        while not may_answer:  # noqa: ASYNC110  the question that comes counts
            await asyncio.sleep(0)
        return task

    async def finish(task: "asyncio.Task[Principal]") -> str:
        may_answer[0].set()
        return await _outcome(task)

    with closing(asyncio.new_event_loop()) as loop:
        task = loop.run_until_complete(begin())
        asyncio.run(api.aclose())
        outcome = loop.run_until_complete(finish(task))
    may_answer[0] = asyncio.Event()
    may_answer[0].set()

    assert asyncio.run(_outcome(api.authenticate(OPAQUE))) == outcome
    assert len(may_answer) == 2


async def _outcome(judged: "Awaitable[Principal]") -> str:
    try:
        return (await judged).client_id or ""
    except AccessTokenError as refusal:
        return refusal.code


def test_answers_outlive_the_event_loop_that_asked() -> None:
    api, endpoint = scripted(GOOD)
    asyncio.run(api.authenticate(OPAQUE))

    assert isinstance(asyncio.run(api.authenticate(OPAQUE)), Principal)
    assert isinstance(anyio.run(api.authenticate, OPAQUE, backend="trio"), Principal)
    assert len(endpoint.requests) == 1


def test_event_loops_in_many_threads_ask_once_each_and_share_the_limits() -> None:
    """A request cannot wait for what another loop runs; the endpoint does not see the difference between threads."""
    barrier, lock = threading.Barrier(8), threading.Lock()
    outcomes: list[Principal | IssuerUnavailable] = []
    asked = 0

    def endpoint(_request: httpx.Request) -> httpx.Response:
        nonlocal asked
        with lock:
            asked += 1
        return httpx.Response(200, json=GOOD)

    api = _server(endpoint)

    async def twenty(number: int) -> None:
        for token in range(20):
            try:
                outcomes.append(await api.authenticate(f"{number}-{token}"))
            except IssuerUnavailable as why:
                outcomes.append(why)

    def run(number: int) -> None:
        barrier.wait()
        asyncio.run(twenty(number))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert asked == 40  # of 160 within one second of the clock, which stands still
    assert sum(isinstance(outcome, Principal) for outcome in outcomes) == 40


# --- forks


def _good_in_a_child(api: ResourceServer) -> bool:
    return isinstance(asyncio.run(api.authenticate(OPAQUE)), Principal)


@forks
def test_a_forked_child_keeps_the_answers() -> None:
    api, endpoint = scripted(GOOD)
    asyncio.run(api.authenticate(OPAQUE))

    def promise() -> bool:
        return _good_in_a_child(api) and len(endpoint.requests) == 1

    assert holds_in_a_child(promise)


@forks
def test_a_forked_child_asks_although_another_thread_of_the_parent_was_changing_the_memory() -> None:
    api, endpoint = scripted(GOOD)
    asyncio.run(api.authenticate(OPAQUE))
    introspector = api.connection.introspector
    assert introspector is not None

    def promise() -> bool:
        return _good_in_a_child(api) and len(endpoint.requests) == 2  # nothing that may be half changed is kept

    with held_by_another_thread(introspector._memory._changing), held_by_another_thread(introspector._beginning):
        assert holds_in_a_child(promise)


@forks
def test_a_forked_child_does_not_wait_for_a_question_of_the_parent() -> None:
    endpoint = Hanging(unanswered=1)
    api = _server(endpoint)

    async def fork_while_it_is_under_way() -> bool:
        waiting = asyncio.create_task(api.authenticate(OPAQUE))
        while not endpoint.asked:  # noqa: ASYNC110  the same
            await asyncio.sleep(0)
        held = await asyncio.to_thread(holds_in_a_child, lambda: _good_in_a_child(api))
        waiting.cancel()
        await api.aclose()
        return held

    assert asyncio.run(fork_while_it_is_under_way())
