"""Runs a command in this process, with standard input of its own."""

import io
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from unittest.mock import patch

from bearerguard.cli.program import run


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


def run_command(words: Sequence[str], stdin: bytes = b"") -> Ended:
    out, err = io.StringIO(), io.StringIO()
    piped = io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")
    with redirect_stdout(out), redirect_stderr(err), patch("sys.stdin", piped):
        code = run(words)
    return Ended(code, out.getvalue(), err.getvalue())
