"""The frameworks are no requirement of the other tests: what is missing is skipped, or failed where all are required."""

import os
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest


@pytest.fixture(scope="session")
def needed() -> Callable[[str], Any]:
    """Imports a module. ``BEARERGUARD_REQUIRE_FRAMEWORKS=1`` turns the skip for a missing one into a failure."""

    def load(name: str) -> Any:
        try:
            return import_module(name)
        except ImportError as error:
            if os.environ.get("BEARERGUARD_REQUIRE_FRAMEWORKS"):
                pytest.fail(f"BEARERGUARD_REQUIRE_FRAMEWORKS is set, but {error}")
            pytest.skip(str(error))

    return load
