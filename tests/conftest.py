"""What every test may rely on: the asyncio back end unless a test asks for trio, and repeatable properties in CI."""

import os

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """asyncio; a test that must hold on both parametrizes ``anyio_backend`` with ``["asyncio", "trio"]``."""
    return "asyncio"


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--update-golden``: record what the command line prints, in place of comparing it."""
    parser.addoption("--update-golden", action="store_true", help="write the golden files of tests/unit/cli anew")
