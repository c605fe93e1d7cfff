"""``tox -e soak``: a minute under uvicorn with two workers, with everything going on that issuers and callers may do."""

import argparse
import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bearerguard.testing import LocalIssuer, Loopback
from soak.caller import Caller
from soak.memory import Memory
from soak.traffic import Kind, kinds
from soak.verdict import Tally, problems, table
from soak.weather import GOOD, LENGTH, WARM_FROM, Weather
from support.processes import Server, shared_socket, started

CALLERS: Final = 8
WORKERS: Final = 2
_COMMAND: Final = ("uvicorn", "soak.api:app", "--fd={fd}", f"--workers={WORKERS}", "--no-access-log", "--log-level=warning")


async def run(server: Server, port: int, weather: Weather, home: Path, length: float) -> tuple[Tally, Memory]:
    """All callers, and the weather over them."""
    tally, memory = Tally(), Memory()
    everything = kinds(weather)
    await _first_answer(port, tally)
    loop = asyncio.get_running_loop()
    began = loop.time()

    async def change() -> None:
        for next_one in weather.changes():
            await asyncio.sleep(began + next_one.at * length - loop.time())
            print(f"{loop.time() - began:5.1f} s  {next_one.words}", flush=True)
            next_one.happen()

    async def watch() -> None:
        while weather.now < 1.0:
            weather.now = (loop.time() - began) / length
            memory.sample(_workers(home), weather.now)
            await asyncio.sleep(0.25)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(change())
        tasks.create_task(watch())
        for _ in range(CALLERS):
            tasks.create_task(_call(Caller(port), everything, weather, tally))
    return tally, memory


def _workers(home: Path) -> list[int]:
    return [int(file.stem) for file in home.glob("*.worker")]


async def _call(caller: Caller, everything: Sequence[Kind], weather: Weather, tally: Tally) -> None:
    weights = [kind.weight for kind in everything]
    while weather.now < 1.0:
        (kind,) = random.choices(everything, weights)  # noqa: S311  a load, not a secret
        expected = kind.expected()
        answer = await caller.ask(kind.target, kind.authorization())
        tally.add(kind.name, answer, expected | kind.expected(), weather.now)
    caller.close()


async def _first_answer(port: int, tally: Tally) -> None:
    """The kernel keeps the connection until a worker accepts it."""
    caller = Caller(port)
    async with asyncio.timeout(60):
        tally.add("the first one", await caller.ask("/health", None), GOOD, 0.0)
    caller.close()


def main() -> int:
    """Run, print, and say whether every promise was kept."""
    options = argparse.ArgumentParser(prog="python -m soak", description=__doc__)
    options.add_argument("--seconds", type=float, default=LENGTH, help=f"how long: {LENGTH:g}, or more")
    length = max(LENGTH, options.parse_args().seconds)
    with ExitStack() as stack:
        home = Path(stack.enter_context(TemporaryDirectory(prefix="soak-")))
        issuers = [_issuer(stack, cache_control) for cache_control in ("max-age=60", None, None)]
        weather = Weather(*issuers)
        listener = stack.enter_context(shared_socket())
        environ = {"SOAK_HOME": str(home), "SOAK_ISSUERS": " ".join(issuer.issuer for issuer in issuers), "PYTHONDEVMODE": ""}
        with started(_COMMAND, listener, home / "log", environ) as server:
            tally, memory = asyncio.run(run(server, listener.getsockname()[1], weather, home, length))
            code = server.terminate()
        counted = sum((Counter(json.loads(file.read_text())) for file in home.glob("*.counted")), Counter[str]())
        audited = sum(len(file.read_text().splitlines()) for file in home.glob("*.audit"))
        growth = memory.growth(WARM_FROM)
        found = list(problems(tally, counted, audited, growth, server.written()))
    found += [f"the server ended with {code}"] if code else []
    found += [] if len(growth) in (0, WORKERS) else [f"expected {WORKERS} workers, saw {len(growth)}"]
    print(*table(tally), sep="\n")
    for worker, (before, after) in growth.items():
        print(f"worker {worker}: {before:.1f} MiB once warm, {after:.1f} MiB at the end")
    print(f"{tally.total().total()} answers in {length:g} s; events and audit log: {counted.total()} and {audited}")
    print(*(f"WRONG: {problem}" for problem in found) if found else ["every promise was kept"], sep="\n")
    return int(bool(found))


def _issuer(stack: ExitStack, cache_control: str | None) -> LocalIssuer:
    place = stack.enter_context(Loopback())
    issuer = LocalIssuer(place.base_url, algorithm="ES256", cache_control=cache_control)
    place.serve(issuer)
    return issuer


if __name__ == "__main__":
    sys.exit(main())
