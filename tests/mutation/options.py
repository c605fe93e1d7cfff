"""How pytest runs for a mutant, and how a child process that ran it is read."""

import os
import resource
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Final

_MEMORY: Final = 4 * 1024**3
OPTIONS: Final = (
    "-x",
    "-q",
    "--no-header",
    "--tb=short",
    "--assert=plain",  # pytest would import the library itself, to rewrite its asserts: a mutant of a module would never run
    "--hypothesis-profile=mutation",
    *("-p", "no:cacheprovider", "-p", "no:xdist"),
)


class Verdict(Enum):
    """What became of a mutant."""

    KILLED = "killed"
    ENDLESS = "killed by time"
    SURVIVED = "survived"


@contextmanager
def limited(seconds: int, output: Path | None = None) -> Iterator[None]:
    """For a child: runs the block with a limit of time and memory, and ends the process with 0, or 3 after an exception."""
    code = 3
    try:
        signal.alarm(seconds)
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        if output is not None:
            with output.open("wb") as file:
                os.dup2(file.fileno(), 1)
                os.dup2(file.fileno(), 2)
        yield
        code = 0
    except BaseException:  # noqa: BLE001  the process ends here, and shows why
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def verdict_of(status: int) -> Verdict:
    """What the wait status of a child says: any end but a good one noticed the mutant."""
    code = os.waitstatus_to_exitcode(status)
    if code in {-signal.SIGALRM, -signal.SIGKILL}:
        return Verdict.ENDLESS
    return Verdict.KILLED if code else Verdict.SURVIVED
