"""No sample without a test."""

from pathlib import Path

import pytest

from support.sample_files import SAMPLES

TESTS = "".join(path.read_text() for path in Path(__file__).parent.glob("*.py") if path.name != "test_all.py")


@pytest.mark.parametrize("path", [str(path.relative_to(SAMPLES)) for path in sorted(SAMPLES.rglob("*.py"))])
def test_every_sample_is_named_by_a_test(path: str) -> None:
    folder, _, name = path.rpartition("/")
    ways = {path, path.removesuffix(".py"), name}  # what runs it, imports it or finds it in its folder
    if name == "orders_app.py" or name.startswith("test_"):
        ways = {folder}  # a pytest of its own runs the whole folder

    assert any(f'"{way}"' in TESTS for way in ways)
