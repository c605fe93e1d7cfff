"""Commands on a terminal: 80 columns, colours there and nowhere else, a prompt without echo."""

import os
import re
import select
import signal
import sys
import time
from collections.abc import Sequence

import pytest

from unit.cli.pasted_texts import GENERIC, token

pty = pytest.importorskip("pty", reason="pseudo-terminals exist on POSIX systems alone")
pytestmark = pytest.mark.socket
GOOD = token(GENERIC)
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


_ALL_HELP = """
from bearerguard.cli import main

for words in ([], ["explain"], ["doctor"], ["routes"], ["token"], ["issuer"]):
    try:
        main([*words, "--help"])
    except SystemExit as ended:
        assert not ended.code
"""
"""Of all commands, in one process."""


def on_a_terminal(words: Sequence[str], typed: str = "", *, seconds: float = 60.0) -> tuple[int, str]:
    """Exit code of ``python`` with these words, and everything that the screen showed."""
    environment = {**os.environ, "COLUMNS": "80", "TERM": "xterm-256color"}
    child, terminal = pty.fork()
    if child == 0:
        os.execve(sys.executable, [sys.executable, *words], environment)  # noqa: S606
    screen, deadline, pending = b"", time.monotonic() + seconds, typed.encode()
    while time.monotonic() < deadline:
        if pending and b"nothing is shown" in screen:
            pending = pending[os.write(terminal, pending) :]
        readable, _, _ = select.select([terminal], [], [], 0.1)
        if readable:
            try:
                piece = os.read(terminal, 65_536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            screen += piece
    else:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), screen.decode().replace("\r\n", "\n")


def test_help_fits_80_columns() -> None:
    code, screen = on_a_terminal(["-c", _ALL_HELP])

    assert (code, ESCAPES.sub("", screen).count("Usage: ")) == (0, 6)
    assert [line for line in screen.splitlines() if len(line) > 80] == []


def test_a_token_is_pasted_at_the_prompt_without_echo() -> None:
    code, screen = on_a_terminal(["-m", "bearerguard", "explain"], f"{GOOD}\n\n")

    assert code == 0
    assert "UNDECIDED" in screen
    assert "eyJ" not in screen


def test_a_token_longer_than_a_line_of_the_terminal_is_read_whole() -> None:
    code, screen = on_a_terminal(["-m", "bearerguard", "explain"], f"{token(GENERIC | {'padding': 'x' * 6000})}\n\n")

    assert code == 0
    assert '"padding"' in screen


def test_a_terminal_has_colours() -> None:
    _, screen = on_a_terminal(["-m", "bearerguard", "explain"], f"{GOOD}\n\n")

    assert ESCAPES.search(screen)


def test_what_a_token_says_cannot_steer_the_terminal() -> None:
    _, screen = on_a_terminal(["-m", "bearerguard", "explain"], f"{token(GENERIC | {'sub': chr(27) + '[2J' + chr(7)})}\n\n")

    assert "\x1b[2J" not in screen
    assert "\x07" not in screen


@pytest.mark.parametrize(
    "words",
    [["routes", "samples.starlette_app:app"], ["doctor", "--app", "samples.starlette_app:app"]],
)
def test_screens_fit_80_columns(words: list[str]) -> None:
    _, screen = on_a_terminal(["-m", "bearerguard", *words])

    assert [line for line in ESCAPES.sub("", screen).splitlines() if len(line) > 80] == []
