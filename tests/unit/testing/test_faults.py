"""An issuer's bad days, on demand."""

import time

import httpx
import pytest

from bearerguard.testing import LocalIssuer
from bearerguard.testing.faults import BREAKAGES, Breakage
from support.plain_jwt import ask, get

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

    issuer.come_back()

    assert (await get(issuer, issuer.jwks_uri)).json() == issuer.jwks()


async def test_a_slow_answer_takes_its_time() -> None:
    issuer = LocalIssuer()
    issuer.slow(0.05, "jwks")
    began = time.monotonic()

    await get(issuer, issuer.jwks_uri)

    assert time.monotonic() - began >= 0.05


@pytest.mark.parametrize("kind", BREAKAGES)
async def test_broken_keys_are_answered_in_place_of_the_set(kind: Breakage) -> None:
    issuer = LocalIssuer()
    whole = await get(issuer, issuer.jwks_uri)

    issuer.break_keys(kind)

    broken = await get(issuer, issuer.jwks_uri)
    assert (broken.status_code, broken.content) != (whole.status_code, whole.content)


@pytest.mark.parametrize("kind", BREAKAGES)
async def test_no_broken_key_set_shows_a_private_key_of_the_issuer(kind: Breakage) -> None:
    issuer = LocalIssuer()
    issuer.break_keys(kind)

    assert _private_members(await get(issuer, issuer.jwks_uri)) <= {"AQAB", "c2VjcmV0"}


def _private_members(answer: httpx.Response) -> set[str]:
    try:
        keys = answer.json()["keys"]
    except (ValueError, KeyError, TypeError):
        return set()
    return {jwk[name] for jwk in keys for name in ("d", "p", "q", "k") if name in jwk}


async def test_an_unknown_kind_of_breakage_is_named() -> None:
    with pytest.raises(ValueError, match="expected one of html"):
        LocalIssuer().break_keys("pear")  # type: ignore[arg-type]


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_it_is_slow_on_either_event_loop() -> None:
    issuer = LocalIssuer()
    issuer.slow(0.001)

    assert (await get(issuer, issuer.jwks_uri)).status_code == 200
