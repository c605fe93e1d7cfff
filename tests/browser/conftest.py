"""A browser for the tests below this folder; skipped, or failed where it is required, where a part is missing."""

import os
import shutil
from collections.abc import Iterator

import pytest

from browser import chromium
from browser.chromium import Chromium
from issuers import oidc_provider
from issuers.oidc_provider import Launcher


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """One browser for all. ``BEARERGUARD_REQUIRE_BROWSER=1`` turns the skip for a missing part into a failure."""
    _need(chromium.missing())
    with chromium.started(tmp_path_factory.mktemp("browser") / "driver.log") as running:
        yield running


@pytest.fixture(scope="session")
def launcher(tmp_path_factory: pytest.TempPathFactory) -> Launcher:
    """Starts authorization servers."""
    _need(oidc_provider.missing())
    return Launcher(shutil.which("node") or "node", tmp_path_factory.mktemp("oidc-provider") / "server.log")


def _need(lacking: str) -> None:
    if lacking and os.environ.get("BEARERGUARD_REQUIRE_BROWSER"):
        pytest.fail(f"BEARERGUARD_REQUIRE_BROWSER is set, but {lacking}")
    if lacking:
        pytest.skip(lacking)
