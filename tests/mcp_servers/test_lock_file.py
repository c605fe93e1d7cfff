"""What ``npm ci`` installs is pinned, from whichever registry the machine is set up for."""

import json

from mcp_servers.node import FOLDER


def test_the_lock_file_pins_every_tool_and_names_no_registry() -> None:
    wanted = json.loads((FOLDER / "package.json").read_text())["dependencies"]
    packages = json.loads((FOLDER / "package-lock.json").read_text())["packages"]

    assert {name: packages[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert not [name for name, package in packages.items() if "resolved" in package]
