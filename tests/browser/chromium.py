"""Headless Chromium, driven by playwright-core: ``node driver.mjs`` beside this file, one command after the other."""

import json
import os
import selectors
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent
SWAGGER_UI: Final = FOLDER.parents[1] / "samples" / "swagger_ui" / "node_modules" / "swagger-ui-dist"
_LONGEST: Final = 120.0


class Chromium:
    """A running browser. Each command is done in a context of its own."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log

    def do(self, command: str, **options: Any) -> dict[str, Any]:
        """What came of a command of ``swagger.mjs`` or ``pages.mjs``; fails where that fails."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"command": command, **options}).encode() + b"\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._line())
        assert "failed" not in answer, answer["failed"]
        return answer

    def _line(self) -> bytes:
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            line = self._process.stdout.readline() if selector.select(_LONGEST) else b""
        if not line:
            raise RuntimeError(f"the browser did not answer:\n{self._log.read_text()}")
        return line


@contextmanager
def started(log: Path) -> Iterator[Chromium]:
    """Runs a browser for the length of the block."""
    with (
        log.open("ab") as errors,
        subprocess.Popen(
            [shutil.which("node") or "node", "driver.mjs"],
            cwd=FOLDER,
            env=os.environ | {"CHROMIUM": executable()},
            stdin=subprocess.PIPE,  # the driver and its browser end when this end is gone
            stdout=subprocess.PIPE,
            stderr=errors,
            bufsize=0,
        ) as process,
    ):
        try:
            yield Chromium(process, log)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(30)
            finally:
                process.kill()


def executable() -> str:
    """The browser of this machine, or an empty string."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")


def missing() -> str:
    """What this machine lacks, or an empty string."""
    if shutil.which("node") is None:
        return "Node.js is not installed"
    if not executable():
        return "Chromium is not installed"
    if not (FOLDER / "node_modules" / "playwright-core").is_dir():
        return "playwright-core is not installed: run `npm ci` in tests/browser"
    if not SWAGGER_UI.is_dir():
        return "Swagger UI is not installed: run `npm ci` in samples/swagger_ui"
    return ""
