"""One bounded GET: https, no redirect, limited in size and time, nothing compressed (R72, findings 10).

Every way it can go wrong is one exception, so that nothing an issuer sends can be an unexpected error.
"""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import anyio
import httpx

CONNECT_TIMEOUT: Final = 2.0
TOTAL_TIMEOUT: Final = 5.0
_MAX_AGE: Final = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?([0-9]{1,9})")
_AGE: Final = re.compile(r"[0-9]{1,9}")
_SENDABLE: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,1022}[\x21-\x7e])?")
_NOT_KEPT: Final = re.compile(r"(?:^|[,\s])no-(?:store|cache)(?:$|[,\s=])")


class FetchFailed(Exception):
    """The document could not be had.

    Attributes:
        code: ``timeout``, ``unreachable``, ``redirect``, ``status``, ``too_large``, ``compressed`` or ``invalid``.
    """

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Document:
    """What a GET brought.

    Attributes:
        body: The octets; ``None`` when the server said that nothing changed (304).
        validators: Request headers for the next conditional GET.
        lifetime: Seconds it may be used for, as the server says; ``None`` where it says nothing.
    """

    body: bytes | None
    validators: Mapping[str, str]
    lifetime: float | None


class _Borrowed(httpx.AsyncBaseTransport):
    """A transport of the user's: used, never closed."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._transport.handle_async_request(request)


class Fetcher:
    """Fetches documents, each over a connection of its own: key sets are asked for a few times an hour.

    Proxies and cookies of the environment are not used; hand in ``httpx.AsyncHTTPTransport(proxy=…)`` to go through one.
    ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` add certificate authorities, as everywhere in httpx.

    Args:
        transport: A transport to use instead of httpx's own. It stays the caller's, who closes it.
        timeout: Seconds for one whole GET; connecting, and shaking hands, may each take two fifths of it.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport | None = None, *, timeout: float = TOTAL_TIMEOUT) -> None:
        self._transport = None if transport is None else _Borrowed(transport)
        self._timeout = timeout
        self._connect_timeout = timeout * CONNECT_TIMEOUT / TOTAL_TIMEOUT
        # reading the certificate authorities takes 20 ms: here, where no event loop runs yet, not in a request
        self._verify: ssl.SSLContext | bool = httpx.create_ssl_context() if transport is None else True

    async def get(self, url: str, *, limit: int, validators: Mapping[str, str] | None = None) -> Document:
        """Fetch ``url``.

        Args:
            url: Absolute URL, already checked.
            limit: Octets the body may have.
            validators: Of an earlier document; then 304 is an answer.

        Raises:
            FetchFailed: whatever else happened than 200, or 304 to a conditional request.
        """
        try:
            with anyio.fail_after(self._timeout):
                return await self._get(url, limit, validators or {})
        except (TimeoutError, httpx.TimeoutException):
            raise FetchFailed("timeout", f"no complete answer within {self._timeout:g} s") from None
        except httpx.HTTPError as error:
            raise FetchFailed("unreachable", f"{type(error).__name__}: {error}") from None
        except (httpx.InvalidURL, httpx.StreamError, OSError, ValueError) as error:
            raise FetchFailed("unreachable", f"{type(error).__name__}: {error}") from None

    async def _get(self, url: str, limit: int, validators: Mapping[str, str]) -> Document:
        headers = {"accept": "application/json, application/jwk-set+json", "accept-encoding": "identity", **validators}
        async with (
            httpx.AsyncClient(
                transport=self._transport,
                verify=self._verify,
                trust_env=False,
                follow_redirects=False,
                timeout=httpx.Timeout(self._timeout, connect=self._connect_timeout),
            ) as client,
            client.stream("GET", url, headers=headers) as response,
        ):
            if response.status_code == httpx.codes.NOT_MODIFIED and validators:
                return Document(None, {**validators, **_validators(response)}, _lifetime(response))
            _check(response)
            return Document(await _read(response, limit), _validators(response), _lifetime(response))


def _check(response: httpx.Response) -> None:
    if response.has_redirect_location:
        raise FetchFailed("redirect", f"status {response.status_code}: redirects are not followed")
    if response.status_code != httpx.codes.OK:
        raise FetchFailed("status", f"status {response.status_code}")
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise FetchFailed("compressed", "the body is compressed although identity was asked for")


async def _read(response: httpx.Response, limit: int) -> bytes:
    if response.is_stream_consumed:  # a transport may hand over a response that it has read already
        return _within(response.content, limit)
    chunks: list[bytes] = []
    room = limit
    async for chunk in response.aiter_raw():
        chunks.append(_within(chunk, room))
        room -= len(chunk)
    return b"".join(chunks)


def _within(body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise FetchFailed("too_large", "the body is larger than allowed")
    return body


def _validators(response: httpx.Response) -> dict[str, str]:
    """What can be sent back: an ``ETag`` of odd octets would make every later request fail before it is sent."""
    found = {"if-none-match": response.headers.get("etag", "")}
    modified = response.headers.get("last-modified", "")
    if modified != response.headers.get("date"):  # else it may change again in that very second, unseen (RFC 9110 §8.8.2.2)
        found["if-modified-since"] = modified
    return {name: value for name, value in found.items() if _SENDABLE.fullmatch(value)}


def _lifetime(response: httpx.Response) -> float | None:
    directives = response.headers.get("cache-control", "").lower()
    if _NOT_KEPT.search(directives):
        return 0.0
    max_age = _MAX_AGE.search(directives)
    if max_age is None:
        return None
    age = _AGE.fullmatch(response.headers.get("age", ""))
    return float(max_age[1]) - (float(age[0]) if age else 0.0)
