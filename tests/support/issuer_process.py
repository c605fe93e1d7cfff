"""A local issuer in a process of its own, over https: what it computes does not hold up the event loop that is watched."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bearerguard.testing import LocalIssuer
from support.certificates import make_certificates
from support.servers import serve


@contextmanager
def issuer_process(folder: Path) -> Iterator[str]:
    """Yields its URL. ``folder`` holds its certificates then, ``authority.pem`` among them."""
    path = str(Path(__file__).parent.parent)
    program = f"import sys; sys.path.insert(0, {path!r}); from support.issuer_process import main; main({str(folder)!r})"
    command = [sys.executable, "-W", "ignore", "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()  # it ends with its input


def main(folder: str) -> None:
    """The program."""
    issuer = LocalIssuer()
    with serve(issuer, server="hypercorn", tls=make_certificates(Path(folder))) as url:
        issuer.slow(0.02, "token")
        print(url, flush=True)
        sys.stdin.read()
