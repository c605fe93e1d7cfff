"""Asks about one token by one bounded POST. Whatever goes wrong is one kind of error."""

from functools import partial
from typing import Final

import anyio
import anyio.to_thread

from bearerguard.bounded_http import Answer, AsyncTransport, BoundedHttp, ExchangeFailed
from bearerguard.client_authentication.method import Proof
from bearerguard.client_authentication.secret import Secret, presentable
from bearerguard.clock import PAST, Clock, instant
from bearerguard.errors import ConfigurationError
from bearerguard.introspection.answer import MAX_ANSWER, Described, EndpointFailed, read_answer
from bearerguard.introspection.introspection import Introspection
from bearerguard.keys.discovery import MAX_METADATA, read_introspection_endpoint
from bearerguard.keys.fetch import Fetcher, FetchFailed

_METADATA_KEPT: Final = 86_400.0


class Endpoint:
    """One introspection endpoint.

    Args:
        settings: Where it is, and how we prove ourselves.
        transport: Where ``settings`` name none.
        clock: For assertions and for the age of the metadata.
    """

    def __init__(self, settings: Introspection, transport: AsyncTransport | None, clock: Clock) -> None:
        used = settings.transport or transport
        self._settings = settings
        self._clock = clock
        self._http = BoundedHttp(used, timeout=settings.timeout)
        self._fetcher = Fetcher(used, timeout=settings.timeout) if settings.endpoint is None else None
        self._found = ""
        self._found_until = PAST

    async def ask(self, token: str) -> Described | None:
        """What the endpoint says of a token; ``None``: it is not active.

        Takes ``timeout`` at most, and as long again where the metadata has to be fetched first.

        Raises:
            EndpointFailed: there is no usable answer.
        """
        url = await self._url()
        try:
            with anyio.fail_after(self._settings.timeout):
                proof = await self._proof(url)
                answer = await self._exchange(url, token, proof)
        except TimeoutError:
            failure = EndpointFailed("timeout", f"no complete answer within {self._settings.timeout:g} s")
        else:
            return read_answer(answer)
        self._found_until = PAST
        raise failure

    async def _proof(self, url: str) -> Proof:
        """What may block does so in a thread that nobody else needs."""
        authentication = self._settings.authentication
        prove = partial(authentication.proof, endpoint=url, now=self._clock.now())
        try:
            if not authentication.may_block:
                return prove()
            return await anyio.to_thread.run_sync(prove, abandon_on_cancel=True, limiter=anyio.CapacityLimiter(1))
        except ConfigurationError as why:
            text = str(why)
        raise EndpointFailed("credentials", f"this API's own credential cannot be used: {text}")

    async def _exchange(self, url: str, token: str, proof: Proof) -> Answer:
        request = proof.post(url, [("token", token), ("token_type_hint", "access_token")])
        try:
            return await self._http.exchange(request, limit=MAX_ANSWER, body_of=(200,))
        except ExchangeFailed as why:
            code, told = why.code, presentable(str(why), (Secret(token), *proof.secrets))
        except Exception as error:  # noqa: BLE001  whatever a transport raises; it may quote the request
            code, told = "unexpected", type(error).__name__
        self._found_until = PAST
        raise EndpointFailed(code, told)

    async def _url(self) -> str:
        settings = self._settings
        if self._fetcher is None:
            return settings.endpoint or ""
        now = instant(self._clock)
        if not now.has_reached(self._found_until):
            return self._found
        try:
            document = await self._fetcher.get(str(settings.record.metadata_url), limit=MAX_METADATA)
            self._found = read_introspection_endpoint(settings.record, document.body or b"")
        except FetchFailed as why:
            raise EndpointFailed(why.code, str(why)) from None
        self._found_until = now.after(_METADATA_KEPT)
        return self._found
