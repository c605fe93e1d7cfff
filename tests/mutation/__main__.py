"""``python -m mutation [ROOM …]``: makes small mistakes in the library and reports each that no test notices.

By default it tries a sample, the same for the same ``--seed``; ``--all`` tries every mutant. It ends with 1 if a mutant survives
that ``equivalent.toml`` does not explain.
"""

import argparse
import importlib
import importlib.util
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from mutation.afresh import Mutant, judged_afresh
from mutation.changes import Change, changes
from mutation.in_place import judged_in_place
from mutation.options import Verdict
from mutation.rooms import ROOMS, Subject, equivalent, judging_files, key, nearest, subjects

_PRELOADED: Final = ("anyio", "cachetools", "cryptography", "fastapi", "httpx", "hypothesis", "jwt", "starlette", "trio")
_Candidate = tuple[Subject, Change]


def main() -> int:
    arguments = _arguments()
    if not hasattr(sys, "monitoring"):
        raise SystemExit("needs Python 3.12 or newer: sys.monitoring tells which tests run a function (PEP 669)")
    os.environ["CI"] = "true"  # the same examples for each mutant
    for name in _PRELOADED:
        importlib.import_module(name)
    survivors = 0
    with tempfile.TemporaryDirectory() as folder:
        for room in ROOMS:
            if found := _candidates(room, arguments):
                survivors += _Room(room, Path(folder) / "output").survivors(found)
    return 1 if survivors else 0


def _candidates(room: str, arguments: argparse.Namespace) -> list[_Candidate]:
    explained = equivalent()
    found = [(subject, change) for subject in subjects(_package(), room, arguments.rooms) for change in _changes(subject)]
    found = [candidate for candidate in found if key(*candidate) not in explained]
    if arguments.all or len(found) <= arguments.sample:
        return found
    chosen = random.Random(arguments.seed).sample(range(len(found)), arguments.sample)  # noqa: S311  repeatable
    return [found[number] for number in sorted(chosen)]


class _Room:
    """Judges the mutants of one room: in place where that can be, and afresh where it cannot."""

    def __init__(self, room: str, output: Path) -> None:
        self._room = room
        self._output = output
        self._tests = judging_files(room)
        self._seconds: dict[tuple[Path, ...], int] = {}

    def survivors(self, candidates: list[_Candidate]) -> int:
        """How many survive; each is printed, and then the tally."""
        begun = time.monotonic()
        verdicts = judged_in_place([(subject.path, change) for subject, change in candidates], self._tests, self._output)
        for number, candidate in enumerate(candidates):
            if number not in verdicts:
                verdicts[number] = self._afresh(*candidate)
        for number, (subject, change) in enumerate(candidates):
            if verdicts[number] is Verdict.SURVIVED:
                place = change.place.name or "module"
                print(f"{subject.short}:{change.line} in {place}: {change.before} → {change.after}", flush=True)
        counts = {verdict: list(verdicts.values()).count(verdict) for verdict in Verdict}
        tally = ", ".join(f"{count} {verdict.value}" for verdict, count in counts.items())
        print(f"{self._room}: {len(candidates)} mutants, {tally}; {time.monotonic() - begun:.0f} s", flush=True)
        return counts[Verdict.SURVIVED]

    def _afresh(self, subject: Subject, change: Change) -> Verdict:
        mutant, verdict = Mutant(subject.name, change.code(str(subject.path))), Verdict.SURVIVED
        near = nearest(self._tests, subject)
        for tests in (tuple(near), tuple(file for file in self._tests if file not in near)):
            if tests and verdict is Verdict.SURVIVED:
                verdict = judged_afresh(mutant, tests, self._limit(tests), self._output)
        return verdict

    def _limit(self, tests: tuple[Path, ...]) -> int:
        """Seconds: ten times what the unchanged library takes, and half a minute for a busy machine."""
        if tests not in self._seconds:
            begun = time.monotonic()
            if judged_afresh(None, tests, 3600, self._output) is not Verdict.SURVIVED:
                raise RuntimeError(f"fails without any change: {self._output.read_text('utf-8', 'replace')[-2000:]}")
            self._seconds[tests] = 30 + round(10 * (time.monotonic() - begun))
        return self._seconds[tests]


def _changes(subject: Subject) -> list[Change]:
    return list(changes(subject.path.read_text("utf-8")))


def _package() -> Path:
    """Where the library is, without importing it: each child imports its own."""
    spec = importlib.util.find_spec("bearerguard")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("bearerguard is not installed here")
    return Path(spec.submodule_search_locations[0])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="mutation", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rooms", nargs="*", help="token, authorization/path_table, keys/freshness, web, …; all rooms without")
    parser.add_argument("--all", action="store_true", help="every mutant, not a sample")
    parser.add_argument("--sample", type=int, default=60, help="mutants of each room to try (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="which sample (default: %(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
