"""``python -m benchmarks``: measure and print the table; ``--write`` puts it into README.md. Not a gate: exits 0."""

import argparse
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from benchmarks import (
    beside_peers,
    client_overhead,
    cold,
    fastapi_routes,
    flood,
    growth,
    imports,
    introspected,
    key_sources,
    memory,
    node_peers,
    operating,
    refusals,
    sockets,
    unit,
    warm,
)
from benchmarks.repeated import as_text, measured_in_processes
from benchmarks.setting import Setting
from benchmarks.table import Row, Section, machine, markdown, write

_NOTES: Final = """\
V is one raw `cryptography` verification of an RS256 signature by a key of 2048 bits. A ratio is made within each of many
interleaved rounds, and a figure is the median of {processes} fresh processes, with the least and the greatest of them. "Added" is
the request with protection less the same request without, in process, through a minimal ASGI driver. Tokens are an application's
own, of about 1.5 kB and 20 claims.

The other libraries remember no verified tokens, but for fast-jwt: a token seen before costs them as much as a new one."""


def main() -> None:
    arguments = _arguments()
    logging.getLogger("bearerguard").setLevel(logging.ERROR)
    chosen = _sections(Setting(rounds=arguments.rounds), arguments.pyjwt)
    if arguments.rows_of:
        _, rows = chosen[arguments.rows_of]
        print(as_text(rows()))
        return
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks", "--rounds", str(arguments.rounds)]
    names = [name for name in chosen if not arguments.only or name in arguments.only]
    command += ["--pyjwt", str(arguments.pyjwt), "--rows-of"]
    tables = measured_in_processes(command, names, processes=arguments.processes)
    sections = [Section(chosen[name][0], rows) for name, rows in tables.items()]
    text = markdown(sections, [f"Measured on: {machine(arguments.build)}", "", _NOTES.format(processes=arguments.processes)])
    print(text)
    if arguments.write and not write(text):
        print("tests/benchmarks/README.md has no marks <!-- bench --> and <!-- /bench -->: nothing was written", file=sys.stderr)


def _sections(setting: Setting, pyjwt: Path) -> dict[str, tuple[str, Callable[[], list[Row]]]]:
    return {
        "unit": ("The unit", lambda: unit.rows(setting)),
        "cold": ("Cold: a token never seen before", lambda: cold.rows(setting, pyjwt)),
        "warm": ("Warm: a token verified before", lambda: warm.rows(setting)),
        "fastapi": ("Warm, in FastAPI", lambda: fastapi_routes.rows(setting)),
        "peers": ("Beside others, in process", lambda: beside_peers.rows(setting)),
        "node": ("Beside Node.js, in process", lambda: node_peers.rows(setting)),
        "sockets": ("Over a socket, warm", lambda: sockets.rows(setting)),
        "introspection": ("Introspection: an answer from memory", lambda: introspected.rows(setting)),
        "operating": ("Events, audit log, denylist", lambda: operating.rows(setting)),
        "flood": ("In a flood of refusals", lambda: flood.rows(setting)),
        "growth": ("Growth", lambda: growth.rows(setting)),
        "memory": ("Memory of the cache", lambda: memory.rows(setting)),
        "refusals": ("Refusals, over one good cold verification", lambda: refusals.rows(setting)),
        "imports": ("Import", lambda: imports.rows(setting)),
        "keys": ("Key source", lambda: key_sources.rows(setting)),
        "client": ("Client", lambda: client_overhead.rows(setting)),
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the table into tests/benchmarks/README.md")
    parser.add_argument("--processes", type=int, default=5, help="fresh processes for each figure")
    parser.add_argument("--rounds", type=int, default=40, help="interleaved rounds in each; fewer are faster and less steady")
    parser.add_argument("--build", default="", help="how the interpreter was built, where it does not know itself")
    parser.add_argument("--only", nargs="+", metavar="SECTION", help="sections to measure")
    parser.add_argument("--pyjwt", type=Path, default=Path("none"), help="figures that bench-pyjwt213 has left")
    parser.add_argument("--rows-of", metavar="SECTION", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
