"""The keys of a local issuer: one that signs, some that are still published, some withdrawn."""

from typing import Any

from bearerguard.testing.signing_key import SigningKey


class KeyRing:
    """Signing keys over time.

    Attributes:
        current: The key that signs, made on first use.
    """

    def __init__(self, algorithm: str) -> None:
        self._algorithm = algorithm
        self._published: list[SigningKey] = []
        self._withdrawn: list[SigningKey] = []  # kept alive, so that none of their RSA keys comes back as a new one
        self._current: SigningKey | None = None

    @property
    def current(self) -> SigningKey:
        """The key that signs."""
        if self._current is None:
            self.rotate(keep_old=False)
        assert self._current is not None  # noqa: S101 - rotate() has just set it
        return self._current

    @property
    def published(self) -> tuple[SigningKey, ...]:
        """The keys in the key set, newest first."""
        _ = self.current
        return tuple(self._published)

    def rotate(self, *, keep_old: bool, algorithm: str | None = None) -> SigningKey:
        """Sign with a new key from now on."""
        self._algorithm = algorithm or self._algorithm
        if not keep_old:
            self._withdrawn += self._published
            self._published = []
        self._current = SigningKey(self._algorithm)
        self._published.insert(0, self._current)
        return self._current

    def withdraw(self, kid: str) -> None:
        """Take a key out of the key set; it may go on signing, as at an issuer that made a mistake.

        Raises:
            ValueError: no published key has this ``kid``.
        """
        gone = [key for key in self.published if key.kid == kid]
        if not gone:
            raise ValueError(f"no published key has the kid {kid!r}; published: {[key.kid for key in self._published]}")
        self._withdrawn += gone
        self._published = [key for key in self._published if key.kid != kid]

    def public_jwks(self) -> list[dict[str, Any]]:
        """The published keys as JWKs."""
        return [key.public_jwk() for key in self.published]
