"""Where a token comes from: a pasted one is read from the terminal without echo."""

import os
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from bearerguard.cli.inputs import read_input

pty = pytest.importorskip("pty", reason="pseudo-terminals exist on POSIX systems alone")


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The side of a terminal on which a person types."""
    person, program = pty.openpty()
    with os.fdopen(program, "r", encoding="utf-8") as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        yield person
    os.close(person)


@pytest.mark.parametrize("text", [b"a.b.c\n\n", b'{"access_token":\n "a.b.c"}\n\n'])
def test_pasting_ends_with_an_empty_line(typed: int, text: bytes) -> None:
    os.write(typed, text)

    assert read_input(None, None).strip() == text.strip()


def test_a_file_and_a_variable_exclude_each_other(tmp_path: Path) -> None:
    with pytest.raises(click.UsageError):
        read_input(tmp_path / "token", "TOKEN")
