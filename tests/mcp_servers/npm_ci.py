"""``python -m mcp_servers.npm_ci``: installs what package-lock.json pins, with the npm that comes with Node.js from PyPI."""

import os
import subprocess
from pathlib import Path
from typing import Final

from mcp_servers.node import FOLDER, node

_OPTIONS: Final = ("ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", "--fetch-retries=1")
_PATIENCE: Final = 300


def main() -> None:
    binary = Path(node())
    npm = binary.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [str(binary), str(npm)] if npm.is_file() else ["npm"]
    path = f"{binary.parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run([*command, *_OPTIONS], cwd=FOLDER, env=os.environ | {"PATH": path}, check=True, timeout=_PATIENCE)


if __name__ == "__main__":
    main()
