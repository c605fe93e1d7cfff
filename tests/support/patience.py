"""How long a fetch may take in a drill: as in production while the issuer is well, and a moment once it is lost.

A short time for all fetches would be a flake: on a busy machine a good fetch may take as long.
"""

from collections.abc import Callable, Mapping
from typing import Final

import httpx

from bearerguard.keys.fetch import Document, Fetcher

MOMENT: Final = 0.3
"""Seconds for a whole fetch from an issuer that is lost."""


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
        self._hasty = {"http": Fetcher(transport, timeout=MOMENT), "https": _shaking_hands_for_a_moment(transport)}

    async def get(self, url: str, *, limit: int, validators: Mapping[str, str] | None = None) -> Document:
        if self._patience.is_lost:
            return await self._hasty[url.partition(":")[0]].get(url, limit=limit, validators=validators)
        return await super().get(url, limit=limit, validators=validators)


def _shaking_hands_for_a_moment(transport: httpx.AsyncBaseTransport | None) -> Fetcher:
    """Its time for the whole never runs out during a handshake: httpcore would leave the socket to the garbage collector."""
    fetcher = Fetcher(transport)
    fetcher._http._limits["connect"] = MOMENT
    return fetcher
