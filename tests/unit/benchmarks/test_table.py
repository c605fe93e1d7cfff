"""The table of the benchmark."""

from pathlib import Path

import pytest

from benchmarks import table
from benchmarks.measure import Spread
from benchmarks.table import Row, Section, markdown, write


@pytest.mark.parametrize(
    ("row", "is_met"),
    [
        (Row("cold", Spread(1.804, 1.7, 1.9), at_most=1.8), True),
        (Row("cold", Spread(1.806, 1.7, 1.9), at_most=1.8), False),
        (Row("peer", Spread(41, 40, 42), at_least=40), True),
        (Row("peer", Spread(39, 38, 40), at_least=40), False),
        (Row("plain", Spread(1, 1, 1)), None),
        (Row("missing", "not measured", at_most=1), None),
    ],
)
def test_an_aim_is_met_or_missed_by_the_median_to_two_digits(row: Row, is_met: bool | None) -> None:
    assert row.is_met is is_met


def test_rows_say_what_was_aimed_at_and_measured() -> None:
    rows = [Row("cold", Spread(2, 1.5, 2.5), "V", at_most=1.8), Row("wrk", "not measured")]

    text = markdown([Section("Speed", rows)], ["A note."])

    assert text.splitlines() == [
        "A note.",
        "",
        "| | aim | median (range) | met |",
        "|---|---|---|---|",
        "| **Speed** | | | |",
        "| cold | ≤ 1.8 | 2.00 (1.50 to 2.50) V | **no** |",
        "| wrk |  | not measured |  |",
    ]


def test_the_table_goes_between_the_marks_of_the_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readme = tmp_path / "README.md"
    monkeypatch.setattr(table, "README", readme)

    readme.write_text("before\n<!-- bench -->\nold\n<!-- /bench -->\nafter\n", encoding="utf-8")
    assert write("new \\1\n")
    assert readme.read_text(encoding="utf-8") == "before\n<!-- bench -->\nnew \\1\n<!-- /bench -->\nafter\n"

    readme.write_text("no marks\n", encoding="utf-8")
    assert not write("new\n")
    assert readme.read_text(encoding="utf-8") == "no marks\n"
