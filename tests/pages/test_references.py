"""What a text refers to can be looked up: a clause, a CVE, a vendor's page, and no list that only its writers had."""

import re
from pathlib import Path
from typing import Final

import pytest

from support.pages import ROOT

DANGLING: Final = (
    r"\bR\d{1,3}\b(?![\w.-])",
    r"(?i)\btrust rule\b",
    r"(?i)\bfindings? \d",
    r"\b(?i:issue) #?\d",
    r"\b(?i:design|requirements) §",
)
_PLACES: Final = ("src", "tests", "samples", ".ci")
_NOT_OURS: Final = {"node_modules", "__pycache__", ".hypothesis"}
_ENDINGS: Final = {".py", ".md", ".toml", ".json", ".txt", ".mjs", ".ini", ".html", ""}


def _texts() -> list[Path]:
    places = [path for place in _PLACES for path in (ROOT / place).rglob("*")]
    files = [path for path in [*places, *ROOT.glob("*.*")] if path.is_file() and path.suffix in _ENDINGS]
    return [path for path in files if _NOT_OURS.isdisjoint(path.relative_to(ROOT).parts) and path != Path(__file__)]


@pytest.mark.parametrize("pattern", DANGLING)
def test_nothing_refers_to_a_list_that_is_not_here(pattern: str) -> None:
    """The number of a rule or an issue says nothing to somebody who has only this repository."""
    found = re.compile(pattern)
    lines = (
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in _texts()
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), start=1)
        if found.search(line)
    )

    assert list(lines) == []
