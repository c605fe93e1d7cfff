"""Fetches the keys of many issuers before the first request needs them."""

from collections.abc import Iterable
from typing import Final

import anyio

from bearerguard.errors import IssuerUnavailable
from bearerguard.events import logger
from bearerguard.keys.key_source import KeySource

TIME_LIMIT: Final = 10.0
_AT_ONCE: Final = 16
"""Fetches begun at the same time: each handshake holds up the event loop."""
_SLOW: Final = 0.5
"""Seconds after which a slow fetch gives its place to the next one."""


async def warm_up(sources: Iterable[KeySource], *, time_limit: float = TIME_LIMIT, slow: float = _SLOW) -> None:
    """Fetch the keys of all ``sources`` that have none, and wait for them. Never raises.

    Args:
        sources: Each is asked once.
        time_limit: Seconds to wait in all. After that, fetches go on in the background.
        slow: Seconds for which a fetch may keep others from beginning.
    """
    places = anyio.CapacityLimiter(_AT_ONCE)
    with anyio.move_on_after(time_limit) as limit:
        async with anyio.create_task_group() as tasks:
            for source in sources:
                tasks.start_soon(_warm, source, places, slow)
    if limit.cancelled_caught:
        logger.warning("starting without the keys of some issuers: not all have answered within %g s", time_limit)


async def _warm(source: KeySource, places: anyio.CapacityLimiter, slow: float) -> None:
    try:
        async with places:
            with anyio.move_on_after(slow):
                await source.obtain()
                return
        await source.obtain()
    except IssuerUnavailable as error:
        logger.warning("starting without keys: %s", error.operator_text)
