"""Where an issuer's keys come from, as requests see it."""

from typing import Protocol

from bearerguard.keys.jwk_set import JWKSet
from bearerguard.keys.key_status import KeyStatus


class KeySource(Protocol):
    """One issuer's keys."""

    def known(self) -> JWKSet | None:
        """The set to use now, without waiting; ``None`` where ``obtain`` has to be awaited.

        May begin a fetch in the background.
        """
        ...

    def known_at(self, wall: float, monotonic: float, /) -> JWKSet | None:
        """The same, for a caller that has just read both clocks, as each hit of the token cache does."""
        ...

    def fetches_sent(self) -> int:
        """The number of the last fetch that has left; those with a higher one are asked after now."""
        ...

    async def obtain(self) -> JWKSet:
        """The set, fetched if need be.

        Raises:
            IssuerUnavailable: there is no usable set and none could be fetched.
        """
        ...

    async def look_again(self, kid: str | None, tried: JWKSet, came_after: int, /) -> JWKSet:
        """The set for a token that ``tried`` does not verify, fetched anew where that is allowed.

        Args:
            kid: The key that the token names.
            tried: What is returned where nothing newer is to be had.
            came_after: ``fetches_sent`` when the token came. A set that was asked for later shows
                what there is; nothing more is fetched.
        """
        ...

    def lacking(self, kid: str, /) -> JWKSet | None:
        """The set, where a flood of unknown names is under way and this is one of them.

        That is: the set is fresh and has no such key, ``look_again`` would not fetch now, and has
        said so many times already. Asks nobody and changes nothing.
        """
        ...

    def age(self) -> float:
        """Seconds since the issuer confirmed the set, asleep or awake; infinite when it never did."""
        ...

    def status(self) -> KeyStatus:
        """The state, for a readiness probe."""
        ...

    def close(self) -> None:
        """End what runs in the background. The source stays usable."""
        ...
