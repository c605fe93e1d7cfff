"""What requests ask of an issuer's keys."""

from typing import Protocol

from bearerguard.keys.jwk_set import JWKSet
from bearerguard.keys.key_status import KeyStatus


class KeySource(Protocol):
    """One issuer's keys."""

    def known(self) -> JWKSet | None:
        """The set to use now, without waiting; ``None`` if ``obtain`` has to be awaited.

        May begin a fetch in the background.
        """
        ...

    def known_at(self, wall: float, monotonic: float, /) -> JWKSet | None:
        """The same, for a caller that has just read both clocks, as the token cache has."""
        ...

    def fetches_sent(self) -> int:
        """The number of the last fetch sent. A fetch with a higher number is asked after now."""
        ...

    async def obtain(self) -> JWKSet:
        """The set, fetched if necessary.

        Raises:
            IssuerUnavailable: there is no usable set and none could be fetched.
        """
        ...

    async def look_again(self, kid: str | None, tried: JWKSet, came_after: int, /) -> JWKSet:
        """The set for a token that ``tried`` does not verify, fetched anew if that is allowed.

        Args:
            kid: The key that the token names.
            tried: Returned if there is no newer set.
            came_after: ``fetches_sent`` when the token arrived. If the set was asked for later than
                that, it is not fetched again.
        """
        ...

    def lacking(self, kid: str, /) -> JWKSet | None:
        """The set, if it lacks ``kid`` and a flood of unknown names is under way; else ``None``.

        In a flood the set is fresh, ``look_again`` would not fetch now, and it has refused many
        times already. Fetches nothing and changes nothing.
        """
        ...

    def age(self) -> float:
        """Seconds since the issuer confirmed the set, sleep included; infinite before the first."""
        ...

    def status(self) -> KeyStatus:
        """The state, for a readiness probe."""
        ...

    def close(self) -> None:
        """End fetches in the background. The source stays usable."""
        ...

    async def ended(self) -> None:
        """Wait until the fetches that ``close`` ended in this event loop are over."""
        ...

    def retire(self) -> None:
        """End all fetches, and begin none any more: the issuer is not trusted any more.

        Who waits goes on, without keys if there are none. May be called from any thread.
        """
        ...
