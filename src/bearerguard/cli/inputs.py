"""Where a command gets a token or a secret from.

That is standard input, a file, the environment, or a prompt without echo.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click

from bearerguard._explain.pasted import MAX_PASTED

_PROMPT = "Paste the token or the whole answer, then press Enter twice (nothing is shown): "
_END = b"\x04"  # Ctrl-D
_INTERRUPT = b"\x03"


def read_input(file: Path | None, variable: str | None) -> bytes:
    """What was pasted, piped or stored; at most 256 KiB.

    Raises:
        click.UsageError: both options are given, or the variable is not set.
    """
    if file is not None and variable is not None:
        raise click.UsageError("--file and --env exclude each other.")
    if variable is not None:
        return read_variable(variable).encode(errors="surrogateescape")[:MAX_PASTED]
    if file is not None and str(file) != "-":
        with file.open("rb") as opened:
            return opened.read(MAX_PASTED)
    if sys.stdin is None or not sys.stdin.isatty():
        return b"" if sys.stdin is None else sys.stdin.buffer.read(MAX_PASTED)
    return _prompted()


def read_variable(name: str) -> str:
    """The value of an environment variable.

    Raises:
        click.UsageError: it is missing or empty.
    """
    value = os.environ.get(name)
    if not value:
        raise click.UsageError(f"The environment variable {name} is not set.")
    return value


def _prompted() -> bytes:
    """Pasted on a terminal, without echo, several lines if need be."""
    with suppress(ImportError, OSError), _no_echo() as read:
        sys.stderr.write(_PROMPT)
        sys.stderr.flush()
        pasted = b""
        while len(pasted) < MAX_PASTED and not pasted.endswith((b"\n\n", b"\r\r", b"\r\n\r\n")):
            piece = read()
            if _INTERRUPT in piece:
                raise click.Abort
            pasted += piece.partition(_END)[0]
            if not piece or _END in piece:
                break
        sys.stderr.write("\n")
        return pasted
    prompted: str = click.prompt(_PROMPT, prompt_suffix="", hide_input=True, default="", show_default=False)  # Windows
    return prompted.encode(errors="surrogateescape")


@contextmanager
def _no_echo() -> Iterator[Callable[[], bytes]]:
    """A terminal that shows nothing and hands on lines of any length: the usual mode cuts a line at
    4095 octets.
    """
    import termios  # noqa: PLC0415  not on Windows

    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    quiet = termios.tcgetattr(terminal)
    quiet[3] &= ~(termios.ECHO | termios.ICANON)
    try:
        termios.tcsetattr(terminal, termios.TCSANOW, quiet)
        yield lambda: os.read(terminal, 65_536)
    finally:
        termios.tcsetattr(terminal, termios.TCSANOW, before)
