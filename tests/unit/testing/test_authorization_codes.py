"""Authorization codes at the token endpoint: RFC 6749 §4.1.3, RFC 7636 §4.6, RFC 9700 §4.5, §4.8."""

import hashlib
from collections.abc import Mapping
from typing import Any

import httpx
import jwt
import pytest

from bearerguard.testing import FakeClock, LocalClient, LocalIssuer
from bearerguard.testing.authorization_codes import challenge_of
from bearerguard.testing.signing_key import base64url
from support.sign_in import REDEMPTION, VERIFIER, Browser

pytestmark = pytest.mark.anyio


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def browser(clock: FakeClock) -> Browser:
    return Browser(LocalIssuer(clock=clock))


def _told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


def test_the_challenge_is_that_of_the_rfc() -> None:
    """RFC 7636 appendix B."""
    assert challenge_of(VERIFIER) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


async def test_a_code_is_good_once(browser: Browser) -> None:
    code = (await browser.sign_in("alice"))["code"]
    await browser.redeem(code)

    assert _told(await browser.redeem(code)) == (400, "invalid_grant")


async def test_a_code_that_is_used_twice_ends_the_token_it_got(browser: Browser) -> None:
    """RFC 6749 §4.1.2: whoever came first may have been the thief."""
    code = (await browser.sign_in("alice"))["code"]
    token = (await browser.redeem(code)).json()["access_token"]
    issuer = browser.issuer

    async def is_active() -> Any:
        answer = await browser.http.post(issuer.introspection_endpoint, data={"token": token}, auth=("reader", "reader-secret"))
        return answer.json()["active"]

    before = await is_active()
    await browser.redeem(code)

    assert (before, await is_active()) == (True, False)


async def test_a_code_is_too_old_after_a_minute(browser: Browser, clock: FakeClock) -> None:
    young, old = (await browser.sign_in("alice"))["code"], (await browser.sign_in("alice"))["code"]
    clock.advance(59)
    assert (await browser.redeem(young)).status_code == 200

    clock.advance(1)

    assert _told(await browser.redeem(old)) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code": "guessed"}, "invalid_grant"),
        ({"code": None}, "invalid_request"),
        ({"code_verifier": None}, "invalid_request"),
        ({"code_verifier": "x" * 43}, "invalid_grant"),
        ({"code_verifier": challenge_of(VERIFIER)}, "invalid_grant"),
        ({"code_verifier": "é" * 43}, "invalid_grant"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"redirect_uri": "http://127.0.0.1:8000/other"}, "invalid_grant"),
        ({"client_id": "stranger"}, "invalid_client"),
        ({"client_id": None}, "invalid_client"),
        ({"client_id": "reader"}, "invalid_client"),
        ({"client_id": "reader", "client_secret": "reader-secret"}, "invalid_grant"),
        ({"client_secret": "invented"}, "invalid_client"),
    ],
    ids=str,
)
async def test_what_does_not_fit_gets_no_token(browser: Browser, changes: Mapping[str, str | None], error: str) -> None:
    code = (await browser.sign_in("alice"))["code"]

    assert _told(await browser.redeem(**{"code": code, **changes}))[1] == error  # type: ignore[arg-type]


async def test_a_failed_attempt_uses_the_code_up(browser: Browser) -> None:
    """Nobody may guess the verifier."""
    code = (await browser.sign_in("alice"))["code"]
    await browser.redeem(code, code_verifier="x" * 43)

    assert _told(await browser.redeem(code)) == (400, "invalid_grant")


async def test_a_short_verifier_is_refused_even_where_its_hash_fits(browser: Browser) -> None:
    """RFC 7636 §4.1: 43 characters at least."""
    code = (await browser.sign_in("alice", code_challenge=challenge_of("short")))["code"]

    assert _told(await browser.redeem(code, code_verifier="short")) == (400, "invalid_grant")


async def test_a_client_with_a_secret_has_to_show_it_for_a_code_too() -> None:
    browser = Browser(LocalIssuer())
    code = (await browser.sign_in("bob", client_id="writer"))["code"]

    form = {**REDEMPTION, "code": code, "client_id": "writer"}
    without = await browser.http.post(browser.issuer.token_endpoint, data=form)
    shown = await browser.http.post(browser.issuer.token_endpoint, data=form, auth=("writer", "writer-secret"))

    assert (_told(without), shown.status_code) == ((401, "invalid_client"), 200)


async def test_a_public_client_gets_no_token_of_its_own(browser: Browser) -> None:
    """RFC 6749 §4.4: the grant is for confidential clients alone."""
    answer = await browser.http.post(
        browser.issuer.token_endpoint, data={"grant_type": "client_credentials", "client_id": "browser"}
    )

    assert _told(answer) == (401, "invalid_client")


async def test_openid_gets_an_id_token_for_this_application_and_this_request(browser: Browser) -> None:
    """OpenID Connect Core 1.0 §3.1.3.3, §3.1.3.6."""
    code = (await browser.sign_in("alice", scope="openid orders.read", nonce="n-0S6_WzA2Mj"))["code"]

    answer = (await browser.redeem(code)).json()

    claims = jwt.decode(answer["id_token"], options={"verify_signature": False})
    assert (claims["aud"], claims["sub"], claims["nonce"]) == ("browser", "alice", "n-0S6_WzA2Mj")
    assert claims["at_hash"] == base64url(hashlib.sha256(answer["access_token"].encode()).digest()[:16])
    assert "openid" not in answer["scope"]


async def test_without_openid_there_is_no_id_token(browser: Browser) -> None:
    assert "id_token" not in (await browser.redeem((await browser.sign_in("alice"))["code"])).json()


async def test_a_client_may_get_opaque_tokens_for_people(clock: FakeClock) -> None:
    browser = Browser(LocalIssuer(clients=[LocalClient("browser", opaque_tokens=True)], clock=clock))

    token = (await browser.redeem((await browser.sign_in("alice"))["code"])).json()["access_token"]

    assert "." not in token


async def test_no_cache_keeps_code_or_token(browser: Browser) -> None:
    response = await browser.choose(await browser.open(), user="alice")
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["referrer-policy"] == "no-referrer"
