"""The body of a request that may have to be sent twice, whichever library's client sends it."""

from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

from bearerguard.client.http_libraries import AsyncByteStream, SyncByteStream, library_of, of_any

_WHOLE: Final = of_any("ByteStream")
_SYNC: Final = of_any("SyncByteStream")
_ASYNC: Final = of_any("AsyncByteStream")


def hold_body(request: Any, limit: int) -> bool:
    """Whether the body can be sent twice.

    Of a stream at most ``limit`` octets and one chunk are read, and none is lost.
    """
    stream = request.stream
    if isinstance(stream, _WHOLE) or not isinstance(stream, _SYNC) or _is_longer(request, limit):
        return isinstance(stream, _WHOLE)
    head, rest = bytearray(), iter(stream)
    for chunk in rest:
        head += chunk
        if len(head) > limit:
            request.stream = _Begun(bytes(head), rest, library_of(request).StreamConsumed)
            return False
    request.stream = library_of(request).ByteStream(bytes(head))
    return True


async def hold_body_async(request: Any, limit: int) -> bool:
    """The same for an asynchronous client."""
    stream = request.stream
    if isinstance(stream, _WHOLE) or not isinstance(stream, _ASYNC) or _is_longer(request, limit):
        return isinstance(stream, _WHOLE)
    head, rest = bytearray(), aiter(stream)
    async for chunk in rest:
        head += chunk
        if len(head) > limit:
            request.stream = _BegunAsync(bytes(head), rest, library_of(request).StreamConsumed)
            return False
    request.stream = library_of(request).ByteStream(bytes(head))
    return True


def _is_longer(request: Any, limit: int) -> bool:
    length = request.headers.get("Content-Length", "0")
    return limit == 0 or not length.isdecimal() or int(length) > limit


class _Begun(SyncByteStream):
    """A stream whose beginning has been read. Like the libraries' own, it can be read once."""

    def __init__(self, head: bytes, rest: Iterator[bytes], consumed: type[Exception]) -> None:
        self._head = head
        self._rest: Iterator[bytes] | None = rest
        self._consumed = consumed

    def __iter__(self) -> Iterator[bytes]:
        rest, self._rest = self._rest, None
        if rest is None:
            raise self._consumed
        yield self._head
        yield from rest


class _BegunAsync(AsyncByteStream):
    """The same for an asynchronous one."""

    def __init__(self, head: bytes, rest: AsyncIterator[bytes], consumed: type[Exception]) -> None:
        self._head = head
        self._rest: AsyncIterator[bytes] | None = rest
        self._consumed = consumed

    async def __aiter__(self) -> AsyncIterator[bytes]:
        rest, self._rest = self._rest, None
        if rest is None:
            raise self._consumed
        yield self._head
        async for chunk in rest:
            yield chunk
