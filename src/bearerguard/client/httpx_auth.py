"""The only file of this room that knows httpx: authorizing the requests of its clients.

Another HTTP library needs a class of its own like the one here; everything that decides is
elsewhere.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator

import httpx

from bearerguard.client.api_refusal import read_refusal
from bearerguard.client.origins import Origins
from bearerguard.client.schedule import HeldToken
from bearerguard.client.shared_token import SharedToken


class BearerAuth(httpx.Auth):
    """Puts the shared token on requests of ``httpx.Client`` and ``httpx.AsyncClient``.

    httpx runs one flow per request and follows redirects inside of it, where it takes
    ``Authorization`` off as soon as the origin changes; the token is never put back on.

    Args:
        tokens: Where tokens come from.
        origins: Where they may go.
        replay_limit: Octets of a streamed body (generator, file, multipart form) that are read into
            memory before it is sent, so that it can be sent twice. A longer one goes out as it
            comes, and its request is not repeated.
    """

    def __init__(self, tokens: SharedToken, origins: Origins, *, replay_limit: int) -> None:
        self._tokens = tokens
        self._origins = origins
        self._replay_limit = replay_limit

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """For ``httpx.Client``."""
        self._origins.check(*_origin(request.url))
        # before the body is read: a generator is still whole when no token can be had
        held = self._tokens.get()
        replayable = _hold_body(request, self._replay_limit)
        response = yield _authorized(request, held)
        if self._drop_refused(request, response, held) and replayable:
            yield _authorized(request, self._tokens.get())

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """For ``httpx.AsyncClient``."""
        self._origins.check(*_origin(request.url))
        held = await self._tokens.get_async()
        replayable = await _hold_body_async(request, self._replay_limit)
        response = yield _authorized(request, held)
        if self._drop_refused(request, response, held) and replayable:
            yield _authorized(request, await self._tokens.get_async())

    def _drop_refused(self, request: httpx.Request, response: httpx.Response, held: HeldToken) -> bool:
        """Drop a token that the API refused; whether the request may be sent again with another."""
        if response.status_code != httpx.codes.UNAUTHORIZED:
            return False
        if response.history:  # another request was answered than the one that was sent
            last = response.request
            if "Authorization" not in last.headers or not self._origins.allows(*_origin(last.url)):
                return False
        refusal = read_refusal(response.headers.get_list("WWW-Authenticate"))
        if refusal is None or not self._tokens.refused(held.flight, refusal.claims):
            return False
        # a redirect that made a GET of a POST came after the POST: it must not be done twice
        return not response.history or response.request.method == request.method


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.raw_host.decode("ascii"), url.port


def _authorized(request: httpx.Request, held: HeldToken) -> httpx.Request:
    request.headers["Authorization"] = f"Bearer {held.access_token.reveal()}"
    return request


def _hold_body(request: httpx.Request, limit: int) -> bool:
    """Whether the body can be sent twice.

    Of a stream at most ``limit`` octets and one chunk are read, and none is lost.
    """
    stream = request.stream
    if isinstance(stream, httpx.ByteStream) or not isinstance(stream, httpx.SyncByteStream) or _is_longer(request, limit):
        return isinstance(stream, httpx.ByteStream)
    head, rest = bytearray(), iter(stream)
    for chunk in rest:
        head += chunk
        if len(head) > limit:
            request.stream = _Begun(bytes(head), rest)
            return False
    request.stream = httpx.ByteStream(bytes(head))
    return True


async def _hold_body_async(request: httpx.Request, limit: int) -> bool:
    """The same for an asynchronous client."""
    stream = request.stream
    if isinstance(stream, httpx.ByteStream) or not isinstance(stream, httpx.AsyncByteStream) or _is_longer(request, limit):
        return isinstance(stream, httpx.ByteStream)
    head, rest = bytearray(), aiter(stream)
    async for chunk in rest:
        head += chunk
        if len(head) > limit:
            request.stream = _BegunAsync(bytes(head), rest)
            return False
    request.stream = httpx.ByteStream(bytes(head))
    return True


def _is_longer(request: httpx.Request, limit: int) -> bool:
    length = request.headers.get("Content-Length", "0")
    return limit == 0 or not length.isdecimal() or int(length) > limit


class _Begun(httpx.SyncByteStream):
    """A stream whose beginning was read already; as httpx's own streams, it is read once."""

    def __init__(self, head: bytes, rest: Iterator[bytes]) -> None:
        self._head = head
        self._rest: Iterator[bytes] | None = rest

    def __iter__(self) -> Iterator[bytes]:
        rest, self._rest = self._rest, None
        if rest is None:
            raise httpx.StreamConsumed
        yield self._head
        yield from rest


class _BegunAsync(httpx.AsyncByteStream):
    """The same for an asynchronous one."""

    def __init__(self, head: bytes, rest: AsyncIterator[bytes]) -> None:
        self._head = head
        self._rest: AsyncIterator[bytes] | None = rest

    async def __aiter__(self) -> AsyncIterator[bytes]:
        rest, self._rest = self._rest, None
        if rest is None:
            raise httpx.StreamConsumed
        yield self._head
        async for chunk in rest:
            yield chunk
