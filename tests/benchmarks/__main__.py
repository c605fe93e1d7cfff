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
    growth,
    imports,
    key_sources,
    memory,
    refusals,
    sockets,
    warm,
)
from benchmarks.measure import interleave
from benchmarks.setting import Setting
from benchmarks.table import Row, Section, machine, markdown, write

_NOTES: Final = """\
V is one raw `cryptography` verification of an RS256 signature by a key of 2048 bits: {unit} µs here. A ratio is the median of
those made within each of many interleaved rounds in one process, with the quartiles behind it. "Added" is the request with
protection less the same request without, in process, through a minimal ASGI driver.

The other libraries remember no verified tokens: a token seen before costs them as much as a new one. Decoders written in Rust
(`ryjwt`: 0.9 V) are faster on a new token than anything here; they leave the judgement of claims and keys to their user."""


def main() -> None:
    arguments = _arguments()
    logging.getLogger("bearerguard").setLevel(logging.ERROR)
    setting = Setting(rounds=arguments.rounds)
    chosen = _sections(setting, arguments.pyjwt)
    sections = []
    for name, (title, rows) in chosen.items():
        if not arguments.only or name in arguments.only:
            print(f"measuring {name} …", file=sys.stderr, flush=True)
            sections.append(Section(title, rows()))
    unit = interleave({"V": setting.unit}, rounds=setting.rounds).cost("V") * 1e-3
    text = markdown(sections, [f"Measured on: {machine()}", "", _NOTES.format(unit=unit)])
    print(text)
    if arguments.write and not write(text):
        print("tests/benchmarks/README.md has no marks <!-- bench --> and <!-- /bench -->: nothing was written", file=sys.stderr)


def _sections(setting: Setting, pyjwt: Path) -> dict[str, tuple[str, Callable[[], list[Row]]]]:
    return {
        "cold": ("Cold: a token never seen before", lambda: cold.rows(setting, pyjwt)),
        "warm": ("Warm: a token verified before", lambda: warm.rows(setting)),
        "fastapi": ("Warm, in FastAPI", lambda: fastapi_routes.rows(setting)),
        "peers": ("Beside others, in process", lambda: beside_peers.rows(setting)),
        "sockets": ("Over a socket, warm", lambda: sockets.rows(setting)),
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
    parser.add_argument("--rounds", type=int, default=150, help="interleaved rounds; fewer are faster and less steady")
    parser.add_argument("--only", nargs="+", metavar="SECTION", help="sections to measure")
    parser.add_argument("--pyjwt", type=Path, default=Path("none"), help="figures that bench-pyjwt213 has left")
    return parser.parse_args()


if __name__ == "__main__":
    main()
