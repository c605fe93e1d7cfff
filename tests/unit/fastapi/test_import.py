"""FastAPI is an extra: without it, the import says what to install."""

import subprocess
import sys

import pytest

WITHOUT_FASTAPI = """
import sys
sys.modules["fastapi"] = None
import bearerguard, bearerguard.testing, bearerguard.testing.authorized
try:
    import bearerguard.fastapi
except ImportError as error:
    print(error.name, error)
"""


@pytest.mark.parametrize("module", ["bearerguard.fastapi", "bearerguard.fastapi.dependency"])
def test_without_fastapi_the_import_names_the_command_that_installs_it(module: str) -> None:
    """An ``ImportError``, as for any module that is missing; all the rest works."""
    code = WITHOUT_FASTAPI.replace("import bearerguard.fastapi", f"import {module}")
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert run.stdout.startswith("fastapi ")
    assert 'pip install "bearerguard[fastapi]"' in run.stdout
