"""What ``bearerguard explain`` prints, held to the letter: ``pytest tests/unit/cli --update-golden`` writes the files anew."""

import json
import re
from pathlib import Path
from typing import Final

import pytest

from unit.cli.command_line import run_command
from unit.cli.pasted_texts import TEXTS, Pasted

GOLDEN: Final = Path(__file__).parent / "golden"
WIDTH: Final = 80


@pytest.mark.parametrize("pasted", TEXTS, ids=lambda pasted: pasted.name)
def test_the_text_is_as_recorded(pasted: Pasted, update_golden: bool) -> None:
    ended = run_command(["explain", *pasted.options], pasted.octets)

    assert ended.err == ""
    _compare(GOLDEN / f"{pasted.name}.txt", f"exit code {ended.code}\n{ended.out}", update=update_golden)


@pytest.mark.parametrize("pasted", TEXTS, ids=lambda pasted: pasted.name)
def test_the_json_is_as_recorded(pasted: Pasted, update_golden: bool) -> None:
    ended = run_command(["explain", *pasted.options, "--json"], pasted.octets)

    json.loads(ended.out)
    _compare(GOLDEN / f"{pasted.name}.json", ended.out, update=update_golden)


def test_every_golden_file_belongs_to_a_text() -> None:
    names = {pasted.name for pasted in TEXTS}

    assert len(names) == len(TEXTS) >= 60
    assert {file.stem for file in GOLDEN.iterdir()} == names


def test_no_golden_file_holds_a_token_or_a_signature() -> None:
    recorded = {file.name: file.read_text(encoding="utf-8") for file in GOLDEN.iterdir()}

    assert [name for name, text in recorded.items() if "eyJ" in text or "bm90IGEgc2lnbmF0dXJl" in text] == []


def test_a_screen_of_80_columns_shows_it() -> None:
    recorded = {file.name: file.read_text(encoding="utf-8") for file in GOLDEN.glob("*.txt")}
    copied = re.compile(r"\n(?:To accept this issuer and audience|Header|Claims|Answer)\n")  # what follows is never folded
    lines = [(name, line) for name, text in recorded.items() for line in copied.split(text)[0].splitlines()]

    assert [(name, line) for name, line in lines if len(line) > WIDTH] == []
    assert [name for name, text in recorded.items() if "\x1b" in text] == []


def _compare(file: Path, found: str, *, update: bool) -> None:
    if update:
        file.write_text(found, encoding="utf-8", newline="\n")
    assert file.read_text(encoding="utf-8") == found
