"""What ``npm ci`` installs is pinned, from whichever registry the machine is set up for."""

import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.issuers
LOCK = json.loads((Path(__file__).parent / "package-lock.json").read_text())


def test_the_lock_file_pins_the_authorization_server_and_names_no_registry() -> None:
    packages = LOCK["packages"].values()
    assert LOCK["packages"]["node_modules/oidc-provider"]["version"] == "9.13.3"
    assert not [package for package in packages if "resolved" in package]
