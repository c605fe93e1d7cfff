"""How long a fetch may take in a drill: as in production while the issuer is well, and a moment once it is lost.

A short time for all fetches would be a flake: on a busy machine a good fetch may take as long.
"""

from collections.abc import Callable, Mapping
from typing import Final

import httpx

from bearerguard.keys.fetch import Document, Fetcher

MOMENT: Final = 0.3
"""Seconds for a whole fetch from an issuer that is lost."""

HANDSHAKE: Final = 1.0
"""The same over TLS: two fifths of it are for the handshake, and the rest is never used up.

Where the time for the whole runs out during a handshake, httpcore leaves the socket to the garbage collector, which warns.
"""


class Patience:
    """Makes the fetchers of a drill.

    Attributes:
        is_lost: Whether the issuer is, so that nobody need wait long for it.
    """

    def __init__(self) -> None:
        self.is_lost = False

    def fetcher(self, transport: httpx.AsyncBaseTransport | None = None) -> Fetcher:
        """In place of ``Fetcher(transport)``."""
        return _Fetcher(transport, self)

    def losing(self, lose: Callable[[], None]) -> Callable[[], None]:
        """Loses the issuer, and patience with it."""
        return lambda: self._become(lose, is_lost=True)

    def regaining(self, regain: Callable[[], None]) -> Callable[[], None]:
        """The opposite."""
        return lambda: self._become(regain, is_lost=False)

    def _become(self, act: Callable[[], None], *, is_lost: bool) -> None:
        act()
        self.is_lost = is_lost


class _Fetcher(Fetcher):
    def __init__(self, transport: httpx.AsyncBaseTransport | None, patience: Patience) -> None:
        super().__init__(transport)
        self._patience = patience
        self._hasty = {"http": Fetcher(transport, timeout=MOMENT), "https": Fetcher(transport, timeout=HANDSHAKE)}

    async def get(self, url: str, *, limit: int, validators: Mapping[str, str] | None = None) -> Document:
        if self._patience.is_lost:
            return await self._hasty[url.partition(":")[0]].get(url, limit=limit, validators=validators)
        return await super().get(url, limit=limit, validators=validators)
