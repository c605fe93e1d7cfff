"""``aclose()`` leaves nothing behind, at whatever moment: the event loop may be closed right after it."""

import asyncio
import gc
import logging
import warnings
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final, TypeAlias

import anyio
import anyio.lowlevel
import httpx
import pytest

from bearerguard import Introspection, ResourceServer, oidc
from bearerguard.background import spawn
from bearerguard.errors import IssuerUnavailable

Work: TypeAlias = Callable[[], Coroutine[Any, Any, None]]
TURNS: Final = 12
"""Steps of the event loop within which a fetch begins; it is ended after each of them."""


async def hang(_request: httpx.Request) -> httpx.Response:
    """An issuer that never answers; to give up takes a few turns, as closing a connection does."""
    try:
        await anyio.sleep_forever()
        raise AssertionError
    finally:
        with anyio.CancelScope(shield=True):
            await turns(5)


def hanging_server() -> ResourceServer:
    """Its issuer and its introspection endpoint hang."""
    asked = Introspection("https://issuer.test/introspect", client_id="api", client_secret="secret")
    return ResourceServer(oidc("https://issuer.test"), "api://orders", transport=httpx.MockTransport(hang), introspection=asked)


async def turns(count: int) -> None:
    for _ in range(count):
        await anyio.lowlevel.checkpoint()


def complaints_of(run: Callable[[], None], caplog: pytest.LogCaptureFixture) -> list[str]:
    """What Python says of tasks and coroutines that were left behind."""
    with warnings.catch_warnings(record=True) as caught, caplog.at_level(logging.ERROR):
        warnings.simplefilter("always")
        run()
        gc.collect()
    return [*(str(warning.message) for warning in caught), *(record.getMessage() for record in caplog.records)]


async def asked_for(api: ResourceServer, token: str) -> None:
    try:
        await api.authenticate(token)
    except IssuerUnavailable:
        return


def begin_key_fetch(api: ResourceServer) -> Work:
    keys = api.connection.registrations.all[0].keys

    async def obtain() -> None:
        await keys.obtain()

    return obtain


def begin_question(api: ResourceServer) -> Work:
    return lambda: asked_for(api, "opaque")


def run_on_a_loop_of_its_own(main: Work) -> None:
    """As serverless hosts do: nobody cancels what is left when the loop is closed."""
    loop = asyncio.new_event_loop()
    loop.run_until_complete(main())
    left = [task for task in asyncio.all_tasks(loop) if not task.done()]
    loop.close()
    assert not left, left


@pytest.mark.parametrize("begun", [begin_key_fetch, begin_question])
def test_nothing_runs_any_more_when_it_returns(begun: Callable[[ResourceServer], Work], caplog: pytest.LogCaptureFixture) -> None:
    async def main(count: int) -> None:
        api = hanging_server()
        waiting = asyncio.ensure_future(begun(api)())
        await turns(count)
        waiting.cancel()
        await asyncio.wait([waiting])
        await api.aclose()

    def each() -> None:
        for count in range(TURNS):
            run_on_a_loop_of_its_own(partial(main, count))

    assert complaints_of(each, caplog) == []


def test_a_loop_that_ends_without_it_says_nothing_of_a_fetch(caplog: pytest.LogCaptureFixture) -> None:
    """``asyncio.run`` cancels what is left, wherever it is."""

    async def main(count: int) -> None:
        spawn(begin_key_fetch(hanging_server()))
        await turns(count)

    def each() -> None:
        for count in range(TURNS):
            asyncio.run(main(count))

    assert complaints_of(each, caplog) == []


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_who_waited_for_keys_goes_on(anyio_backend: str) -> None:
    api = hanging_server()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(api.warm_up)
        await anyio.wait_all_tasks_blocked()
        with anyio.fail_after(5):
            await api.aclose()


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_it_may_be_called_twice_and_without_anything_under_way(anyio_backend: str) -> None:
    api = hanging_server()
    with anyio.fail_after(5):
        await api.aclose()
        await api.aclose()
