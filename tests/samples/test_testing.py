"""A user's own tests, which run in a pytest of their own."""

import subprocess
import sys

from support.sample_files import SAMPLES


def test_a_users_tests_pass_with_the_plugin() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."]

    run = subprocess.run(command, cwd=SAMPLES / "testing", capture_output=True, text=True, check=False)

    assert (run.returncode, "13 passed" in run.stdout) == (0, True), run.stdout + run.stderr
