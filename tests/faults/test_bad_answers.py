"""Whatever an issuer does on a real socket: the last good set stays in use to its limit, and where there is none, 503.

The table of answers is the one of ``tests/unit/keys/test_bad_answers.py``; what only a socket can do is added here.
"""

import json
import logging
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import httpx
import pytest

from bearerguard import Issuer, IssuerUnavailable, Principal, ResourceServer
from bearerguard.testing import FakeClock, LocalIssuer, SigningKey
from support.bad_answers import BAD_ANSWERS
from support.certificates import make_certificates
from support.outages import AUDIENCE, LONG, cold_outage, outage_with_keys, trusted
from support.patience import MOMENT, Patience
from support.raw_server import (
    Behaviour,
    RawServer,
    answering,
    closed_port,
    closing_at_once,
    endless,
    hanging,
    json_answer,
    over_tls,
    raw_server,
    resetting,
    trickling,
)
from support.unreachable import UNREACHABLE, Reachable
from support.watch import Watch

pytestmark = [pytest.mark.anyio, pytest.mark.socket]

ISSUER = LocalIssuer("http://127.0.0.1:9", algorithm="EdDSA", clock=FakeClock())
GOOD = json_answer(json.dumps(ISSUER.jwks()).encode())
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"

BEHAVIOURS: dict[str, Behaviour] = {
    **{answer.name: answering(answer.octets()) for answer in BAD_ANSWERS},
    "hang": hanging,
    "one-octet-each-200-ms": trickling(HEAD + b"\r\n" + json.dumps(ISSUER.jwks()).encode()),
    "body-one-octet-at-a-time": trickling(HEAD + b"content-length: 9999\r\n\r\n" + b" " * 9999, 0.01),
    "endless-body": endless(HEAD + b"\r\n", b" " * 65_536),
    "endless-chunks": endless(HEAD + b"transfer-encoding: chunked\r\n\r\n", b"1000\r\n" + b" " * 4096 + b"\r\n"),
    "endless-headers": endless(HEAD, b"x-more: " + b"x" * 4096 + b"\r\n"),
    "endless-status-line": endless(b"HTTP/1.1 200 ", b"OK" * 4096),
    "closed-at-once": closing_at_once,
    "reset": resetting,
    "body-cut-off": answering(HEAD + b'content-length: 9999\r\n\r\n{"keys": ['),
    "not-http": answering(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "http-0.9": answering(b'{"keys": []}'),
    "nonsense": answering(bytes(range(256)) * 10),
    "two-lengths": answering(HEAD + b"content-length: 2\r\ncontent-length: 3\r\n\r\n{}"),
    "no-length-at-all": answering(HEAD + b"content-length: many\r\n\r\n{}"),
    "bad-chunk": answering(HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n"),
    "only-100-continue": answering(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "switching-protocols": answering(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"),
    "null-in-a-header": answering(HEAD + b"x: a\x00b\r\ncontent-length: 2\r\n\r\n{}"),
}
WAITING = {"hang", "one-octet-each-200-ms", "body-one-octet-at-a-time"}
"""What ends with the time for the whole fetch; everything else ends earlier."""

every_behaviour = pytest.mark.parametrize("name", BEHAVIOURS)


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)


def api(issuer: Issuer, watch: Watch, clock: FakeClock, *, transport: httpx.AsyncBaseTransport | None = None) -> ResourceServer:
    return ResourceServer(issuer, AUDIENCE, clock=clock, on_event=watch, transport=transport)


def api_with(issuer: Reachable) -> Callable[[Watch, FakeClock], ResourceServer]:
    return partial(api, trusted(ISSUER, issuer.url), transport=issuer.transport)


@pytest.fixture
def issuer(name: str, request: pytest.FixtureRequest) -> Iterator[Reachable]:
    """An issuer that is well until it behaves as named."""
    with raw_server(GOOD) as server:
        found = Reachable(server.url, partial(server.behave, BEHAVIOURS[name]), partial(server.behave, GOOD))
        if name in WAITING:
            patience: Patience = request.getfixturevalue("patience")
            found = replace(found, lose=patience.losing(found.lose), regain=patience.regaining(found.regain))
        yield found


@every_behaviour
async def test_the_last_good_set_stays_in_use_to_its_limit(issuer: Reachable) -> None:
    await outage_with_keys(api_with(issuer), ISSUER, issuer.lose, issuer.regain)


@every_behaviour
async def test_without_keys_it_is_503_after_one_try_until_the_issuer_heals(issuer: Reachable) -> None:
    issuer.lose()
    await cold_outage(api_with(issuer), ISSUER, issuer.regain)


@pytest.mark.parametrize("name", ["hang", "one-octet-each-200-ms", "body-one-octet-at-a-time", "endless-headers"])
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_no_answer_takes_longer_than_the_whole_fetch_may(name: str, patience: Patience) -> None:
    patience.is_lost = True
    with raw_server(BEHAVIOURS[name]) as server:
        begun = time.monotonic()
        await without_keys(ResourceServer(trusted(ISSUER, server.url), AUDIENCE, clock=FakeClock()))
        assert time.monotonic() - begun < MOMENT + 5.0


async def without_keys(server: ResourceServer) -> None:
    with pytest.raises(IssuerUnavailable):
        await server.authenticate(ISSUER.mint(lifetime=LONG))


# --- an issuer that was reachable, and is again

every_loss = pytest.mark.parametrize("name", UNREACHABLE)
both = pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])


@pytest.fixture
def reachable(name: str, tmp_path: Path, patience: Patience) -> Iterator[Reachable]:
    """A fetch ends in good time though the handshake never comes, or the machine's resolver keeps silent."""
    with UNREACHABLE[name](GOOD, tmp_path) as found:
        yield replace(found, lose=patience.losing(found.lose), regain=patience.regaining(found.regain))


@both
@every_loss
async def test_the_last_good_set_stays_in_use_while_the_issuer_cannot_be_reached(reachable: Reachable) -> None:
    await outage_with_keys(api_with(reachable), ISSUER, reachable.lose, reachable.regain)


@both
@every_loss
async def test_without_keys_it_is_503_until_the_issuer_can_be_reached(reachable: Reachable) -> None:
    reachable.lose()
    await cold_outage(api_with(reachable), ISSUER, reachable.regain)


@every_loss
async def test_the_event_says_that_the_issuer_could_not_be_reached(name: str, reachable: Reachable) -> None:
    watch = Watch()
    reachable.lose()
    await api_with(reachable)(watch, FakeClock()).warm_up()
    (event,) = [event for event in watch.events if event.name != "insecure_option"]
    silent = {"no-handshake", "no-address"}  # a resolver may keep silent too
    assert event.code in ({"unreachable", "timeout"} if name in silent else {"unreachable"})


# --- before there is any connection


async def test_a_refused_connection_is_503() -> None:
    await without_keys(ResourceServer(trusted(ISSUER, f"http://127.0.0.1:{closed_port()}/jwks"), AUDIENCE, clock=FakeClock()))


async def test_a_host_without_an_address_is_503() -> None:
    """RFC 6761 §6.4: names under ``invalid`` never have one."""
    await without_keys(ResourceServer(Issuer(ISSUER.issuer, jwks_uri="https://issuer.invalid/jwks"), AUDIENCE, clock=FakeClock()))


@pytest.mark.parametrize("url", ["https://issuer..test/", f"https://{'x' * 64}.test/", "https://127.0.0.1:0/", "https://[::]:0/"])
async def test_an_address_that_cannot_be_is_503(url: str) -> None:
    await without_keys(ResourceServer(Issuer(ISSUER.issuer, jwks_uri=url), AUDIENCE, clock=FakeClock()))


# --- TLS


@pytest.fixture(scope="module")
def server_side(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A server whose certificate nobody here trusts."""
    certificates = make_certificates(tmp_path_factory.mktemp("certificates"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server, certificates.server_key)
    return context


async def test_a_certificate_that_nobody_vouches_for_is_503(server_side: ssl.SSLContext) -> None:
    with raw_server(over_tls(server_side, GOOD)) as server:
        await cold_tls(server)


@pytest.mark.parametrize(
    "speaking",
    [
        pytest.param(GOOD, id="http"),
        pytest.param(hanging, id="nothing"),
        pytest.param(closing_at_once, id="closed"),
        pytest.param(answering(b"\x15\x03\x03\x00\x02\x02\x28"), id="an-alert"),
    ],
)
async def test_a_server_that_speaks_no_tls_is_503(speaking: Behaviour, patience: Patience) -> None:
    patience.is_lost = True
    with raw_server(speaking) as server:
        await cold_tls(server)


async def cold_tls(server: RawServer) -> None:
    await without_keys(
        ResourceServer(Issuer(ISSUER.issuer, jwks_uri=server.url.replace("http", "https")), AUDIENCE, clock=FakeClock())
    )
    assert server.connections == 1


# --- what is odd, and no outage


async def test_a_set_with_duplicate_kids_serves_with_each_of_its_keys() -> None:
    """Two different keys under one kid and algorithm are both kept: a token is tried with each."""
    other = {**SigningKey("EdDSA").public_jwk(), "kid": ISSUER.signing_key.kid}
    for keys in ([other, *ISSUER.jwks()["keys"]], [*ISSUER.jwks()["keys"], other]):
        with raw_server(json_answer(json.dumps({"keys": keys}).encode())) as server:
            resource_server = api(trusted(ISSUER, server.url), Watch(), FakeClock())
            assert isinstance(await resource_server.authenticate(ISSUER.mint(lifetime=LONG)), Principal)


async def test_good_keys_among_bad_ones_serve() -> None:
    bad = [{"kty": "oct", "k": "c2VjcmV0"}, {**ISSUER.jwks()["keys"][0], "d": "AQAB"}, {"kty": "RSA", "alg": ["RS256"]}, None]
    with raw_server(json_answer(json.dumps({"keys": [*bad, *ISSUER.jwks()["keys"], *bad]}).encode())) as server:
        resource_server = api(trusted(ISSUER, server.url), Watch(), FakeClock())
        assert isinstance(await resource_server.authenticate(ISSUER.mint(lifetime=LONG)), Principal)
