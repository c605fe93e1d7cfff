"""What every test may rely on: asyncio unless it asks for trio, repeatable properties in CI, one trusted authority."""

import gc
import os
from collections.abc import Generator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, settings

from support import no_secret_in_logs
from support.certificates import make_certificates

_TESTS: Final = Path(__file__).parent
_MARKERS: Final = {"mcp_servers": "mcp", **{name: name for name in ("browser", "frameworks", "gateways", "issuers", "operating")}}
"""Of the folders whose tests need what their own ``tox -e`` installs, which selects them by marker."""

settings.register_profile("dev", deadline=None, max_examples=50)
settings.register_profile(
    "ci", deadline=None, max_examples=50, derandomize=True, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", deadline=None, max_examples=2_000, suppress_health_check=[HealthCheck.too_slow])
_WITHOUT_SHRINKING = [Phase.explicit, Phase.generate]  # nobody reads the example that kills a mutant
settings.register_profile("mutation", settings.get_profile("ci"), phases=_WITHOUT_SHRINKING)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """asyncio; a test that must hold on both parametrizes ``anyio_backend`` with ``["asyncio", "trio"]``."""
    return "asyncio"


def pytest_configure(config: pytest.Config) -> None:
    """Trust one authority: no test gets beyond loopback, and to read those of the whole world takes 17 ms each time."""
    folder = TemporaryDirectory(prefix="authority-")
    config.add_cleanup(folder.cleanup)
    os.environ["SSL_CERT_FILE"] = str(make_certificates(Path(folder.name)).authority)
    config.pluginmanager.register(no_secret_in_logs)
    if hasattr(config, "workerinput"):  # a worker of pytest-xdist, which coverage measures
        os.environ.pop("COVERAGE_PROCESS_CONFIG", None)  # programs that tests start need not be measured, too


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays to the end: the garbage collector would look through half a million objects for nothing."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """No test is in a folder where the command that is to run it does not look for it."""
    for item in (item for item in items if item.path.is_relative_to(_TESTS)):
        folder = item.path.relative_to(_TESTS).parts[0]
        if item.get_closest_marker("timed") and folder != "faults":
            raise pytest.UsageError(f"{item.nodeid} is timed: such tests live in tests/faults")
        needed = _MARKERS.get(folder)
        if needed and not item.get_closest_marker(needed):
            raise pytest.UsageError(f"{item.nodeid} lacks the marker {needed!r}, by which tox -e {needed} selects it")
    seed: int | None = config.getoption("--shuffle")
    if seed is not None:
        Random(seed).shuffle(items)  # noqa: S311 - the same order in each worker process, and in the next run


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--update-golden`` records what the command line prints, in place of comparing it; ``--shuffle`` mixes the tests."""
    parser.addoption("--update-golden", action="store_true", help="write the golden files of tests/unit/cli anew")
    parser.addoption("--shuffle", type=int, metavar="SEED", help="run the tests in the order that this number makes")
