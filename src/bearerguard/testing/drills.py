"""What a test does to an issuer: keys that change, tokens that end, endpoints that fail."""

from collections import Counter
from typing import Final

from bearerguard.clock import Clock
from bearerguard.testing.faults import ENDPOINTS, Breakage, Endpoint
from bearerguard.testing.issuer_state import Operations
from bearerguard.testing.signing_key import SigningKey


class Drills:
    """The part of a :class:`LocalIssuer` that changes while it runs; twins share all of it."""

    def __init__(self, operations: Operations) -> None:
        self._operations: Final = operations

    @property
    def clock(self) -> Clock:
        """Times of tokens."""
        return self._operations.clock

    @property
    def requests(self) -> Counter[Endpoint]:
        """How often each endpoint was asked, refused and failing requests included."""
        return self._operations.requests

    def revoke(self, token: str) -> None:
        """End a token before it expires, for the introspection endpoint: a verified JWT stays good.

        Args:
            token: Opaque or a JWT; an unknown one has no effect.
        """
        self._operations.tokens.deactivate(token)

    @property
    def signing_key(self) -> SigningKey:
        """The key that signs at the moment."""
        return self._operations.keys.current

    def rotate_keys(self, *, keep_old: bool = True, algorithm: str | None = None) -> str:
        """Sign with a new key from now on.

        Args:
            keep_old: Whether the old keys stay in the key set. A real issuer may drop them at once.
            algorithm: Of the new key; by default that of the last one.

        Returns:
            The new ``kid``.
        """
        return self._operations.keys.rotate(keep_old=keep_old, algorithm=algorithm).kid

    def withdraw(self, kid: str) -> None:
        """Take a key out of the key set.

        Raises:
            ValueError: no published key has this ``kid``.
        """
        self._operations.keys.withdraw(kid)

    def go_down(self, *endpoints: Endpoint) -> None:
        """Answer 503 from now on, everywhere or at these endpoints alone.

        Endpoints are ``metadata``, ``jwks``, ``token``, ``introspection``, ``revocation`` and
        ``authorization``.

        An ASGI application cannot refuse a connection; to see that, stop the server.
        """
        self._operations.faults.go_down(*(endpoints or ENDPOINTS))

    def slow(self, seconds: float, *endpoints: Endpoint) -> None:
        """Wait so long before each answer, everywhere or at these endpoints."""
        self._operations.faults.slow(seconds, *(endpoints or ENDPOINTS))

    def break_keys(self, kind: Breakage = "html") -> None:
        """Answer something else in place of the key set, such as ``"truncated"`` or ``"no_keys"``.

        Raises:
            ValueError: the kind is unknown; the message lists all kinds.
        """
        self._operations.faults.break_answers("jwks", kind)

    def break_answers(self, endpoint: Endpoint, kind: Breakage = "html") -> None:
        """Answer something else in place of every good answer of an endpoint.

        Args:
            endpoint: ``jwks``, ``introspection`` or ``revocation``.
            kind: Such as ``"truncated"``, or ``"active_text"`` for ``"active": "true"``.

        Raises:
            ValueError: the endpoint has no such fault; the message lists those it has.
        """
        self._operations.faults.break_answers(endpoint, kind)

    def come_back(self) -> None:
        """Turn every fault off."""
        self._operations.faults.mend()
