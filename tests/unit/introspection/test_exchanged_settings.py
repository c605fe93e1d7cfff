"""Questions under way, and answers, when whom a server trusts is exchanged."""

import anyio
import anyio.lowlevel
import httpx
import pytest

from bearerguard import ResourceServer
from bearerguard.testing import FakeClock
from support.introspected import GOOD, NOW, settings

pytestmark = pytest.mark.anyio


async def test_a_server_that_asks_forgets_the_answers_of_the_old_settings_and_ends_their_questions() -> None:
    may_answer = anyio.Event()
    asked = 0

    async def endpoint(_request: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        if asked > 1:
            await may_answer.wait()
        return httpx.Response(200, json={**GOOD, "aud": ["api://orders", "api://bills"]})

    transport = httpx.MockTransport(endpoint)
    api = ResourceServer(audience="api://orders", introspection=settings(), transport=transport, clock=FakeClock(NOW))
    await api.authenticate("one")
    former = api.connection.introspector
    assert former is not None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(api.authenticate, "two")
        while asked < 2:
            await anyio.lowlevel.checkpoint()
        api.reconfigure(audience="api://bills")
        assert (former.status().remembered, former.status().under_way) == (0, 0)
        may_answer.set()

    assert asked == 3  # the one that was waiting was judged anew
