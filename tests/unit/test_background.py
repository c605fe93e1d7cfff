"""Work that outlives its beginner, on asyncio and on trio."""

import asyncio
import contextvars
import gc
import subprocess
import sys
import threading

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from bearerguard import background
from bearerguard.background import BEAT, Pulse, call_in, current_loop, every, is_closed, spawn
from bearerguard.testing import FakeClock

both = pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
BACKENDS = ("asyncio", "trio")


@pytest.mark.anyio
@both
async def test_it_runs_beside_the_task_that_began_it() -> None:
    done = anyio.Event()

    async def work() -> None:
        done.set()

    spawn(work)
    assert not done.is_set()
    with anyio.fail_after(5):
        await done.wait()


@pytest.mark.anyio
@both
async def test_it_is_not_cancelled_with_the_task_that_began_it() -> None:
    begun, go_on, done = anyio.Event(), anyio.Event(), anyio.Event()

    async def work() -> None:
        begun.set()
        await go_on.wait()
        done.set()

    async with anyio.create_task_group() as tasks:

        async def request() -> None:
            spawn(work)
            await anyio.sleep_forever()

        tasks.start_soon(request)
        await begun.wait()
        tasks.cancel_scope.cancel()
    go_on.set()
    with anyio.fail_after(5):
        await done.wait()


@pytest.mark.anyio
@both
async def test_it_sees_no_context_variable_of_the_request() -> None:
    """A fetch for all must not run in one caller's trace, database session or language."""
    variable = contextvars.ContextVar("variable", default="nobody")
    seen: list[str] = []
    done = anyio.Event()

    async def work() -> None:
        seen.append(variable.get())
        done.set()

    variable.set("a caller")
    spawn(work)
    with anyio.fail_after(5):
        await done.wait()
    assert seen == ["nobody"]


@pytest.mark.anyio
async def test_nobody_has_to_hold_it() -> None:
    """The event loop keeps only weak references to tasks."""
    go_on, done = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        await asyncio.shield(asyncio.ensure_future(go_on.wait()))
        done.set()

    spawn(work)
    await asyncio.sleep(0)
    gc.collect()
    go_on.set()
    await asyncio.wait_for(done.wait(), 5)


@pytest.mark.anyio
@both
async def test_what_it_raises_is_logged_and_disturbs_nobody(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        raise ZeroDivisionError

    spawn(work)
    for _ in range(5):
        await anyio.lowlevel.checkpoint()
    (record,) = caplog.records
    assert (record.name, record.levelname, bool(record.exc_info)) == ("bearerguard", "ERROR", True)


@pytest.mark.parametrize("backend", BACKENDS)
def test_it_ends_with_its_event_loop(backend: str) -> None:
    ended: list[str] = []

    async def work() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append("ended")

    async def main() -> None:
        spawn(work)
        await anyio.lowlevel.checkpoint()
        await anyio.lowlevel.checkpoint()

    anyio.run(main, backend=backend)
    assert ended == ["ended"]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="tasks begin eagerly from 3.12 on")
def test_a_loop_that_begins_tasks_eagerly_is_welcome() -> None:
    done: list[bool] = []

    async def work() -> None:
        done.append(True)

    async def main() -> None:
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)  # type: ignore[attr-defined,unused-ignore]
        spawn(work)

    asyncio.run(main())
    assert done == [True]


# --- which loop


def test_outside_of_an_event_loop_there_is_none() -> None:
    assert current_loop() is None


def test_without_trio_at_hand_there_is_none() -> None:
    """Trio need not be installed."""
    code = (
        "import sys; from bearerguard.background import current_loop; assert current_loop() is None and 'trio' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.anyio
@both
async def test_an_event_loop_is_one_and_the_same_for_all_its_tasks() -> None:
    seen = {current_loop()}

    async def other() -> None:
        seen.add(current_loop())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(other)
    assert len(seen) == 1
    assert None not in seen


@pytest.mark.parametrize("backend", BACKENDS)
def test_two_event_loops_are_told_apart(backend: str) -> None:
    async def main() -> object:
        return current_loop()

    assert anyio.run(main, backend=backend) is not anyio.run(main, backend=backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_only_a_closed_loop_of_asyncio_is_closed(backend: str) -> None:
    async def main() -> object:
        loop = current_loop()
        assert not is_closed(loop)
        return loop

    assert is_closed(anyio.run(main, backend=backend)) is (backend == "asyncio")


def test_work_of_a_closed_loop_is_dropped_with_the_next() -> None:
    async def begin() -> None:
        spawn(anyio.sleep_forever)
        await asyncio.sleep(0)

    left = asyncio.new_event_loop()
    left.run_until_complete(begin())
    left.close()
    asyncio.run(begin())
    assert not [task for task in background._running if task.get_loop() is left]


# --- the pulse


@pytest.mark.anyio
@both
@pytest.mark.parametrize(
    ("awake", "frozen", "stood_still"),
    [
        pytest.param(0.0, 0.0, False, id="at once"),
        pytest.param(BEAT * 0.8, 0.0, False, id="before the first beat"),
        pytest.param(0.0, 5.0, True, id="frozen"),
        pytest.param(3.0, 2.0, False, id="frozen for less than half of the time"),
        pytest.param(1.0, 2.0, True, id="frozen for more than half of the time"),
    ],
)
async def test_a_loop_stood_still_if_it_did_for_most_of_the_time(awake: float, frozen: float, stood_still: bool) -> None:
    clock = FakeClock()
    pulse = Pulse(clock)
    for _ in range(int(awake / BEAT)):
        clock.advance(BEAT)
        pulse.beat()
    clock.advance(awake % BEAT)
    clock.advance(frozen)
    assert pulse.stood_still is stood_still
    pulse.beat()
    assert pulse.stood_still is stood_still


def test_sleep_that_only_the_wall_clock_saw_counts() -> None:
    clock = FakeClock()
    pulse = Pulse(clock)
    clock.step_wall_clock(5.0)
    assert pulse.stood_still


def test_many_short_pauses_add_up() -> None:
    """A function that is called each second for 5 ms."""
    clock = FakeClock()
    pulse = Pulse(clock)
    for _ in range(6):
        clock.advance(0.9)
        pulse.beat()
    assert pulse.stood_still


@pytest.mark.anyio
@both
async def test_it_beats_beside_the_work_and_not_longer() -> None:
    clock = FakeClock()
    async with Pulse(clock).beating() as pulse:
        await anyio.sleep(0.01)
        assert not pulse.stood_still


@pytest.mark.anyio
@both
async def test_what_is_called_again_and_again_ends_when_it_is_told_to() -> None:
    calls: list[str] = []
    beside: list[str] = []
    long_after = anyio.Event()

    def call() -> None:
        calls.append("")
        if len(calls) == 3:
            stop()

    def call_beside() -> None:
        beside.append("")
        if len(calls) == 3 and len(beside) >= 10:
            long_after.set()

    stop, stop_beside = every(0.001, call), every(0.001, call_beside)
    with anyio.fail_after(5):
        await long_after.wait()
    stop_beside()
    assert len(calls) == 3


# --- another event loop


@pytest.mark.parametrize("backend", BACKENDS)
def test_another_thread_acts_in_a_loop_by_having_it_act(backend: str) -> None:
    async def main() -> tuple[int, int]:
        called = anyio.Event()
        seen: list[int] = []

        def call() -> None:
            seen.append(threading.get_ident())
            called.set()

        await anyio.to_thread.run_sync(call_in, current_loop(), call)
        with anyio.fail_after(5):
            await called.wait()
        return seen[0], threading.get_ident()

    at, own = anyio.run(main, backend=backend)
    assert at == own


@pytest.mark.anyio
@both
async def test_in_its_own_loop_it_is_called_at_once() -> None:
    calls: list[str] = []
    call_in(current_loop(), lambda: calls.append("called"))
    assert calls == ["called"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_loop_that_has_ended_has_nothing_left_to_act_on(backend: str) -> None:
    async def main() -> object:
        return current_loop()

    ended = anyio.run(main, backend=backend)
    calls: list[str] = []
    call_in(ended, lambda: calls.append("called"))
    assert calls == []
