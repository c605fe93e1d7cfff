"""``/explain`` of a local issuer: the explanation as a page, without scripts, and safe to show."""

from collections.abc import AsyncIterator

import httpx
import pytest

from bearerguard.testing import LocalIssuer

pytestmark = pytest.mark.anyio


@pytest.fixture
def issuer() -> LocalIssuer:
    return LocalIssuer()


@pytest.fixture
async def browser(issuer: LocalIssuer) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(issuer), base_url=issuer.base_url) as client:
        yield client


async def test_the_form_asks_for_a_token_and_says_that_it_is_for_development(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/explain")).text

    assert '<textarea id="token"' in page
    assert "For development only" in page
    assert "<script" not in page


async def test_a_token_of_this_issuer_passes_every_check(browser: httpx.AsyncClient, issuer: LocalIssuer) -> None:
    form = {"token": issuer.mint(), "audience": "api://orders", "require": "Read.All"}

    page = (await browser.post("/explain", data=form)).text

    assert '<h2 class="accepted">' in page


async def test_a_forged_token_fails_its_signature(browser: httpx.AsyncClient, issuer: LocalIssuer) -> None:
    form = {"token": LocalIssuer().mint(header={"kid": issuer.signing_key.kid}), "audience": "api://orders"}

    assert "invalid_signature" in (await browser.post("/explain", data=form)).text


async def test_the_page_never_shows_the_token(browser: httpx.AsyncClient, issuer: LocalIssuer) -> None:
    token = issuer.mint()

    page = (await browser.post("/explain", data={"token": token})).text

    assert not [part for part in token.split(".") if part in page]


async def test_what_a_token_says_is_text_and_not_html(browser: httpx.AsyncClient, issuer: LocalIssuer) -> None:
    token = issuer.mint(claims={"sub": "<script>alert(1)</script>", '"><img src=x>': '"><img src=x>'})

    page = (await browser.post("/explain", data={"token": token, "audience": '"><script>'})).text

    assert "<script" not in page
    assert "<img" not in page


async def test_a_wrong_issuer_says_what_is_wrong(browser: httpx.AsyncClient) -> None:
    answer = await browser.post("/explain", data={"token": "x.y.z", "issuer": "ftp://issuer.example"})

    assert answer.status_code == 400
    assert "https" in answer.text


@pytest.mark.parametrize("length", [600_000, 2_000_000])
async def test_a_text_that_is_too_long_is_not_read(browser: httpx.AsyncClient, length: int) -> None:
    assert (await browser.post("/explain", data={"token": "x" * length})).status_code == 413


async def test_it_lies_beneath_the_path_of_the_issuer() -> None:
    issuer = LocalIssuer("https://issuer.test/tenant")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(issuer), base_url="https://issuer.test") as browser:
        assert (await browser.get("/tenant/explain")).status_code == 200


async def test_half_a_character_in_a_pasted_answer_is_shown() -> None:
    """JSON may hold an escaped lone surrogate, which no encoding can send."""
    transport = httpx.ASGITransport(LocalIssuer())
    async with httpx.AsyncClient(transport=transport, base_url="https://issuer.test") as http:
        answer = await http.post("/explain", data={"token": '{"error": "x\\ud800", "error_description": "\\udfff"}'})
    assert answer.status_code == 200
