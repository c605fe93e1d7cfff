"""What is known of one issuer's keys, for a readiness probe."""

from dataclasses import dataclass

from bearerguard.keys.jwk_set import JWKSet


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """The state of one issuer's keys.

    Attributes:
        issuer: Configured issuer identifier.
        ready: Whether tokens of this issuer can be verified now.
        keys: Ids of the keys in use, ``""`` for a key without one.
        age: Seconds since the issuer last confirmed the set, ``None`` before the first time; 0 for
            static keys.
        last_error: Why the last fetch failed, empty when it did not.
        next_fetch_in: Seconds until the next fetch may begin; ``None`` for static keys. Fetches are
            begun by requests: an idle issuer fetches nothing.
        token_endpoint: Where the issuer's metadata says that clients obtain tokens; empty before it
            was fetched, and without any.
        last_success: When the issuer last confirmed the set, in seconds since 1970-01-01T00:00:00Z;
            ``None`` before the first time, and for static keys.
        left_out: Keys that the issuer publishes and that are not used, each with the reason.
        authorization_endpoint: The same as ``token_endpoint``, of the place where people sign in.
    """

    issuer: str
    ready: bool
    keys: tuple[str, ...]
    age: float | None
    last_error: str
    next_fetch_in: float | None
    token_endpoint: str = ""
    last_success: float | None = None
    left_out: tuple[str, ...] = ()
    authorization_endpoint: str = ""


def key_ids(key_set: JWKSet | None) -> tuple[str, ...]:
    """The ids of a set's keys, in its order."""
    return () if key_set is None else tuple(key.kid or "" for key in key_set.keys)


def left_out(key_set: JWKSet | None) -> tuple[str, ...]:
    """The keys of a set that are not used, each with the reason."""
    return () if key_set is None else tuple(map(str, key_set.left_out))
