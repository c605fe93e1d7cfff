"""Key sets by name, and a fetch of which a test decides what it brings and when."""

import functools
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import anyio
import anyio.lowlevel

from bearerguard.clock import Clock
from bearerguard.events import EventHook, Listeners, checked_hooks
from bearerguard.keys.jwk_set import JWKSet, read_key_set
from bearerguard.keys.key_set_fetch import FetchedKeys, Validators
from bearerguard.keys.key_source import KeySource
from bearerguard.keys.remote_key_source import RemoteKeySource
from bearerguard.testing import FakeClock
from bearerguard.testing.signing_key import SigningKey

ISSUER: Final = "https://issuer.test"
Outcome: TypeAlias = JWKSet | FetchedKeys | BaseException


@functools.cache
def signing_key(kid: str, algorithm: str = "EdDSA") -> SigningKey:
    """One and the same key for one name."""
    return SigningKey(algorithm, kid=kid)


def jwks(*kids: str) -> dict[str, Any]:
    """A JWK Set document with the keys of these names."""
    return {"keys": [signing_key(kid).public_jwk() for kid in kids]}


def key_set(*kids: str) -> JWKSet:
    """The same, read."""
    return read_key_set(jwks(*kids))


def kids_of(keys: JWKSet | None) -> set[str | None]:
    """The names of a set's keys."""
    return set() if keys is None else {key.kid for key in keys.keys}


def fetched(*kids: str, lifetime: float | None = None, etag: str | None = None) -> FetchedKeys:
    """What a fetch brings; without kids a 304."""
    headers = {"if-none-match": etag} if etag else {}
    return FetchedKeys(key_set(*kids) if kids else None, lifetime, Validators(f"{ISSUER}/jwks", headers, lifetime))


@dataclass
class ScriptedFetch:
    """A ``KeyFetch``. What it brings is settled when it is called; ``hold`` keeps the answers back until ``release``.

    Attributes:
        outcome: What the issuer says at the moment.
        asked: The validators of each call.
        most_at_once: The largest number of calls under way at the same time.
    """

    outcome: Outcome
    asked: list[Validators | None] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    _gate: anyio.Event | None = None

    def hold(self) -> None:
        """From now on answers wait."""
        self._gate = anyio.Event()

    def release(self) -> None:
        """The answers that were kept back arrive, and later ones come at once."""
        gate, self._gate = self._gate, None
        if gate is not None:
            gate.set()

    def release_later_ones(self) -> None:
        """Answers that were kept back stay so for ever; later ones come at once."""
        self._gate = None

    async def __call__(self, validators: Validators | None, /) -> FetchedKeys:
        self.asked.append(validators)
        outcome, gate = self.outcome, self._gate
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await (gate.wait() if gate is not None else anyio.lowlevel.checkpoint())
        finally:
            self.at_once -= 1
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome if isinstance(outcome, FetchedKeys) else FetchedKeys(outcome, None, Validators(f"{ISSUER}/jwks", {}))


def source(fetch: ScriptedFetch, clock: Clock | None = None, *, on_event: EventHook | None = None) -> RemoteKeySource:
    """A key source without randomness: refreshed at 80 % of the lifetime, backing off 1, 2, 4 … seconds exactly."""
    return RemoteKeySource(
        ISSUER, fetch, clock=clock or FakeClock(), listeners=Listeners(checked_hooks(on_event)), jitter=lambda: 0.5
    )


async def look(keys: KeySource, kid: str | None, tried: JWKSet) -> JWKSet:
    """The set after a look for this key, for a token that comes now."""
    return await keys.look_again(kid, tried, keys.fetches_sent())


async def settled() -> None:
    """Let everything run that can run now, the background included.

    ``anyio.wait_all_tasks_blocked`` would do, but on asyncio it sleeps for 0.1 s.
    """
    for _ in range(20):
        await anyio.lowlevel.checkpoint()
