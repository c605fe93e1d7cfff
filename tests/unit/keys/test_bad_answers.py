"""Whatever an issuer sends: the last good set stays in use to its limit, and where there is none, 503."""

import socket
import ssl
from collections.abc import Callable
from functools import partial

import anyio
import httpx
import pytest

from bearerguard import ResourceServer
from bearerguard.keys.fetch import Fetcher, FetchFailed
from bearerguard.keys.key_set_fetch import KeySetFetch
from bearerguard.testing import FakeClock, LocalIssuer
from support.bad_answers import BAD_ANSWERS, BadAnswer
from support.outages import AUDIENCE, cold_outage, outage_with_keys, trusted
from support.watch import Watch

pytestmark = pytest.mark.anyio

ISSUER = LocalIssuer("https://issuer.test", algorithm="EdDSA", clock=FakeClock())
JWKS_URI = "https://issuer.test/jwks"
Handler = Callable[[httpx.Request], httpx.Response]

BROKEN_CONNECTIONS: dict[str, tuple[str, Exception]] = {
    "refused": ("unreachable", httpx.ConnectError("[Errno 111] Connection refused")),
    "no-address": ("unreachable", httpx.ConnectError("[Errno -2] Name or service not known")),
    "tls": ("unreachable", httpx.ConnectError("certificate verify failed")),
    "connect-timeout": ("timeout", httpx.ConnectTimeout("")),
    "read-timeout": ("timeout", httpx.ReadTimeout("")),
    "read-error": ("unreachable", httpx.ReadError("")),
    "closed": ("unreachable", httpx.RemoteProtocolError("Server disconnected without sending a response.")),
    "not-http": ("unreachable", httpx.RemoteProtocolError("illegal status line")),
    "too-large-a-header": ("unreachable", httpx.LocalProtocolError("")),
    "proxy": ("unreachable", httpx.ProxyError("407 Proxy Authentication Required")),
    "unsupported-protocol": ("unreachable", httpx.UnsupportedProtocol("")),
    "invalid-url": ("unreachable", httpx.InvalidURL("")),
    "stream-consumed": ("unreachable", httpx.StreamConsumed()),
    "bare-oserror": ("unreachable", OSError(113, "No route to host")),
    "bare-gaierror": ("unreachable", socket.gaierror(-3, "Temporary failure in name resolution")),
    "bare-sslerror": ("unreachable", ssl.SSLError("handshake failure")),
    "bare-timeout": ("timeout", TimeoutError()),
    "unicode": ("unreachable", UnicodeError("label too long")),
}


def answering(answer: BadAnswer) -> Handler:
    return lambda _request: answer.response()


def raising(error: Exception) -> Handler:
    def handler(_request: httpx.Request) -> httpx.Response:
        raise error

    return handler


ALL = {
    **{answer.name: (answer.code, answering(answer)) for answer in BAD_ANSWERS},
    **{name: (code, raising(error)) for name, (code, error) in BROKEN_CONNECTIONS.items()},
}
every_bad_answer = pytest.mark.parametrize(("code", "handler"), ALL.values(), ids=ALL)


class Switch:
    """A transport's handler that changes its mind."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler

    def __call__(self, request: httpx.Request) -> httpx.Response:
        return self.handler(request)

    def to(self, handler: Handler) -> None:
        self.handler = handler


def good(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json=ISSUER.jwks())


def api(transport: httpx.AsyncBaseTransport, watch: Watch, clock: FakeClock) -> ResourceServer:
    return ResourceServer(
        trusted(ISSUER, JWKS_URI), AUDIENCE, transport=transport, clock=clock, on_event=watch, token_cache_size=10
    )


@every_bad_answer
async def test_the_fetch_fails_with_a_code_of_its_own(code: str, handler: Handler) -> None:
    fetcher = Fetcher(httpx.MockTransport(handler))
    with pytest.raises(FetchFailed) as caught:
        await KeySetFetch(trusted(ISSUER, JWKS_URI), fetcher, FakeClock())(None)
    assert caught.value.code == code


@every_bad_answer
async def test_the_last_good_set_stays_in_use_to_its_limit(code: str, handler: Handler) -> None:
    issuer = Switch(good)
    make = partial(api, httpx.MockTransport(issuer))
    await outage_with_keys(make, ISSUER, partial(issuer.to, handler), partial(issuer.to, good))


@every_bad_answer
async def test_without_keys_it_is_503_until_the_issuer_heals(code: str, handler: Handler) -> None:
    issuer = Switch(handler)
    await cold_outage(partial(api, httpx.MockTransport(issuer)), ISSUER, partial(issuer.to, good))


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_an_issuer_that_never_answers_is_a_timeout() -> None:
    async def hang(_request: httpx.Request) -> httpx.Response:
        await anyio.sleep_forever()
        raise AssertionError

    with pytest.raises(FetchFailed) as caught:
        await Fetcher(httpx.MockTransport(hang), timeout=0.01).get(JWKS_URI, limit=100)
    assert caught.value.code == "timeout"


async def test_a_transport_that_raises_what_nobody_expects_is_an_outage_too(caplog: pytest.LogCaptureFixture) -> None:
    issuer = Switch(raising(RuntimeError("a defect of a transport")))
    await cold_outage(partial(api, httpx.MockTransport(issuer)), ISSUER, partial(issuer.to, good))
    assert any(record.exc_info for record in caplog.records)
