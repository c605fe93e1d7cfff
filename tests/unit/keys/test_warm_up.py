"""Keys before the first request: bounded in time, whatever some issuers do."""

import logging
from functools import partial
from typing import Final

import anyio
import pytest

from bearerguard.keys.fetch import FetchFailed
from bearerguard.keys.warm_up import warm_up
from support.key_sets import ScriptedFetch, key_set, settled, source
from support.watch import Watch

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])]

PATIENCE: Final = 30.0


def silent() -> ScriptedFetch:
    """An issuer that accepts, and never answers."""
    fetch = ScriptedFetch(key_set("a"))
    fetch.hold()
    return fetch


async def test_each_issuer_is_asked_once() -> None:
    fetches = [ScriptedFetch(key_set("a")) for _ in range(40)]
    sources = [source(fetch) for fetch in fetches]
    await warm_up(sources)
    await warm_up(sources)
    assert [len(fetch.asked) for fetch in fetches] == [1] * 40
    assert all(each.status().ready for each in sources)


async def test_it_waits_no_longer_than_its_time_limit_in_all(caplog: pytest.LogCaptureFixture) -> None:
    sources = [source(silent()) for _ in range(80)]
    with anyio.fail_after(PATIENCE), caplog.at_level(logging.WARNING, logger="bearerguard"):
        await warm_up(sources, time_limit=0.05, slow=0.01)
    assert [record.getMessage()[:42] for record in caplog.records] == ["starting without the keys of some issuers:"]
    for each in sources:
        each.close()


async def test_issuers_that_never_answer_hold_up_no_others() -> None:
    watch = Watch()
    silent_ones = [source(silent()) for _ in range(40)]
    healthy = source(ScriptedFetch(key_set("a")), on_event=watch)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(partial(warm_up, [*silent_ones, healthy], time_limit=PATIENCE, slow=0.01))
        await watch.until("keys_fetched", 1)
        tasks.cancel_scope.cancel()
    assert healthy.status().ready
    for each in silent_ones:
        each.close()


async def test_a_fetch_that_nobody_waits_for_any_longer_goes_on_in_the_background() -> None:
    fetch = silent()
    slow = source(fetch)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(warm_up, [slow])
        await settled()
        tasks.cancel_scope.cancel()
    assert fetch.at_once == 1
    fetch.release()
    await slow.obtain()
    assert len(fetch.asked) == 1


async def test_an_issuer_that_is_down_is_told_and_raises_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="bearerguard"):
        await warm_up([source(ScriptedFetch(FetchFailed("status", "status 503")))])
    assert any(record.getMessage().startswith("starting without keys:") for record in caplog.records)
