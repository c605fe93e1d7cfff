"""Judging where keys have to be fetched: when that happens, and when it does not."""

import logging
from typing import Any, Final

import anyio
import httpx
import pytest

from bearerguard import ResourceServer
from bearerguard.errors import IssuerUnavailable
from bearerguard.issuers.issuer import Issuer
from bearerguard.testing import FakeClock, SigningKey
from support.published import Published, outcome
from support.sealed import ABSENT, AUDIENCE, EC, ISSUER, NOW, RSA, claims, issuer, refusal, seal, server

TOKEN: Final = seal()
both_loops = pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])


# --- no network but for keys

WRONG_CLAIMS: Final[tuple[dict[str, Any], ...]] = (
    {"iss": "https://evil.test/"},
    {"exp": 1},
    {"exp": "x"},
    {"nbf": NOW + 999},
    {"aud": "api://billing"},
    {"cnf": {}},
    {"nonce": "x"},
    {"sub": 1},
)


def test_nothing_is_fetched_when_a_server_is_built() -> None:
    published = Published()
    published.server().status()

    assert published.fetches == 0


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(b"x", id="opaque"),
        pytest.param(b"a.b.c", id="malformed"),
        *[pytest.param(seal(payload=claims(**change)), id=str(change)) for change in WRONG_CLAIMS],
        pytest.param(seal(alg="none"), id="alg none"),
        pytest.param(seal(typ="id_token"), id="typ"),
        pytest.param(seal(crit=["x"]), id="crit"),
        pytest.param(seal(jku="https://evil.test/keys", payload=claims(exp=1)), id="jku"),
    ],
)
@pytest.mark.anyio
async def test_a_token_that_is_refused_anyway_causes_no_fetch(token: bytes) -> None:
    """Unverified values are judged first, only to refuse: made-up tokens cause no traffic."""
    published = Published()

    assert await outcome(published.server(), token) not in {"accepted", "issuer_unavailable"}
    assert published.fetches == 0


@pytest.mark.anyio
async def test_key_locations_in_a_header_are_never_fetched() -> None:
    """RFC 8725 §3.10: `jku` and `x5u` are a caller's words. One fetch, of the configured key set."""
    published = Published()
    token = seal(jku="https://evil.test/keys", x5u="https://evil.test/x", jwk=RSA.public_jwk())

    assert await outcome(published.server(), token) == "accepted"
    assert published.fetches == 1


# --- keys


@both_loops
@pytest.mark.anyio
async def test_the_first_token_waits_for_one_fetch(anyio_backend: str) -> None:
    """It is the only await that may touch the network."""
    published = Published()
    api = published.server()

    principal = await api.authenticate(TOKEN)
    published.clock.advance(20)

    assert published.fetches == 1
    assert principal.key_age == 20


@both_loops
@pytest.mark.anyio
async def test_the_first_token_after_a_rotation_is_accepted(anyio_backend: str) -> None:
    """An unknown kid is worth a fetch at once."""
    published = Published()
    api = published.server()
    await api.authenticate(TOKEN)
    new = SigningKey("ES256", kid="new")
    published.keys["issuer.test"].append(new)

    assert await outcome(api, seal(key=new)) == "accepted"
    assert published.fetches == 2


@pytest.mark.anyio
async def test_a_kidless_token_may_be_of_a_newer_key() -> None:
    """Without a name only the signature tells that the key is not there yet."""
    published = Published()
    published.keys["issuer.test"] = [SigningKey("ES256", kid="old")]
    api = published.server()
    assert await outcome(api, seal(key=published.keys["issuer.test"][0], kid=ABSENT)) == "accepted"
    published.keys["issuer.test"] = [EC]

    assert await outcome(api, seal(kid=ABSENT)) == "accepted"
    assert published.fetches == 2


@pytest.mark.anyio
async def test_a_set_fetched_for_this_very_token_is_not_asked_for_again() -> None:
    """An unknown kid on a cold start costs one fetch."""
    published = Published()

    assert await outcome(published.server(), seal(kid="unknown")) == "unknown_key"
    assert published.fetches == 1


@both_loops
@pytest.mark.parametrize("published_first", [True, False], ids=["known issuer", "cold start"])
@pytest.mark.anyio
async def test_a_burst_of_tokens_with_one_unknown_kid_costs_one_fetch(published_first: bool, anyio_backend: str) -> None:
    """A forger's burst at a cold start must not make the API ask its issuer twice."""
    published = Published()
    api = published.server()
    if published_first:
        await api.authenticate(TOKEN)
    before, codes = published.fetches, list[str]()
    forged = seal(kid="unknown")

    async def request() -> None:
        codes.append(await outcome(api, forged))

    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(request)

    assert codes == ["unknown_key"] * 50
    assert published.fetches - before == 1


@pytest.mark.anyio
async def test_a_bad_signature_under_a_known_kid_causes_no_fetch() -> None:
    """A forger who knows a kid must not make the API ask its issuer."""
    published = Published()
    api = published.server()
    await api.authenticate(TOKEN)

    assert await outcome(api, seal(key=SigningKey("ES256", kid="ec"))) == "invalid_signature"
    assert published.fetches == 1


@pytest.mark.anyio
async def test_a_token_that_expires_while_its_keys_are_fetched_is_refused() -> None:
    """A fetch may take 5 s: the time is that of the answer, not of the question."""
    clock = FakeClock(NOW)

    def slowly(_: httpx.Request) -> httpx.Response:
        clock.advance(5)
        return httpx.Response(200, json={"keys": [EC.public_jwk()]})

    api = ResourceServer(Issuer(ISSUER, jwks_uri=f"{ISSUER}keys"), AUDIENCE, transport=httpx.MockTransport(slowly), clock=clock)

    assert await outcome(api, seal(payload=claims(exp=NOW - 57))) == "token_expired"
    assert await outcome(api, seal(payload=claims(exp=NOW - 50))) == "accepted"


@both_loops
@pytest.mark.anyio
async def test_without_any_key_the_issuer_is_unavailable(anyio_backend: str) -> None:
    """503 and Retry-After, whatever the caller sent: the token may be good."""
    published = Published()
    published.is_down = True
    with pytest.raises(IssuerUnavailable) as caught:
        await published.server().authenticate(TOKEN)

    assert caught.value.issuer == ISSUER
    assert caught.value.retry_after >= 1


@pytest.mark.anyio
async def test_one_issuer_that_is_down_does_not_harm_another() -> None:
    """Issuer, keys and audience are one record."""
    published = Published()
    down = Issuer("https://down.test/", jwks={"keys": [RSA.public_jwk()]})
    api = published.server(published.issuer(), down)
    published.is_down = True

    assert await outcome(api, TOKEN) == "issuer_unavailable"
    assert await outcome(api, seal(payload=claims(iss="https://down.test/"), key=RSA)) == "accepted"


def test_the_operator_reads_which_keys_there_are() -> None:
    """Names of keys, cut: a set may have a hundred."""
    keys = [SigningKey("ES256", kid=f"a-rather-long-name-of-a-key-{number}") for number in range(100)]
    error = refusal(server(issuer(keys=keys)), seal(kid="x"))

    assert "a-rather-long-name-of-a-key-0" in error.operator_text
    assert len(error.operator_text) < 400


# --- around it


@both_loops
@pytest.mark.anyio
async def test_warming_up_fetches_the_keys_of_all_issuers_once(anyio_backend: str) -> None:
    published = Published()
    published.keys["other.test"] = [RSA]
    api = published.server(published.issuer(), published.issuer("https://other.test/"))

    await api.warm_up()
    await api.warm_up()

    assert published.fetches == 2
    assert [status.ready for status in api.status()] == [True, True]
    assert await outcome(api, TOKEN) == "accepted"
    assert published.fetches == 2


@pytest.mark.anyio
async def test_warming_up_never_raises(caplog: pytest.LogCaptureFixture) -> None:
    """An issuer that is down at the start is asked again by requests; the operator is told."""
    published = Published()
    published.is_down = True
    api = published.server()

    with caplog.at_level(logging.WARNING, logger="bearerguard"):
        await api.warm_up()

    assert not api.status()[0].ready
    assert any("starting without keys" in record.getMessage() for record in caplog.records)


def test_the_status_of_each_issuer_comes_in_their_order() -> None:
    """For a readiness probe."""
    published = Published()
    api = published.server(published.issuer(), issuer("https://static.test/"))

    first, second = api.status()

    assert (first.issuer, first.ready, first.keys, first.age) == (ISSUER, False, (), None)
    assert (second.issuer, second.ready, second.keys) == ("https://static.test/", True, ("rsa", "ec", "edwards"))


@both_loops
@pytest.mark.anyio
async def test_closing_ends_a_fetch_and_leaves_the_server_usable(anyio_backend: str) -> None:
    """No task outlives the application."""
    begun, answer = anyio.Event(), anyio.Event()
    codes: list[str] = []

    async def hang(_: httpx.Request) -> httpx.Response:
        begun.set()
        await answer.wait()
        return httpx.Response(200, json={"keys": [EC.public_jwk()]})

    clock = FakeClock(NOW)
    api = ResourceServer(Issuer(ISSUER, jwks_uri=f"{ISSUER}keys"), AUDIENCE, transport=httpx.MockTransport(hang), clock=clock)

    async def call() -> None:
        codes.append(await outcome(api, TOKEN))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call)
        await begun.wait()
        await api.aclose()
    answer.set()
    clock.advance(60)

    assert codes == ["issuer_unavailable"]
    assert await outcome(api, TOKEN) == "accepted"
