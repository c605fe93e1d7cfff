"""Over a socket: uvicorn with uvloop and httptools on one core, wrk on another; requests per second, and CPU a request."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks import node_peers
from benchmarks.asgi import PATH
from benchmarks.measure import Rounds, interleave
from benchmarks.served import NAMES
from benchmarks.setting import Setting
from benchmarks.table import Row

_SECONDS: Final = 2
_CONNECTIONS: Final = 32
_RATE: Final = re.compile(r"^Requests/sec:\s+([0-9.]+)", re.MULTILINE)
_COUNT: Final = re.compile(r"^\s*([0-9]+) requests in", re.MULTILINE)
_BAD: Final = re.compile(r"Non-2xx|Socket errors")
_AIMS: Final = {"starlette decorator": 0.87, "starlette policy": 0.87, "fastapi policy": 0.95}
_FRAMEWORKS: Final = {"starlette": "Starlette", "fastapi": "FastAPI", "node": "Node.js"}
_FORMS: Final = {"decorator": "`@requires`", "policy": "`PathPolicy`", "require": "`require`", "cold": "`@requires`, no cache"}


@dataclass(frozen=True, slots=True)
class Served:
    """An application that listens.

    Attributes:
        port: On loopback.
        token: It accepts.
        process: Its id.
    """

    port: int
    token: str
    process: int

    def cpu(self) -> int:
        """Nanoseconds of CPU that all its threads have had (proc(5): ``schedstat``)."""
        threads = Path(f"/proc/{self.process}/task").glob("*/schedstat")
        return sum(int(thread.read_text(encoding="ascii").split()[0]) for thread in threads)


def rows(setting: Setting) -> list[Row]:
    """Protected beside unprotected, warm; in turn, several times."""
    wrk = shutil.which("wrk")
    if wrk is None or len(os.sched_getaffinity(0)) < 2 or not Path("/proc/self/schedstat").exists():
        return [Row("over a socket", "not measured: it needs Linux, `wrk` (Debian: `apt install wrk`) and two cores")]
    with ExitStack() as stack:
        servers = {name: stack.enter_context(served_here(name)) for name in NAMES}
        node = node_peers.served_by_node()
        if node is not None:
            for name in ("", *node_peers.NAMES):
                servers[f"node {name}".strip()] = stack.enter_context(_node(node, name, setting))
        rates, costs = _measured(setting, wrk, servers)
    protected = [name for name in servers if " " in name]
    fast = [_rate_row(rates, name) for name in protected if not name.startswith("node")]
    return [*fast, *(_cost_row(costs, name) for name in protected)]


def _measured(setting: Setting, wrk: str, servers: dict[str, Served]) -> tuple[Rounds, Rounds]:
    """Requests per second, and nanoseconds of CPU a request."""
    rates: dict[str, list[float]] = {name: [] for name in servers}
    costs: dict[str, list[float]] = {"V": [], **{name: [] for name in servers}}
    for _ in range(max(2, setting.rounds // 20)):
        costs["V"].append(interleave({"V": setting.unit}, rounds=5).cost("V").median)
        for name, served in servers.items():
            before = served.cpu()
            rate, count = _load(wrk, served)
            rates[name].append(rate)
            costs[name].append((served.cpu() - before) / count)
    return Rounds(rates), Rounds(costs)


def _rate_row(rates: Rounds, name: str) -> Row:
    framework, _, protection = name.partition(" ")
    what = f"{_FRAMEWORKS[framework]} with {_FORMS[protection]} over bare, requests per second"
    return Row(what, rates.ratio(name, framework), at_least=_AIMS.get(name))


def _cost_row(costs: Rounds, name: str) -> Row:
    framework, _, protection = name.partition(" ")
    what = f"{_FORMS.get(protection, protection)}: CPU that a request of {_FRAMEWORKS[framework]} costs more"
    return Row(what, costs.added(name, framework, "V"), "V")


def served_here(name: str, loop: str = "uvloop") -> AbstractContextManager[Served]:
    """An application of ``served.py``, on an event loop of that kind."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.served", name, loop]
    return _listening(command, "", lambda words: (int(words[0]), words[1]))


def _node(command: Sequence[str], name: str, setting: Setting) -> AbstractContextManager[Served]:
    core = min(os.sched_getaffinity(0))
    told = node_peers.asked(setting, {"name": name}) + "\n"
    return _listening(["taskset", "-c", str(core), *command], told, lambda words: (int(words[0]), setting.token))


@contextmanager
def _listening(command: Sequence[str], told: str, read: Callable[[list[str]], tuple[int, str]]) -> Iterator[Served]:
    """A process that is told something, writes one line once it listens, and ends with its input."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(told)
        process.stdin.flush()
        port, token = read(process.stdout.readline().split())
        try:
            yield Served(port, token, process.pid)
        finally:
            process.stdin.close()


def _load(wrk: str, served: Served) -> tuple[float, int]:
    """Requests per second, and how many in all."""
    core = max(os.sched_getaffinity(0))
    command = [wrk, "-t1", f"-c{_CONNECTIONS}", f"-d{_SECONDS}s", "-H", f"Authorization: Bearer {served.token}"]
    command.append(f"http://127.0.0.1:{served.port}{PATH}")
    output = subprocess.run(["taskset", "-c", str(core), *command], capture_output=True, text=True, check=True).stdout
    rate, count = _RATE.search(output), _COUNT.search(output)
    assert rate is not None, output
    assert count is not None, output
    assert not _BAD.search(output), output
    return float(rate[1]), int(count[1])
