"""An issuer's bad days, on demand."""

import time

import httpx
import pytest

from bearerguard.testing import FakeClock, LocalIssuer
from bearerguard.testing.faults import BREAKAGES, Breakage, Endpoint
from support.plain_jwt import READER, ask, get, http

pytestmark = pytest.mark.anyio


async def test_down_means_503_everywhere() -> None:
    issuer = LocalIssuer()

    issuer.go_down()

    answers = [await get(issuer, issuer.metadata_url), await get(issuer, issuer.jwks_uri), await ask(issuer)]
    assert [answer.status_code for answer in answers] == [503, 503, 503]


async def test_one_endpoint_may_be_down_alone() -> None:
    issuer = LocalIssuer()

    issuer.go_down("jwks")

    answers = [await get(issuer, issuer.metadata_url), await get(issuer, issuer.jwks_uri), await ask(issuer)]
    assert [answer.status_code for answer in answers] == [200, 503, 200]


async def test_requests_are_counted_while_it_is_down() -> None:
    issuer = LocalIssuer()
    issuer.go_down()

    await get(issuer, issuer.jwks_uri)

    assert issuer.requests["jwks"] == 1


async def test_coming_back_ends_every_fault() -> None:
    issuer = LocalIssuer()
    issuer.go_down()
    issuer.slow(3_600)
    issuer.break_keys("html")
    issuer.break_answers("introspection", "html")

    issuer.come_back()

    assert (await get(issuer, issuer.jwks_uri)).json() == issuer.jwks()
    assert (await _introspected(issuer)).json()["active"] is True


async def test_a_slow_answer_takes_its_time() -> None:
    issuer = LocalIssuer()
    issuer.slow(0.05, "jwks")
    began = time.monotonic()

    await get(issuer, issuer.jwks_uri)

    assert time.monotonic() - began >= 0.05


@pytest.mark.parametrize("kind", BREAKAGES["jwks"])
async def test_broken_keys_are_answered_in_place_of_the_set(kind: Breakage) -> None:
    issuer = LocalIssuer()
    whole = await get(issuer, issuer.jwks_uri)

    issuer.break_keys(kind)

    broken = await get(issuer, issuer.jwks_uri)
    assert _seen(broken) != _seen(whole)


@pytest.mark.parametrize("kind", BREAKAGES["jwks"])
async def test_no_broken_key_set_shows_a_private_key_of_the_issuer(kind: Breakage) -> None:
    issuer = LocalIssuer()
    issuer.break_keys(kind)

    assert _private_members(await get(issuer, issuer.jwks_uri)) <= {"AQAB", "c2VjcmV0"}


def _seen(answer: httpx.Response) -> tuple[int, bytes, str | None]:
    return answer.status_code, answer.content, answer.headers.get("content-encoding")


def _private_members(answer: httpx.Response) -> set[str]:
    try:
        keys = answer.json()["keys"]
    except (ValueError, KeyError, TypeError):
        return set()
    return {jwk[name] for jwk in keys for name in ("d", "p", "q", "k") if name in jwk}


@pytest.mark.parametrize("kind", BREAKAGES["introspection"])
async def test_a_broken_introspection_is_answered_in_place_of_the_good_one(kind: Breakage) -> None:
    issuer = LocalIssuer(clock=FakeClock())
    token = issuer.mint(opaque=True)
    whole = await _introspected(issuer, token)

    issuer.break_answers("introspection", kind)

    assert _seen(await _introspected(issuer, token)) != _seen(whole)


@pytest.mark.parametrize("kind", ["active_text", "active_number", "no_active"])
async def test_a_broken_introspection_has_no_true_in_it(kind: Breakage) -> None:
    """RFC 7662 §2.2: ``active`` is a boolean."""
    issuer = LocalIssuer()
    issuer.break_answers("introspection", kind)

    assert (await _introspected(issuer)).json().get("active") is not True


@pytest.mark.parametrize("kind", BREAKAGES["revocation"])
async def test_a_broken_revocation_is_answered_in_place_of_the_good_one(kind: Breakage) -> None:
    issuer = LocalIssuer()
    whole = await _post(issuer, issuer.revocation_endpoint, "unknown")

    issuer.break_answers("revocation", kind)

    assert _seen(await _post(issuer, issuer.revocation_endpoint, "unknown")) != _seen(whole) or kind == "empty"


async def test_an_error_is_not_broken_further() -> None:
    issuer = LocalIssuer()
    issuer.break_answers("introspection", "html")

    async with http(issuer) as client:
        answer = await client.post(issuer.introspection_endpoint, data={"token": "x"})

    assert answer.json()["error"] == "invalid_client"


@pytest.mark.parametrize("endpoint", ["introspection", "revocation"])
async def test_both_endpoints_of_tokens_may_be_down_or_slow(endpoint: Endpoint) -> None:
    issuer = LocalIssuer()
    url = issuer.introspection_endpoint if endpoint == "introspection" else issuer.revocation_endpoint
    issuer.slow(0.05, endpoint)
    issuer.go_down(endpoint)
    began = time.monotonic()

    assert (await _post(issuer, url, "x")).status_code == 503
    assert time.monotonic() - began >= 0.05


async def _introspected(issuer: LocalIssuer, token: str | None = None) -> httpx.Response:
    return await _post(issuer, issuer.introspection_endpoint, token or issuer.mint(opaque=True))


async def _post(issuer: LocalIssuer, url: str, token: str) -> httpx.Response:
    async with http(issuer) as client:
        return await client.post(url, data={"token": token}, auth=READER)


@pytest.mark.parametrize(("endpoint", "kind"), [("jwks", "active_text"), ("introspection", "no_keys"), ("token", "html")])
async def test_a_fault_that_an_endpoint_cannot_have_is_named(endpoint: Endpoint, kind: Breakage) -> None:
    with pytest.raises(ValueError, match=f"for '{endpoint}', got '{kind}'"):
        LocalIssuer().break_answers(endpoint, kind)


async def test_an_unknown_kind_of_breakage_is_named() -> None:
    with pytest.raises(ValueError, match="expected one of html"):
        LocalIssuer().break_keys("pear")  # type: ignore[arg-type]


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_it_is_slow_on_either_event_loop() -> None:
    issuer = LocalIssuer()
    issuer.slow(0.001)

    assert (await get(issuer, issuer.jwks_uri)).status_code == 200
