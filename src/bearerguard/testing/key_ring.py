"""The keys of a local issuer: one that signs, some that are still published, some withdrawn."""

from threading import Lock
from typing import Any

from bearerguard.testing.signing_key import SigningKey


class KeyRing:
    """Signing keys over time; a test may rotate them while another thread publishes them."""

    def __init__(self, algorithm: str) -> None:
        self._lock = Lock()
        self._algorithm = algorithm
        self._current: SigningKey | None = None
        self._published: tuple[SigningKey, ...] = ()
        self._withdrawn: list[SigningKey] = []  # SigningKey lends RSA keys of dead owners

    @property
    def current(self) -> SigningKey:
        """The key that signs; the first is made when it is first asked for."""
        with self._lock:
            return self._existing()

    def rotate(self, *, keep_old: bool, algorithm: str | None = None) -> SigningKey:
        """Sign with a new key from now on, by default of the last algorithm.

        Raises:
            ValueError: the algorithm is unknown.
        """
        with self._lock:
            last = self._existing()
            key = SigningKey(algorithm or last.algorithm)
            self._withdrawn += () if keep_old else self._published
            self._published = (key, *self._published) if keep_old else (key,)
            self._current = key
        return key

    def withdraw(self, kid: str) -> None:
        """Take a key out of the key set; it may go on signing, as at an issuer that made a mistake.

        Raises:
            ValueError: no published key has this ``kid``.
        """
        with self._lock:
            self._existing()
            gone = [key for key in self._published if key.kid == kid]
            if not gone:
                raise ValueError(f"no published key has the kid {kid!r}; published: {[key.kid for key in self._published]}")
            self._withdrawn += gone
            self._published = tuple(key for key in self._published if key not in gone)

    def public_jwks(self) -> list[dict[str, Any]]:
        """The published keys as JWKs, newest first."""
        with self._lock:
            self._existing()
            return [key.public_jwk() for key in self._published]

    def _existing(self) -> SigningKey:
        if self._current is None:
            self._current = SigningKey(self._algorithm)
            self._published = (self._current,)
        return self._current
