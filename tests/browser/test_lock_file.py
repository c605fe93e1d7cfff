"""What ``npm ci`` installs is pinned, from whichever registry the machine is set up for."""

import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
FOLDER = Path(__file__).parent


def test_the_lock_file_pins_the_driver_and_names_no_registry() -> None:
    lock = json.loads((FOLDER / "package-lock.json").read_text())
    wanted = json.loads((FOLDER / "package.json").read_text())["dependencies"]

    assert lock["packages"]["node_modules/playwright-core"]["version"] == wanted["playwright-core"]
    assert not [package for package in lock["packages"].values() if "resolved" in package]
