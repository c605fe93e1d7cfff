"""A user's own tests, which run in a pytest of their own."""

import os
import subprocess
import sys

from support.sample_files import SAMPLES


def test_a_users_tests_pass_with_the_plugin() -> None:
    plugins = ["-p", "no:cacheprovider", "-p", "bearerguard", "-p", "anyio"]  # others of this environment cost seconds
    command = [sys.executable, "-m", "pytest", "-q", *plugins, "."]
    environ = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}

    run = subprocess.run(command, cwd=SAMPLES / "testing", env=environ, capture_output=True, text=True, check=False)

    assert (run.returncode, "13 passed" in run.stdout) == (0, True), run.stdout + run.stderr
