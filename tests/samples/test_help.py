"""Every program of samples/ tells what it is for and what it takes."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from support.sample_files import SAMPLES

PROGRAMS: Final = sorted(path for path in SAMPLES.rglob("*.py") if "argparse" in path.read_text(encoding="utf-8"))
WITHOUT_OPTIONS: Final = {
    "calling_once.py",
    "calling_orders.py",
    "first_call.py",
}  # they are read, and told what to do by variables


def _name(path: Path) -> str:
    return path.relative_to(SAMPLES).as_posix()


def test_every_program_takes_options_or_is_known_not_to() -> None:
    guarded = {path for path in SAMPLES.rglob("*.py") if 'if __name__ == "__main__"' in path.read_text(encoding="utf-8")}

    assert {_name(path) for path in guarded - set(PROGRAMS)} <= WITHOUT_OPTIONS
    assert len(PROGRAMS) > 4


@pytest.mark.parametrize("program", PROGRAMS, ids=_name)
def test_it_answers_help(program: Path) -> None:
    module = ".".join(program.relative_to(SAMPLES.parent).with_suffix("").parts)
    command = [sys.executable, "-m", module] if program.name == "__main__.py" else [sys.executable, str(program)]
    run = subprocess.run([*command, "--help"], cwd=SAMPLES.parent, capture_output=True, text=True, timeout=60, check=False)

    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("usage: ")
