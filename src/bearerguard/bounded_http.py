"""One bounded HTTP exchange, for key fetch, token request and introspection.

Every exchange has a connection of its own, checks certificates, follows no redirect, unpacks
nothing, and is limited in size and time. It knows httpx below its client: there are no cookies, no
default headers, and nothing of the environment but ``SSL_CERT_FILE`` and ``SSL_CERT_DIR``, which
add certificate authorities as everywhere in httpx. To go through a proxy, hand in
``httpx.AsyncHTTPTransport(proxy=…)``.
"""

import copy
import sys
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import anyio
import httpx

CONNECT_TIMEOUT: Final = 2.0
"""Seconds to connect, and to shake hands, at most; of a shorter exchange two fifths."""

if TYPE_CHECKING:
    import httpx2

    AsyncTransport: TypeAlias = httpx.AsyncBaseTransport | httpx2.AsyncBaseTransport
    Transport: TypeAlias = AsyncTransport | httpx.BaseTransport | httpx2.BaseTransport
else:
    AsyncTransport = httpx.AsyncBaseTransport
    Transport = AsyncTransport | httpx.BaseTransport

_HEADERS: Final = (("User-Agent", "bearerguard"), ("Accept-Encoding", "identity"))
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class ExchangeFailed(Exception):
    """No complete answer came, or it came in a form that is not read.

    Attributes:
        code: ``timeout``, ``unreachable``, ``too_large`` or ``compressed``.
    """

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent.

    Attributes:
        method: Of HTTP.
        url: Absolute URL, already checked.
        headers: Names and values, beside ``Host``, ``User-Agent``, ``Accept-Encoding`` and
            ``Content-Length``.
        body: Octets.
    """

    method: str
    url: str
    headers: Collection[tuple[str, str]] = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        status: HTTP status; a redirect is an answer like any other.
        headers: Names in lower case; several of one name are joined by commas.
        body: As many octets as allowed, not compressed; empty where the body was not wanted.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def is_redirect(self) -> bool:
        """Whether it points elsewhere."""
        return self.status in _REDIRECTS and "location" in self.headers


class BoundedHttp:
    """Sends requests, each within the same bounds.

    Args:
        transport: A transport of httpx or httpx2 to use instead of httpx's own, asynchronous or
            not. It stays the caller's, who closes it. Of ``HTTPTransport`` and
            ``AsyncHTTPTransport`` only the settings are used: connections that it keeps may belong
            to another event loop, or to the process this one was forked from.
        timeout: Seconds for one whole exchange. A synchronous transport has to keep it by itself.
    """

    def __init__(self, transport: Transport | None = None, *, timeout: float) -> None:
        _import_ahead(transport)
        self._transport = transport
        self._timeout = timeout
        connect = min(CONNECT_TIMEOUT, timeout * 0.4)
        self._limits = {"connect": connect, "read": timeout, "write": timeout, "pool": timeout}
        # reading the certificate authorities takes 20 ms: not in a request, on its event loop
        self._verify = httpx.create_ssl_context() if transport is None else None

    async def exchange(self, request: Request, *, limit: int, body_of: Collection[int] | None = None) -> Answer:
        """Send ``request`` and read the answer.

        Args:
            request: To send.
            limit: Octets the body may have.
            body_of: Statuses whose body is read; ``None``: all.

        Raises:
            ExchangeFailed: no such answer came. Its text may quote the request.
        """
        libraries = _loaded_libraries()
        slow = tuple(library.TimeoutException for library in libraries)
        broken = tuple(kind for library in libraries for kind in (library.HTTPError, library.InvalidURL, library.StreamError))
        try:
            with anyio.fail_after(self._timeout):
                return await self._exchange(request, limit, body_of)
        except (TimeoutError, *slow):
            raise ExchangeFailed("timeout", f"no complete answer within {self._timeout:g} s") from None
        except (OSError, ValueError, *broken) as error:
            raise ExchangeFailed("unreachable", f"{type(error).__name__}: {error}") from None

    async def _exchange(self, request: Request, limit: int, body_of: Collection[int] | None) -> Answer:
        sent = _library_of(self._transport).Request(
            request.method,
            request.url,
            headers=[*_HEADERS, *request.headers],
            content=request.body,
            extensions={"timeout": self._limits},
        )
        async with self._answered(sent) as (response, chunks):
            body = b""
            if body_of is None or response.status_code in body_of:
                if response.headers.get("content-encoding", "identity").lower() != "identity":
                    raise ExchangeFailed("compressed", "the body is compressed although identity was asked for")
                # a transport may hand over a response that it has read already
                body = _within(response.content, limit) if response.is_stream_consumed else await _read(chunks, limit)
            return Answer(response.status_code, dict(response.headers.items()), body)

    @asynccontextmanager
    async def _answered(self, request: Any) -> AsyncIterator[tuple[Any, AsyncIterator[bytes]]]:
        """The response and its raw body, of whichever transport there is."""
        own = _with_its_own_connections(self._transport)
        if self._transport is None:
            own = httpx.AsyncHTTPTransport(verify=self._verify or True, trust_env=False)
        transport: Any = own or self._transport
        is_async = hasattr(transport, "handle_async_request")
        try:
            # a synchronous transport blocks: token requests have an event loop of their own
            response = await transport.handle_async_request(request) if is_async else transport.handle_request(request)
            try:
                yield response, response.aiter_raw() if is_async else _one_by_one(response.iter_raw())
            finally:
                await response.aclose() if is_async else response.close()
        finally:
            if own is not None:
                await own.aclose() if is_async else own.close()


def _import_ahead(transport: Transport | None) -> None:
    """Import what the first exchange would import.

    It would stop an event loop for 100 ms and more, and a child forked meanwhile would have half a
    module. httpx imports its connections on first use, and with them trio and h2 where these are
    installed; anyio imports what serves an event loop.
    """
    on_trio = ["anyio._backends._trio"] if "trio" in sys.modules else []
    connections = ["httpcore"] if transport is None else []
    for name in ["anyio._backends._asyncio", "encodings.idna", *on_trio, *connections]:
        with suppress(ImportError):  # under another name in another release: later, then
            import_module(name)


def _loaded_libraries() -> list[Any]:
    """httpx, and httpx2 if the program has loaded it: else it has no transport of httpx2."""
    httpx2 = sys.modules.get("httpx2")
    return [httpx] if httpx2 is None else [httpx2, httpx]


def _library_of(transport: Transport | None) -> Any:
    """The library whose requests a transport takes."""
    kinds = ((library, (library.AsyncBaseTransport, library.BaseTransport)) for library in _loaded_libraries())
    return next((library for library, kind in kinds if isinstance(transport, kind)), httpx)


def _with_its_own_connections(transport: Transport | None) -> Any:
    """A copy of a transport of httpx that shares its settings and none of its connections.

    Over HTTP/2 a connection is kept whatever the request says, and the next exchange may run on
    another event loop or in a forked child, where it is dead or still the parent's. ``None`` for
    transports that keep no such pool.
    """
    pool = getattr(transport, "_pool", None)
    if not isinstance(getattr(pool, "_connections", None), list):
        return None
    own: Any = copy.copy(transport)
    own._pool = copy.copy(pool)
    own._pool._connections, own._pool._requests = [], []
    return own


async def _one_by_one(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def _read(chunks: AsyncIterator[bytes], limit: int) -> bytes:
    parts: list[bytes] = []
    room = limit
    async for chunk in chunks:
        parts.append(_within(chunk, room))
        room -= len(chunk)
    return b"".join(parts)


def _within(body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise ExchangeFailed("too_large", f"the body is larger than {limit} octets")
    return body
