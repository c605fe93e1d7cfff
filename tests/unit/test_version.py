"""The version of the library."""

import tomllib
from pathlib import Path

import bearerguard


def test_it_is_the_one_that_the_project_names() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert bearerguard.__version__ == project["version"]
