"""An introspection endpoint in a process of its own, which takes no time of the process that is measured.

Run as a program: tells its port on standard output. Tokens that begin with ``good`` are active.
"""

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

_ANSWER = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"


@contextmanager
def endpoint_process(audience: str) -> Iterator[str]:
    """Runs for the length of the block; yields its URL."""
    with subprocess.Popen([sys.executable, __file__, audience], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/introspect"
        finally:
            process.kill()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: *([0-9]+)", head.lower())
    form = await reader.readexactly(int(length[1]) if length else 0)
    described = {"active": True, "aud": sys.argv[1], "exp": int(time.time()) + 3600, "client_id": "reader"}
    body = json.dumps(described if form.startswith(b"token=good") else {"active": False}).encode()
    writer.write(_ANSWER % (len(body), body))
    await writer.drain()
    writer.close()


async def _main() -> None:
    server = await asyncio.start_server(_answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main())
