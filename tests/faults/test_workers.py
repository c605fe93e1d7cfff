"""What N workers ask of an issuer per hour. Nothing is shared between them, and nothing need be.

Simulated under steady traffic with the real jitter; ``pytest -s`` prints the table that the README quotes.
"""

import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from bearerguard.errors import IssuerUnavailable
from bearerguard.keys.fetch import FetchFailed
from bearerguard.keys.jwk_set import JWKSet
from bearerguard.keys.remote_key_source import RemoteKeySource
from bearerguard.testing import FakeClock
from support.key_sets import ISSUER, Outcome, ScriptedFetch, fetched, look, settled

pytestmark = pytest.mark.anyio

WORKERS, HOURS, STEP = 8, 2, 1.0
DOWN = FetchFailed("unreachable", "connection refused")


@dataclass(frozen=True)
class Weather:
    """What workers live through.

    Attributes:
        outcome: What the issuer says, once each worker has its keys.
        request: What comes to each worker in each step.
        fewest: Fetches per worker and hour.
        most: The same.
    """

    outcome: Outcome
    request: Callable[[RemoteKeySource, int], Awaitable[None]]
    fewest: float
    most: float


@dataclass(frozen=True)
class Asked:
    """Of one issuer by all workers together."""

    per_worker_and_hour: float
    most_in_a_second: int


async def asked_in(weather: Weather) -> Asked:
    """A request to each worker in each step, for hours."""
    clock, numbers, seconds = FakeClock(), random.Random(7), Counter[float]()  # noqa: S311  repeatable
    fetches = [ScriptedFetch(fetched("a")) for _ in range(WORKERS)]
    workers = [RemoteKeySource(ISSUER, fetch, clock=clock, jitter=numbers.random) for fetch in fetches]
    for fetch, worker in zip(fetches, workers, strict=True):
        await worker.obtain()
        fetch.outcome = weather.outcome
        fetch.asked.clear()
    clock.advance(600.0)
    before = 0
    for number in range(int(HOURS * 3600 / STEP)):
        for worker in workers:
            await weather.request(worker, number)
        if any(worker.status().next_fetch_in == 0.0 for worker in workers):
            await settled()
        asked = sum(len(fetch.asked) for fetch in fetches)
        seconds[clock.monotonic()] += asked - before
        before = asked
        clock.advance(STEP)
    warmed = [count for second, count in seconds.items() if second > 3600]
    return Asked(before / WORKERS / HOURS, max(warmed))


async def known_key(worker: RemoteKeySource, _number: int) -> None:
    await current_set(worker)


async def unknown_kid(worker: RemoteKeySource, number: int) -> None:
    await look(worker, f"x{number}", await current_set(worker))


async def current_set(worker: RemoteKeySource) -> JWKSet:
    try:
        return worker.known() or await worker.obtain()
    except IssuerUnavailable as error:  # a good set lasts longer than this simulation
        raise AssertionError from error


WEATHERS = {
    "default-lifetime": Weather(fetched("a"), known_key, 6.8, 8.4),
    "max-age-3600": Weather(fetched("a", lifetime=3600.0), known_key, 1.0, 1.5),
    "max-age-60": Weather(fetched("a", lifetime=60.0), known_key, 67.0, 84.0),
    "no-store": Weather(fetched("a", lifetime=0.0), known_key, 67.0, 84.0),
    "outage": Weather(DOWN, known_key, 59.0, 76.0),
    "flood-of-unknown-kids": Weather(fetched("a"), unknown_kid, 115.0, 122.0),
    "flood-in-an-outage": Weather(DOWN, unknown_kid, 59.0, 76.0),
}


@pytest.mark.parametrize("name", WEATHERS)
async def test_what_a_worker_asks_of_the_issuer_per_hour(name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL")
    weather = WEATHERS[name]
    asked = await asked_in(weather)
    print(f"{name}: {asked.per_worker_and_hour:.1f} fetches per worker and hour, {asked.most_in_a_second} at most in a second")
    assert weather.fewest <= asked.per_worker_and_hour <= weather.most


async def test_workers_that_began_together_do_not_ask_in_step() -> None:
    """The refresh ahead is spread over 72 to 88 per cent of the lifetime."""
    asked = await asked_in(WEATHERS["default-lifetime"])
    assert asked.most_in_a_second <= WORKERS / 2
