"""The package that users import from."""

import subprocess
import sys

import pytest

from bearerguard import testing


@pytest.mark.parametrize("name", testing.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(testing, name).__name__ == name


def test_another_name_is_not_there() -> None:
    with pytest.raises(AttributeError):
        testing.RemoteIssuer  # noqa: B018


def test_nothing_is_loaded_before_it_is_used() -> None:
    code = "import sys, bearerguard.testing; print([name for name in sys.modules if name.startswith('bearerguard.testing.')])"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert loaded.stdout.strip() == "[]"
