"""Sends one kind of request to ASGI applications, in process: no socket, no HTTP parser, no client library."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from itertools import repeat
from time import perf_counter_ns
from typing import Any, Final, TypeVar

from starlette.types import ASGIApp, Message, Scope

from benchmarks.measure import Subject

T = TypeVar("T")
PATH: Final = "/orders"
_UNTIMED: Final = 10
"""Calls at the beginning of a slice, which find the processor as the event loop has left it."""


class Caller:
    """Requests in one event loop, as a server makes them of ``GET /orders`` with the headers of a plain HTTP client.

    Attributes:
        loop: Runs coroutines; close it at the end.
    """

    def __init__(self) -> None:
        self.loop = asyncio.Runner()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Wait for a coroutine."""
        return self.loop.run(coroutine)

    def requests(self, app: ASGIApp, token: str) -> Subject:
        """The requests as a subject to be measured.

        Raises:
            AssertionError: the answer is not 200.
        """
        headers = headers_with(token)

        return self.awaiting(lambda: request_with(app, headers))

    def awaiting(self, function: Callable[[], Awaitable[object]]) -> Subject:
        """A coroutine function as a subject, awaited in one task as a request does."""

        async def batch(calls: int) -> int:
            for _ in repeat(None, _UNTIMED):
                await function()
            started = perf_counter_ns()
            for _ in repeat(None, calls):
                await function()
            return perf_counter_ns() - started

        return lambda calls: self.run(batch(calls))


async def request_with(app: ASGIApp, headers: list[tuple[bytes, bytes]]) -> None:
    """One request.

    Raises:
        AssertionError: the answer is not 200.
    """
    connection = _Connection(headers)
    await app(connection.scope, connection.receive, connection.send)
    assert connection.status == 200, f"{app} answers {connection.status}"


class _Connection:
    """One request as a server keeps it: the scope and the ``send`` belong to one object."""

    __slots__ = ("scope", "status")

    def __init__(self, headers: list[tuple[bytes, bytes]]) -> None:
        self.status = 0
        self.scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "server": ("127.0.0.1", 8000),
            "client": ("127.0.0.1", 50000),
            "scheme": "http",
            "method": "GET",
            "root_path": "",
            "path": PATH,
            "raw_path": b"/orders",
            "query_string": b"",
            "headers": headers,
            "state": {},
        }

    async def receive(self) -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]


def headers_with(token: str) -> list[tuple[bytes, bytes]]:
    """What a plain HTTP client sends."""
    return [
        (b"host", b"127.0.0.1:8000"),
        (b"user-agent", b"python-httpx/0.28.1"),
        (b"accept", b"*/*"),
        (b"authorization", f"Bearer {token}".encode()),
    ]
