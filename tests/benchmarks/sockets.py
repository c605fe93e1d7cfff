"""Requests per second over a socket: uvicorn with uvloop and httptools, one worker on one core, wrk on another."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

from benchmarks.asgi import PATH
from benchmarks.measure import Rounds
from benchmarks.served import NAMES
from benchmarks.setting import Setting
from benchmarks.table import Row

_SECONDS: Final = 2
_CONNECTIONS: Final = 32
_RATE: Final = re.compile(r"^Requests/sec:\s+([0-9.]+)", re.MULTILINE)
_BAD: Final = re.compile(r"Non-2xx|Socket errors")
_AIMS: Final = {"starlette decorator": 0.86, "starlette policy": 0.86, "fastapi policy": 0.95}
_FORMS: Final = {"decorator": "`@requires`", "policy": "`PathPolicy`", "require": "`require`", "cold": "`@requires`, no cache"}


@dataclass(frozen=True, slots=True)
class Served:
    """An application that listens."""

    port: int
    token: str


def rows(setting: Setting) -> list[Row]:
    """Protected over unprotected, warm; in turn, several times."""
    wrk = shutil.which("wrk")
    if wrk is None or len(os.sched_getaffinity(0)) < 2:
        return [Row("requests per second", "not measured: it needs `wrk` (Debian: `apt install wrk`) and two cores")]
    figures: dict[str, list[float]] = {name: [] for name in NAMES}
    with ExitStack() as stack:
        servers = {name: stack.enter_context(_served(name)) for name in NAMES}
        for _ in range(max(2, setting.rounds // 25)):
            for name, served in servers.items():
                figures[name].append(_requests_per_second(wrk, served))
    rounds = Rounds(figures)
    return [_row(rounds, name) for name in NAMES if " " in name]


def _row(rounds: Rounds, name: str) -> Row:
    framework, _, protection = name.partition(" ")
    bare = rounds.cost(framework).median
    what = f"{framework.capitalize()} with {_FORMS[protection]} over bare, which serves {bare:.0f} requests per second"
    return Row(what.replace("Fastapi", "FastAPI"), rounds.ratio(name, framework), at_least=_AIMS.get(name))


@contextmanager
def _served(name: str) -> Iterator[Served]:
    command = [sys.executable, "-m", "benchmarks.served", name]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        port, token = process.stdout.readline().split()
        try:
            yield Served(int(port), token)
        finally:
            process.stdin.close()


def _requests_per_second(wrk: str, served: Served) -> float:
    core = max(os.sched_getaffinity(0))
    command = [wrk, "-t1", f"-c{_CONNECTIONS}", f"-d{_SECONDS}s", "-H", f"Authorization: Bearer {served.token}"]
    command.append(f"http://127.0.0.1:{served.port}{PATH}")
    output = subprocess.run(["taskset", "-c", str(core), *command], capture_output=True, text=True, check=True).stdout
    found = _RATE.search(output)
    assert found is not None, output
    assert not _BAD.search(output), output
    return float(found[1])
