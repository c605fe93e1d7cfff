"""Starts and stops Django OAuth Toolkit: ``toolkit_server.py`` beside this file, on a loopback port that it keeps."""

import select
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

_SERVER: Final = Path(__file__).with_name("toolkit_server.py")
_START_LIMIT: Final = 60.0


class Toolkit:
    """The server, whose tokens outlive its process.

    Attributes:
        origin: Where it listens.
    """

    def __init__(self, folder: Path, port: int, lifetime: int, log: Path) -> None:
        self.origin = f"http://127.0.0.1:{port}"
        self._arguments = [sys.executable, str(_SERVER), str(folder), str(port), str(lifetime)]
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Run a process; it accepts connections when this returns."""
        with self._log.open("ab") as log:
            self._process = process = subprocess.Popen(self._arguments, stdout=subprocess.PIPE, stderr=log)
        assert process.stdout is not None
        readable, _, _ = select.select([process.stdout], [], [], _START_LIMIT)
        if not readable or process.stdout.readline() != b"ready\n":
            self.end()
            raise RuntimeError(f"Django OAuth Toolkit did not start:\n{self._log.read_text()}")

    def end(self) -> None:
        """End the process; a second call does nothing."""
        if self._process is not None:
            with self._process as process:
                process.kill()
        self._process = None

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Within the block there is no process; afterwards there is another, with the tokens that this one knew."""
        self.end()
        try:
            yield
        finally:
            self.start()


@contextmanager
def running_toolkit(log: Path, *, lifetime: int = 300) -> Iterator[Toolkit]:
    """Runs a server for the length of the block.

    Its port is bound here and never listens here, so nobody else gets it while the server is stopped.
    """
    with tempfile.TemporaryDirectory() as folder, closing(socket.socket()) as kept:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        kept.bind(("127.0.0.1", 0))
        server = Toolkit(Path(folder), kept.getsockname()[1], lifetime, log)
        try:
            server.start()
            yield server
        finally:
            server.end()
