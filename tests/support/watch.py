"""Waiting for what happens in the background, without sleeping."""

from typing import Final

import anyio

from bearerguard.events import Event

_PATIENCE: Final = 30.0


class Watch:
    """An ``on_event`` hook that tests can wait on.

    Attributes:
        events: All events so far.
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._news = anyio.Event()

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        news, self._news = self._news, anyio.Event()
        news.set()

    def count(self, name: str) -> int:
        """How many events of this name there were."""
        return sum(event.name == name for event in self.events)

    async def until(self, name: str, count: int) -> None:
        """Wait until there were so many; fails after half a minute."""
        with anyio.fail_after(_PATIENCE):
            while self.count(name) < count:
                await self._news.wait()
