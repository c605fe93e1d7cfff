"""How the pages read: line lengths, and turns of phrase that make a reader stop."""

import re
from pathlib import Path
from typing import Final

import pytest

from support.pages import PAGES, name_of, text_of

MOST_COLUMNS: Final = 120
READ: Final = tuple(page for page in PAGES if page.name != "CHANGELOG.md")
STUMBLED_OVER: Final = (
    r"(?<![Tt]here )\bis no (?!longer|more\b)[a-z]+",
    r"\bstands? (?:twice|in|for)\b",
    r"\bthat is said\b",
    r"\bwhoever\b",
    r"\bR\d{1,3}\b(?!\w)",
    r"\btrust rule\b",
)


def _prose(text: str) -> list[str]:
    without_code = re.sub(r"^```.*?^```|<!-- bench -->.*?<!-- /bench -->", "", text, flags=re.DOTALL | re.MULTILINE)
    return [line for line in without_code.splitlines() if not line.startswith("|")]


@pytest.mark.parametrize("page", READ, ids=name_of)
def test_lines_fit_a_window(page: Path) -> None:
    """Without tables and addresses of links, which no reader sees in full."""
    seen = [re.sub(r"\]\([^)]+\)", "]", line) for line in _prose(text_of(page))]

    assert [line for line in seen if len(line) > MOST_COLUMNS] == []


@pytest.mark.parametrize("page", READ, ids=name_of)
def test_no_sentence_has_to_be_read_twice(page: Path) -> None:
    text = "\n".join(_prose(text_of(page)))

    assert [found for pattern in STUMBLED_OVER for found in re.findall(pattern, text)] == []
