"""Servers as processes, several of them on one socket, as a deployment replaces one by the next."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).parents[1]
_PATIENCE: Final = 60.0


@contextmanager
def shared_socket() -> Iterator[socket.socket]:
    """Listens before the first server starts and after the last one has gone: the kernel keeps early connections."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=512)) as listener:
        listener.set_inheritable(True)
        # accepted sockets inherit it; uvicorn takes a socket by number for a Unix socket, and does not set it
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield listener


@dataclass(frozen=True)
class Server:
    """A server that runs, and what it has written."""

    process: subprocess.Popen[bytes]
    log: Path

    def terminate(self) -> int:
        """Send SIGTERM and wait; the exit code, where a death by that signal counts as 0."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(_PATIENCE)
        return 0 if code == -signal.SIGTERM else code

    def written(self) -> str:
        """Everything it has written so far."""
        return self.log.read_text(errors="replace")


@contextmanager
def started(command: tuple[str, ...], listener: socket.socket, log: Path, environ: Mapping[str, str]) -> Iterator[Server]:
    """Run ``python -m command`` for the length of the block, with the socket in place of ``{fd}``."""
    words = [part.format(fd=listener.fileno()) for part in command]
    environment = {**os.environ, "PYTHONPATH": f"{TESTS}:{TESTS.parent}", "PYTHONDEVMODE": "1", **environ}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *words], env=environment, cwd=TESTS, pass_fds=[listener.fileno()], stdout=output, stderr=output
        )
        try:
            yield Server(process, log)
        finally:
            process.terminate()
            try:
                process.wait(_PATIENCE)
            finally:
                process.kill()
                process.wait()
