"""Figures of several processes."""

import sys
from pathlib import Path

import pytest

from benchmarks.measure import Spread
from benchmarks.repeated import as_text, from_text, measured_in_processes
from benchmarks.table import Row

COUNTING = """
import pathlib, sys
count = pathlib.Path(sys.argv[1])
runs = int(count.read_text())
count.write_text(str(runs + 1))
print({rows})
"""
ONE = """'[{"what": "%s", "measured": {"median": %d, "low": 0, "high": 99}, "at_most": 8}]' % (sys.argv[2], [3, 9, 7][runs])"""
CHANGING = """'[{"what": "%d requests", "measured": {"median": 1, "low": 1, "high": 1}}]' % runs"""


def measured(place: Path, rows: str) -> list[Row]:
    """Rows of three processes, each of which knows which one it is."""
    count = place / "runs"
    count.write_text("0")
    command = [sys.executable, "-c", COUNTING.replace("{rows}", rows), str(count)]
    return measured_in_processes(command, ["cold"], processes=3)["cold"]


def test_rows_survive_the_way_to_the_parent_process() -> None:
    rows = [Row("cold", Spread(2, 1.5, 2.5), "V", at_most=1.8), Row("wrk", "not measured")]

    assert from_text(as_text(rows)) == rows


def test_a_figure_is_the_median_of_the_processes_and_its_spread_their_range(tmp_path: Path) -> None:
    assert measured(tmp_path, ONE) == [Row("cold", Spread(7, 3, 9), at_most=8)]


def test_rows_that_differ_from_process_to_process_are_not_joined(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="0 requests"):
        measured(tmp_path, CHANGING)
