"""Sections measured in fresh processes, several for each figure.

Where a process puts its code and objects moves a figure by 2 to 5 %, however long it is measured. So a figure is the median of
what several processes have found, and its spread is the least and the greatest of them.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from statistics import median

from benchmarks.measure import Spread
from benchmarks.table import Row


def measured_in_processes(command: Sequence[str], names: Sequence[str], *, processes: int) -> dict[str, list[Row]]:
    """The rows of each section.

    Args:
        command: Prints the rows of the section whose name is put behind it, as ``as_text`` writes them.
        names: Of the sections.
        processes: For each section. They run in turn, so that a machine that slows down slows all sections down.

    Raises:
        subprocess.CalledProcessError: one of them failed.
    """
    found: dict[str, list[list[Row]]] = {name: [] for name in names}
    for number in range(processes):
        for name in names:
            print(f"measuring {name}, {number + 1} of {processes} …", file=sys.stderr, flush=True)
            done = subprocess.run([*command, name], stdout=subprocess.PIPE, text=True, check=True)
            found[name].append(from_text(done.stdout))
    return {name: [_joined(same) for same in zip(*tables, strict=True)] for name, tables in found.items()}


def as_text(rows: Sequence[Row]) -> str:
    """Rows for the parent process."""
    return json.dumps([asdict(row) for row in rows])


def from_text(text: str) -> list[Row]:
    """What ``as_text`` wrote."""
    rows = json.loads(text)
    return [Row(**{**row, "measured": _measured(row["measured"])}) for row in rows]


def _measured(value: str | dict[str, float]) -> str | Spread:
    return value if isinstance(value, str) else Spread(**value)


def _joined(rows: Sequence[Row]) -> Row:
    """One row for the same row of several processes."""
    first = rows[0]
    assert len({row.what for row in rows}) == 1, f"rows change from process to process: {first.what}"
    medians = [row.measured.median for row in rows if isinstance(row.measured, Spread)]
    if len(medians) < len(rows):
        return first
    joined = Spread(median(medians), min(medians), max(medians))
    return Row(first.what, joined, first.unit, first.at_most, first.at_least)
