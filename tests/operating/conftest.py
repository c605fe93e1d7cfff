"""What these tests need is no requirement of the others: what is missing is skipped, or failed where all of it is required."""

import os
import shutil
from collections.abc import Callable
from importlib import import_module
from typing import Any, NoReturn

import pytest

_REQUIRED = "BEARERGUARD_REQUIRE_OPERATING"


def _missing(what: str) -> NoReturn:
    if os.environ.get(_REQUIRED):
        pytest.fail(f"{_REQUIRED} is set, but {what}")
    pytest.skip(what)


@pytest.fixture(scope="session")
def tool() -> Callable[[str], str]:
    """The path of a program. ``BEARERGUARD_REQUIRE_OPERATING=1`` turns the skip for a missing one into a failure."""

    def find(name: str) -> str:
        return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin") or _missing(f"{name} is not installed")

    return find


@pytest.fixture(scope="session")
def needed() -> Callable[[str], Any]:
    """Imports a module, with the same rule."""

    def load(name: str) -> Any:
        try:
            return import_module(name)
        except ImportError as error:
            _missing(str(error))

    return load
