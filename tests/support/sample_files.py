"""The files of samples/, run as their readers run them."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, Final

SAMPLES: Final = Path(__file__).resolve().parents[2] / "samples"

# Ctrl-C ends a program only where nobody told it to ignore that, as shells do with what they run in the background.
_AS_FROM_A_TERMINAL: Final = (
    "import runpy, signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
)


def sample(name: str) -> Any:
    """A file of samples/ as a module; from below a folder of it: ``testing.orders_app``."""
    return import_module(f"samples.{name}")


def started(name: str, *arguments: str) -> subprocess.Popen[str]:
    """A sample as a process of its own, its output unbuffered; to be used as a block."""
    return subprocess.Popen(
        [sys.executable, "-u", "-c", _AS_FROM_A_TERMINAL, str(SAMPLES / name), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"NO_PROXY": "127.0.0.1"},
    )


def output_of(name: str) -> str:
    """What a sample prints; fails where it fails."""
    command = [sys.executable, str(SAMPLES / name)]
    environ = os.environ | {"NO_PROXY": "127.0.0.1"}
    run = subprocess.run(command, capture_output=True, text=True, env=environ, timeout=120, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout
