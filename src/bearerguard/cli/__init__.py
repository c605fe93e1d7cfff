"""The command line: explain, examine, list routes, obtain a token, run a local issuer.

It needs the extra ``cli`` (click and rich). Exit codes: 0 fine, 1 refused or unhealthy, 2 wrong
usage.
"""

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Final, NoReturn

_WRONG_USAGE: Final = 2


def main(words: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit.

    Args:
        words: The arguments; by default those of the process.
    """
    missing = [name for name in ("click", "rich") if find_spec(name) is None]
    if missing:
        needed = " and ".join(missing)
        sys.stderr.write(
            f"bearerguard: the command line needs {needed}: pip install 'bearerguard[cli]', or '.[cli]' in a clone\n"
        )
        sys.exit(_WRONG_USAGE)
    from bearerguard.cli.program import run  # noqa: PLC0415  the extra may be missing

    sys.exit(run(sys.argv[1:] if words is None else list(words)))
