"""Many mutants against tests that were collected once: each in a child process, with one function's code exchanged.

This is what makes a whole room a matter of minutes: no mutant costs an interpreter, an import or a collection, and only the tests
that run the changed function are tried, the fastest first. What runs while modules are imported cannot be exchanged afterwards:
``afresh`` judges that.
"""

import gc
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, Final

import pytest
from _pytest.runner import runtestprotocol
from _pytest.warnings import catch_warnings_for_item

from mutation.changes import Change
from mutation.options import OPTIONS, Verdict, limited, verdict_of

_MONITORING: Final[Any] = vars(sys).get("monitoring")  # from Python 3.12 on
_TOOL: Final = 4
_Function = tuple[str, str]
"""File and ``co_qualname``."""


@dataclass
class Runs:
    """What ran where, found by running the unchanged library once.

    Attributes:
        early: Functions that ran while modules were imported.
        tests: For each function, the numbers of the tests that run it, the fastest first.
        seconds: What each test took.
    """

    early: set[_Function] = field(default_factory=set)
    tests: dict[_Function, list[int]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)


class InPlace:
    """A plugin of pytest that judges mutants instead of running the tests.

    Args:
        changes: The file and each of its changes.
        verdicts: Filled with the verdict of each change, by its number; those that are left out, ``afresh`` has to judge.
    """

    def __init__(self, changes: Sequence[tuple[Path, Change]], verdicts: dict[int, Verdict]) -> None:
        self._changes = changes
        self._verdicts = verdicts
        self._files = {str(path) for path, _ in changes}
        self._seen: set[_Function] = set()

    def pytest_collection(self) -> None:
        monitoring = _MONITORING
        monitoring.use_tool_id(_TOOL, "mutation")
        monitoring.register_callback(_TOOL, monitoring.events.PY_START, self._started)
        monitoring.set_events(_TOOL, monitoring.events.PY_START)

    def _started(self, code: CodeType, _offset: int) -> Any:
        if code.co_filename not in self._files:
            return _MONITORING.DISABLE
        self._seen.add((code.co_filename, code.co_qualname.partition(".<locals>")[0]))
        return None

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        early = set(self._seen)
        runs = self._runs(session.items, early)
        _MONITORING.free_tool_id(_TOOL)
        functions = _functions(self._files)
        gc.collect()
        gc.freeze()  # children share the pages
        for number, (path, change) in enumerate(self._changes):
            name = str(path), change.place.function
            if change.place.function and (found := functions.get((*name, change.place.first_line))):
                verdict = self._judged(found, change.code(str(path)), [session.items[i] for i in runs.tests.get(name, [])])
                if verdict is not None and (verdict is not Verdict.SURVIVED or name not in early):
                    self._verdicts[number] = verdict
        return True

    def _runs(self, items: Sequence[pytest.Item], early: set[_Function]) -> Runs:
        """Runs everything in a child, so that no cache here is warm when a mutant is tried."""
        reading, writing = os.pipe()
        if not (child := os.fork()):
            with limited(3600), os.fdopen(writing, "w") as pipe:
                for item, following in _with_next(items):
                    self._seen.clear()
                    begun = time.perf_counter()
                    if failure := _failure(item, following):
                        pipe.write(json.dumps([f"{item.nodeid}: {failure}"]) + "\n")
                        break
                    pipe.write(json.dumps([time.perf_counter() - begun, sorted(self._seen)]) + "\n")
        os.close(writing)
        runs = Runs(early)
        with os.fdopen(reading) as pipe:
            for number, line in enumerate(pipe):
                seconds, *seen = json.loads(line)
                if not seen:
                    raise pytest.UsageError(f"fails without any change: {seconds}")
                runs.seconds.append(seconds)
                for name in seen[0]:
                    runs.tests.setdefault(tuple(name), []).append(number)
        os.waitpid(child, 0)
        for numbers in runs.tests.values():
            numbers.sort(key=runs.seconds.__getitem__)
        self._seconds = dict(zip((item.nodeid for item in items), runs.seconds, strict=True))
        return runs

    def _judged(self, functions: list[FunctionType], module: CodeType, items: list[pytest.Item]) -> Verdict | None:
        """``None``: the code cannot be exchanged."""
        changed = _code_of(module, functions[0].__code__)
        if changed is None or changed.co_freevars != functions[0].__code__.co_freevars:
            return None
        if not (child := os.fork()):
            with limited(30 + round(10 * sum(self._seconds[item.nodeid] for item in items))):
                for function in functions:
                    function.__code__ = changed
                if any(_failure(item, following) for item, following in _with_next(items)):
                    os._exit(1)
        return verdict_of(os.waitpid(child, 0)[1])


def _functions(files: set[str]) -> dict[tuple[str, str, int], list[FunctionType]]:
    """Every living function of those files, by file, ``co_qualname`` and first line."""
    found: dict[tuple[str, str, int], list[FunctionType]] = {}
    gc.unfreeze()  # what the tests' conftest froze is not among the objects
    for thing in gc.get_objects():
        if type(thing) is FunctionType and (code := thing.__code__).co_filename in files:
            found.setdefault((code.co_filename, code.co_qualname, code.co_firstlineno), []).append(thing)
    return found


def _code_of(code: CodeType, wanted: CodeType) -> CodeType | None:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if (constant.co_qualname, constant.co_firstlineno) == (wanted.co_qualname, wanted.co_firstlineno):
                return constant
            if (found := _code_of(constant, wanted)) is not None:
                return found
    return None


def _with_next(items: Sequence[pytest.Item]) -> Iterator[tuple[pytest.Item, pytest.Item | None]]:
    return zip(items, [*items[1:], None], strict=True)


def _failure(item: pytest.Item, following: pytest.Item | None) -> str:
    """What pytest tells of it; empty if the test passes."""
    with catch_warnings_for_item(item.config, item.ihook, "runtest", item):  # filters that a test is marked with
        failed = [report for report in runtestprotocol(item, log=False, nextitem=following) if report.failed]
    return next((report.longreprtext or "failed" for report in failed), "")


def judged_in_place(changes: Sequence[tuple[Path, Change]], tests: Sequence[Path], output: Path) -> dict[int, Verdict]:
    """The verdicts on the changes that can be exchanged in place, by their numbers; in a child, so that nothing is imported here.

    Raises:
        RuntimeError: The tests fail without any change, or could not be collected.
    """
    reading, writing = os.pipe()
    if not (child := os.fork()):
        with limited(24 * 3600, output), os.fdopen(writing, "w") as pipe:
            verdicts: dict[int, Verdict] = {}
            code = pytest.main([*OPTIONS, *map(str, tests)], plugins=[InPlace(changes, verdicts)])
            if code not in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
                os._exit(int(code))
            json.dump({number: verdict.value for number, verdict in verdicts.items()}, pipe)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
        raise RuntimeError(output.read_text("utf-8", "replace")[-4000:])
    return {int(number): Verdict(value) for number, value in json.loads(text).items()}
