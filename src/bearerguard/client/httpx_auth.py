"""Authorizes the requests of httpx and httpx2 clients."""

from collections.abc import AsyncGenerator, Generator
from typing import Any, Final

from bearerguard.client.api_refusal import read_refusal
from bearerguard.client.http_libraries import Auth
from bearerguard.client.origins import Origins
from bearerguard.client.replay import hold_body, hold_body_async
from bearerguard.client.schedule import HeldToken
from bearerguard.client.shared_token import SharedToken

_UNAUTHORIZED: Final = 401


class BearerAuth(Auth):
    """Puts the shared token on requests of ``Client`` and ``AsyncClient`` of httpx and httpx2.

    They run one flow per request and follow redirects inside of it, where they take
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

    def sync_auth_flow(self, request: Any) -> Generator[Any, Any, None]:
        """For a ``Client``."""
        self._origins.check(*_origin(request.url))
        # before the body is read: a generator is still whole when no token can be had
        held = self._tokens.get()
        replayable = hold_body(request, self._replay_limit)
        response = yield _authorized(request, held)
        if self._drop_refused(request, response, held) and replayable:
            yield _authorized(request, self._tokens.get())

    async def async_auth_flow(self, request: Any) -> AsyncGenerator[Any, Any]:
        """For an ``AsyncClient``."""
        self._origins.check(*_origin(request.url))
        held = await self._tokens.get_async()
        replayable = await hold_body_async(request, self._replay_limit)
        response = yield _authorized(request, held)
        if self._drop_refused(request, response, held) and replayable:
            yield _authorized(request, await self._tokens.get_async())

    def _drop_refused(self, request: Any, response: Any, held: HeldToken) -> bool:
        """Drop a token that the API refused; whether the request may be sent again with another."""
        if response.status_code != _UNAUTHORIZED:
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


def _origin(url: Any) -> tuple[str, str, int | None]:
    return url.scheme, url.raw_host.decode("ascii"), url.port


def _authorized(request: Any, held: HeldToken) -> Any:
    request.headers["Authorization"] = f"Bearer {held.access_token.reveal()}"
    return request
