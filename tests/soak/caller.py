"""One caller on one connection: a request, an answer, and again. Its own HTTP, since a client library costs more than the API."""

import asyncio
import json
import re
from dataclasses import dataclass
from typing import Any

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_RETRY = re.compile(rb"\r\nretry-after: *(\d+)\r\n", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        status: Of HTTP.
        code: ``code`` in the body of a refusal, empty else.
        retry_after: Whether it says when to come again.
        seconds: How long it took.
    """

    status: int
    code: str
    retry_after: bool
    seconds: float

    @property
    def kind(self) -> str:
        """As the API's events are counted."""
        return f"{self.status} {self.code}".strip()


class Caller:
    """Asks again on a new connection where the server had closed the old one before it read anything (RFC 9112 §9.3.1)."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, target: str, authorization: str | None) -> Answer:
        """One GET."""
        lines = [f"GET {target} HTTP/1.1", "Host: api.test"]
        if authorization is not None:
            lines.append(f"Authorization: {authorization}")
        request = "\r\n".join([*lines, "", ""]).encode()
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            head, body = await self._exchange(request)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            if getattr(error, "partial", b""):
                raise
            self.close()
            head, body = await self._exchange(request)
        status = int(head.split(b" ", 2)[1])
        said: Any = json.loads(body) if body else {}
        return Answer(status, said.get("code", ""), bool(_RETRY.search(head)), loop.time() - began)

    async def _exchange(self, request: bytes) -> tuple[bytes, bytes]:
        reader, writer = self._streams = self._streams or await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        return head, await reader.readexactly(int(length[1]) if length else 0)

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None
