"""One mutant against tests, in a child process that imports the library with the change in it."""

import importlib.util
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Final

from mutation.options import OPTIONS, Verdict, limited, verdict_of

_NOT_JUDGED: Final = {3, 4, 5}
"""Exit codes of pytest: an internal error, a wrong call, no test."""


@dataclass(frozen=True)
class Mutant:
    """A changed module, ready to be imported in place of the real one."""

    module: str
    code: CodeType


class _Changed(SourceFileLoader):
    def __init__(self, mutant: Mutant, path: str) -> None:
        super().__init__(mutant.module, path)
        self._code = mutant.code

    def get_code(self, fullname: str) -> CodeType:
        return self._code


def _ran_unchanged(mutant: Mutant) -> bool:
    """Whether the real module was imported in the mutant's place."""
    module = sys.modules.get(mutant.module)
    return module is not None and not isinstance(module.__loader__, _Changed)


class _Finder(MetaPathFinder):
    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(self, fullname: str, _path: Sequence[str] | None, _target: object = None) -> ModuleSpec | None:
        if fullname != self._mutant.module:
            return None
        path = self._mutant.code.co_filename
        return importlib.util.spec_from_file_location(fullname, path, loader=_Changed(self._mutant, path))


def judged_afresh(mutant: Mutant | None, tests: Sequence[Path], seconds: int, output: Path) -> Verdict:
    """Run the tests until one fails, for at most so many seconds. This process must not have imported the library.

    Args:
        mutant: What is imported; ``None``: the library as it is.
        tests: Files or folders.
        seconds: After which a mutant counts as endless.
        output: Where pytest's output goes.

    Raises:
        RuntimeError: pytest ran no test, could not run at all, or ran the module without its change:
            nothing is known of the mutant.
    """
    if not (child := os.fork()):
        with limited(seconds, output):
            if mutant is not None:
                sys.meta_path.insert(0, _Finder(mutant))
            import pytest

            code = int(pytest.main([*OPTIONS, *map(str, tests)]))
            if mutant is not None and _ran_unchanged(mutant):
                raise RuntimeError(f"pytest imported {mutant.module} without its change")
            os._exit(code)
    status = os.waitpid(child, 0)[1]
    if os.waitstatus_to_exitcode(status) in _NOT_JUDGED:
        raise RuntimeError(f"nothing was judged: {output.read_text('utf-8', 'replace')[-2000:]}")
    return verdict_of(status)
