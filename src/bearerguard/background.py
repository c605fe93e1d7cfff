"""Work that outlives the request that began it, on asyncio and on trio."""

import asyncio
import contextvars
import logging
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Final

_logger: Final = logging.getLogger("bearerguard")
_running: Final[set[asyncio.Task[None]]] = set()  # the event loop itself keeps only weak references to tasks


def current_loop() -> object | None:
    """What identifies the running event loop: asyncio's loop or trio's token; ``None`` outside of both."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        trio: Any = sys.modules.get("trio")
        if trio is None:
            return None
    try:
        return trio.lowlevel.current_trio_token()  # type: ignore[no-any-return]
    except RuntimeError:
        return None


def spawn(function: Callable[[], Awaitable[None]]) -> None:
    """Run ``function`` beside the current task, shielded from its cancellation and from its context variables.

    Nobody waits for it: what it raises is logged, on trio too, where it would end the whole run. It ends with the event loop.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        trio: Any = sys.modules["trio"]
        trio.lowlevel.spawn_system_task(_run, function, context=contextvars.Context())
        return
    task = loop.create_task(_run(function), context=contextvars.Context())
    _running.add(task)
    task.add_done_callback(_running.discard)


async def _run(function: Callable[[], Awaitable[None]]) -> None:
    try:
        await function()
    except Exception:  # whatever it is, no request asked for it
        _logger.exception("work in the background failed")
