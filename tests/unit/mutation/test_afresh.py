"""A mutant of what runs while a module is imported: the tests judge it, not the module as it is."""

import os
import subprocess
import sys
from pathlib import Path

from mutation.options import Verdict
from support.pages import ROOT

JUDGE = """
import pathlib, sys
from mutation.afresh import Mutant, judged_afresh
from mutation.changes import changes

source, tests, output = map(pathlib.Path, sys.argv[1:])
change = next(change for change in changes(source.read_text("utf-8")) if (change.before, change.after) == ("600.0", "601.0"))
for mutant in (None, Mutant("bearerguard.keys.freshness", change.code(str(source)))):
    print(judged_afresh(mutant, [tests], 300, output).value)
"""
"""It needs a process that has not imported the library."""


def test_a_changed_constant_of_a_module_is_what_the_tests_import(tmp_path: Path) -> None:
    module, tests = ROOT / "src/bearerguard/keys/freshness.py", ROOT / "tests/unit/keys/test_freshness.py"
    ended = subprocess.run(
        [sys.executable, "-c", JUDGE, str(module), str(tests), str(tmp_path / "output")],
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.split() == [Verdict.SURVIVED.value, Verdict.KILLED.value]
