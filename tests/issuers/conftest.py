"""Real authorization servers for the tests below this folder; skipped, or failed where they are required, without Node.js."""

import os
import shutil

import pytest

from issuers import oidc_provider
from issuers.oidc_provider import Launcher
from support.certificates import Certificates, make_certificates


@pytest.fixture(scope="session")
def launcher(tmp_path_factory: pytest.TempPathFactory) -> Launcher:
    """Starts authorization servers. ``BEARERGUARD_REQUIRE_ISSUERS=1`` turns the skip for a missing Node.js into a failure."""
    lacking = oidc_provider.missing()
    if lacking and os.environ.get("BEARERGUARD_REQUIRE_ISSUERS"):
        pytest.fail(f"BEARERGUARD_REQUIRE_ISSUERS is set, but {lacking}")
    if lacking:
        pytest.skip(lacking)
    return Launcher(shutil.which("node") or "node", tmp_path_factory.mktemp("oidc-provider") / "server.log")


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Certificates of ``https://localhost``, and the authority to trust."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))
