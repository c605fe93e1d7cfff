"""How commands print: JSON for programs, plain text for people.

The text has at most 80 columns, and colours only on a terminal.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDTH: Final = 80
_COLOURS: Final = {"passed": "green", "failed": "bold red", "not judged": "yellow", "warning": "yellow"}


def print_json(value: Mapping[str, Any]) -> None:
    """One JSON document on standard output, in ASCII: every terminal and every program can read it."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


class Page:
    """Text for people on standard output.

    What a token says is printed as it is, but for control characters, which could steer the
    terminal.
    """

    def __init__(self) -> None:
        terminal = sys.stdout.isatty()
        self._console = Console(width=None if terminal else WIDTH, highlight=False, markup=False, emoji=False)

    def line(self, text: str = "", style: str = "") -> None:
        """One paragraph, folded at the edge."""
        self._print(Text(_printable(text), style=style))

    def _print(self, shown: Text | Table, *, soft_wrap: bool = False) -> None:
        """Print without the spaces that fill a table's last column: they would be copied, too."""
        with self._console.capture() as captured:
            self._console.print(shown, soft_wrap=soft_wrap)
        sys.stdout.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))

    def heading(self, text: str) -> None:
        """An empty line and a heading."""
        self.line()
        self.line(text, "bold")

    def pairs(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Names and values in two columns."""
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for name, value in pairs:
            table.add_row(Text(f"  {name}"), Text(_printable(value)))
        self._print(table)

    def outcomes(self, rows: Iterable[tuple[str, str, str]]) -> None:
        """Outcome, name and words of each check."""
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold", max_width=20)
        table.add_column(overflow="fold")
        for outcome, name, words in rows:
            table.add_row(Text(f"  {outcome}", style=_COLOURS.get(outcome, "")), Text(_printable(name)), Text(_printable(words)))
        self._print(table)

    def code(self, lines: Iterable[str]) -> None:
        """Lines to copy, never folded."""
        for line in lines:
            self._print(Text(f"  {_printable(line)}"), soft_wrap=True)


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() or character == "\n" else "\ufffd" for character in text)
