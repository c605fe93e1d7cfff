"""Keys handed in by the configuration."""

from collections.abc import Mapping
from typing import Any

from bearerguard.errors import ConfigurationError
from bearerguard.events import Listeners
from bearerguard.keys.jwk_set import JWKSet, UnusableKeySet, read_key_set
from bearerguard.keys.key_news import KeyNews
from bearerguard.keys.key_status import KeyStatus, key_ids, left_out


class StaticKeySource:
    """A ``KeySource`` whose keys are given once; nothing is ever fetched.

    Raises:
        ConfigurationError: the set has no usable key.
    """

    def __init__(self, issuer: str, jwks: Mapping[str, Any], *, listeners: Listeners | None = None) -> None:
        try:
            self._key_set = read_key_set(jwks)
        except UnusableKeySet as why:
            raise ConfigurationError("jwks", f"{issuer}: {why}", example='{"keys": [<public JWK>, …]}') from None
        self._issuer = issuer
        KeyNews(issuer, listeners or Listeners()).given(self._key_set)

    def known(self) -> JWKSet | None:
        """The configured set."""
        return self._key_set

    def known_at(self, _wall: float, _monotonic: float, /) -> JWKSet | None:
        """The configured set."""
        return self._key_set

    def fetches_sent(self) -> int:
        """Always 0: nothing is fetched."""
        return 0

    async def obtain(self) -> JWKSet:
        """The configured set."""
        return self._key_set

    async def look_again(self, _kid: str | None, tried: JWKSet, _came_after: int, /) -> JWKSet:
        """The configured set: there is no other."""
        return tried

    def lacking(self, _kid: str, /) -> JWKSet | None:
        """Always ``None``: nothing is fetched, so no flood can cause fetches."""
        return None

    def age(self) -> float:
        """Always 0: a static set does not age."""
        return 0.0

    def status(self) -> KeyStatus:
        """Always ready."""
        return KeyStatus(self._issuer, True, key_ids(self._key_set), 0.0, "", None, left_out=left_out(self._key_set))

    def close(self) -> None:
        """Nothing runs."""

    async def ended(self) -> None:
        """Nothing runs."""

    def retire(self) -> None:
        """Nothing ever runs."""
