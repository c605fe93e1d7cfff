"""Good requests beside a flood of the most expensive refusals: how long they wait, on asyncio and on uvloop.

Good requests come at a steady pace on four connections that were there before. Three times they are measured: alone (calm);
beside a crowd of 64 other connections, each of which sends its next good request as soon as the last one was answered (busy);
and beside the same crowd that sends the most expensive bad tokens instead (flooded). Crowd and flood take all of one core, and
whoever shares it waits for one lap of all connections, whatever a request costs. So what a flood does is told by flooded over
busy; flooded over calm tells what 64 connections do to any server, as the same application without protection shows.
"""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from time import perf_counter
from typing import Final

from benchmarks.asgi import PATH
from benchmarks.costly_tokens import costly_tokens
from benchmarks.measure import Rounds
from benchmarks.setting import Setting
from benchmarks.sockets import Served, served_here
from benchmarks.table import Row

_FLOOD: Final = 64
_GOOD: Final = 4
_PACE: Final = 0.01
_REQUESTS: Final = 100
_LOOPS: Final = ("asyncio", "uvloop")
_NAMES: Final = {"starlette policy": "behind `PathPolicy`", "starlette": "the same without protection"}
_MOST: Final = 3.0


def rows(setting: Setting) -> list[Row]:
    """The 99th percentile in the flood, over that in a crowd and the calm one, and in milliseconds."""
    wrk = shutil.which("wrk")
    if wrk is None or len(os.sched_getaffinity(0)) < 2:
        return [Row("good requests in a flood", "not measured: it needs `wrk` (Debian: `apt install wrk`) and two cores")]
    found = []
    for loop in _LOOPS:
        for name, what in _NAMES.items():
            rounds = _measured(setting, wrk, name, loop)
            at_most = _MOST if name != "starlette" else None
            text = f"{loop}, {what}: p99 of good requests in a flood of 16 kB tokens through {_FLOOD} connections"
            found.append(Row(f"{text} over that beside as many good ones", rounds.ratio("flooded", "busy"), at_most=at_most))
            found.append(Row(f"{text} over that of a server at rest", rounds.ratio("flooded", "calm"), at_most=at_most))
            found.append(Row(f"{text}", rounds.cost("flooded") * 1e3, "ms"))
    return found


def _measured(setting: Setting, wrk: str, name: str, loop: str) -> Rounds:
    figures: dict[str, list[float]] = {"calm": [], "busy": [], "flooded": []}
    with served_here(name, loop) as served:
        bad = costly_tokens(served.token)["audiences, new header"].decode()
        for _ in range(max(3, setting.rounds // 10)):
            for condition, sent in {"calm": "", "busy": served.token, "flooded": bad}.items():
                figures[condition].append(asyncio.run(_ninety_ninth(served, wrk, sent)))
    return Rounds(figures)


async def _ninety_ninth(served: Served, wrk: str, sent: str) -> float:
    """Seconds, beside a crowd that sends this token, if any."""
    streams = [await asyncio.open_connection("127.0.0.1", served.port) for _ in range(_GOOD)]
    waits: list[float] = []
    request = f"GET {PATH} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {served.token}\r\n\r\n".encode()

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(_REQUESTS // 10):  # on a connection that is known
            await _answered(request, reader, writer)
        for _ in range(_REQUESTS):
            begun = perf_counter()
            await _answered(request, reader, writer)
            waits.append(perf_counter() - begun)
            await asyncio.sleep(_PACE)

    with _crowd(served, wrk, sent) if sent else nullcontext():
        await asyncio.gather(*(one(*stream) for stream in streams))
    for _, writer in streams:
        writer.close()
    return sorted(waits)[len(waits) * 99 // 100]


async def _answered(request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    length = next(int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"content-length:"))
    await reader.readexactly(length)


@contextmanager
def _crowd(served: Served, wrk: str, sent: str) -> Iterator[None]:
    core = max(os.sched_getaffinity(0))
    command = ["taskset", "-c", str(core), wrk, "-t1", f"-c{_FLOOD}", "-d60s", "-H", f"Authorization: Bearer {sent}"]
    with subprocess.Popen([*command, f"http://127.0.0.1:{served.port}{PATH}"], stdout=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()
