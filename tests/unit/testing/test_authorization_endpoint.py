"""The sign-in of a local issuer: RFC 6749 §4.1 with PKCE, and what must not work there."""

import re
from collections.abc import Mapping
from typing import Final

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from bearerguard import ResourceServer
from bearerguard.testing import FakeClock, LocalClient, LocalIssuer, LocalUser
from bearerguard.testing.shapes import SHAPES
from support.plain_jwt import get
from support.sign_in import CALLBACK, REQUEST, Browser, answer_of, ticket_of

pytestmark = pytest.mark.anyio
WITH_SIGN_IN: Final = [shape for shape in SHAPES if shape != "cloudflare_access"]
_WRITTEN: Final = dict.fromkeys(("entra_v1", "entra_v2", "azure_b2c", "entra_external", "adfs"), "api://orders/orders.read")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def issuer(clock: FakeClock) -> LocalIssuer:
    return LocalIssuer(clock=clock)


@pytest.fixture
def browser(issuer: LocalIssuer) -> Browser:
    return Browser(issuer)


@pytest.mark.parametrize("shape", WITH_SIGN_IN)
async def test_a_person_signs_in_and_the_api_knows_user_and_role(shape: str) -> None:
    issuer = LocalIssuer(shape=shape)
    browser = Browser(issuer)
    api = ResourceServer(issuer.trusted(), issuer.audiences, transport=httpx.ASGITransport(issuer))

    answer = await browser.sign_in("alice", scope=f"openid {_WRITTEN.get(shape, 'orders.read')}")
    token = (await browser.redeem(answer["code"])).json()["access_token"]

    principal = await api.authenticate(token)
    assert "Read.All" in principal.roles
    assert not principal.is_application
    assert "orders.read" in principal.scopes or "user" not in SHAPES[shape].scopes_of


async def test_the_answer_returns_state_and_names_the_issuer(browser: Browser, issuer: LocalIssuer) -> None:
    """RFC 6749 §4.1.2, RFC 9207 §2."""
    answer = await browser.sign_in("alice")

    assert answer.pop("code")
    assert answer == {"state": REQUEST["state"], "iss": issuer.issuer}


@pytest.mark.parametrize("shape", WITH_SIGN_IN)
async def test_iss_of_the_answer_is_the_issuer_of_the_metadata(shape: str) -> None:
    """RFC 9207 §2.4: clients compare them."""
    issuer = LocalIssuer(shape=shape)
    metadata = (await get(issuer, issuer.metadata_url)).json()

    assert (await Browser(issuer).sign_in("bob"))["iss"] == metadata["issuer"]


async def test_an_address_with_a_query_keeps_it(browser: Browser) -> None:
    """RFC 6749 §3.1.2."""
    response = await browser.choose(await browser.open(redirect_uri=f"{CALLBACK}?a=b"), user="alice")

    assert response.headers["location"].startswith(f"{CALLBACK}?a=b&code=")


async def test_a_single_page_application_gets_the_answer_in_the_fragment(browser: Browser) -> None:
    response = await browser.choose(await browser.open(response_mode="fragment"), user="alice")

    assert response.headers["location"].startswith(f"{CALLBACK}#code=")


async def test_the_metadata_advertises_the_flow(issuer: LocalIssuer) -> None:
    """RFC 8414 §2."""
    metadata = (await get(issuer, issuer.metadata_url)).json()

    assert metadata["authorization_endpoint"] == issuer.authorization_endpoint
    assert metadata["response_types_supported"] == ["code"]
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert metadata["authorization_response_iss_parameter_supported"] is True
    assert "authorization_code" in metadata["grant_types_supported"]
    assert "none" in metadata["token_endpoint_auth_methods_supported"]


async def test_a_vendor_without_such_an_endpoint_advertises_none() -> None:
    issuer = LocalIssuer(shape="cloudflare_access")

    assert issuer.authorization_endpoint == ""
    assert (await get(issuer, f"{issuer.base_url}/authorize")).status_code == 404


# --- what the application is told (RFC 6749 §4.1.2.1)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unsupported_response_type"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": "s256"}, "invalid_request"),
        ({"scope": "orders.delete"}, "invalid_scope"),
        ({"resource": "api://billing"}, "invalid_target"),
        ({"audience": "api://billing"}, "invalid_target"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
        ({"request": "eyJ"}, "request_not_supported"),
        ({"request_uri": "urn:example"}, "request_uri_not_supported"),
    ],
    ids=str,
)
async def test_a_wrong_request_is_told_to_the_application(
    browser: Browser, changes: Mapping[str, str | None], error: str, issuer: LocalIssuer
) -> None:
    answer = answer_of(await browser.open(**changes))

    assert (answer["error"], answer["state"], answer["iss"]) == (error, REQUEST["state"], issuer.issuer)
    assert "code" not in answer


@pytest.mark.parametrize("scope", ["orders.read", "api://orders/orders.read api://billing/read", "api://billing/.default"])
async def test_entra_takes_scopes_of_one_known_api_alone(scope: str) -> None:
    answer = answer_of(await Browser(LocalIssuer(shape="entra_v2")).open(scope=scope))

    assert answer["error"] in ("invalid_scope", "invalid_target")


async def test_a_repeated_parameter_is_refused(browser: Browser, issuer: LocalIssuer) -> None:
    """RFC 6749 §3.1."""
    query = f"{httpx.QueryParams(dict(REQUEST))}&scope=orders.read&scope=orders.write"

    assert answer_of(await browser.http.get(f"{issuer.authorization_endpoint}?{query}"))["error"] == "invalid_request"


async def test_a_person_who_cancels_is_access_denied(browser: Browser) -> None:
    assert answer_of(await browser.choose(await browser.open(), cancel="1"))["error"] == "access_denied"


async def test_a_user_who_is_not_on_the_page_cannot_be_chosen(browser: Browser) -> None:
    assert answer_of(await browser.choose(await browser.open(), user="mallory"))["error"] == "access_denied"


# --- an open redirect


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "https://evil.example/",
        "http://127.0.0.1.evil.example/",
        "http://localhost.evil.example/",
        "http://127.0.0.1@evil.example/",
        "http://127.0.0.1:8000@evil.example/",
        "http://localhost:pass@evil.example/",
        "http://evil.example\\@127.0.0.1/",
        "http://127.0.0.1\\.evil.example/",
        "//evil.example/",
        "/docs/oauth2-redirect",
        "javascript:alert(1)//http://127.0.0.1/",
        "data:text/html,x",
        "http://127.0.0.1:8000/#",
        "http://127.0.0.1:8000/\r\nLocation: https://evil.example",
        "http://2130706433/",
        "http://127.0.0.1:8000\t/",
        "HTTP://127.0.0.1:8000/",
    ],
)
async def test_an_answer_never_goes_elsewhere_than_loopback(browser: Browser, redirect_uri: str) -> None:
    """RFC 9700 §4.1: not even an error is sent there."""
    response = await browser.open(redirect_uri=redirect_uri, response_type="token")

    assert response.status_code == 400
    assert "location" not in response.headers
    assert "ticket" not in response.text


@pytest.mark.parametrize(
    "changes", [{"client_id": None}, {"client_id": "stranger"}, {"redirect_uri": None}, {"state": "x" * 9000}], ids=str
)
async def test_without_client_and_address_the_person_is_told(browser: Browser, changes: Mapping[str, str | None]) -> None:
    response = await browser.open(**changes)

    assert (response.status_code, "location" in response.headers) == (400, False)
    assert "For development only" in response.text


async def test_a_query_that_is_not_text_is_refused(browser: Browser, issuer: LocalIssuer) -> None:
    query = f"{httpx.QueryParams(dict(REQUEST))}&nonce=%ff"

    assert (await browser.http.get(f"{issuer.authorization_endpoint}?{query}")).status_code == 400


async def test_a_registered_address_is_the_only_one() -> None:
    client = LocalClient("browser", redirect_uris=["https://app.example/callback"])
    browser = Browser(LocalIssuer(clients=[client]))

    assert (await browser.open(redirect_uri="https://app.example/callback")).status_code == 200
    assert (await browser.open(redirect_uri="https://app.example/callback/")).status_code == 400
    assert (await browser.open()).status_code == 400


# --- the form


async def test_a_page_is_answered_once(browser: Browser) -> None:
    page = await browser.open()
    await browser.choose(page, user="alice")

    assert (await browser.choose(page, user="alice")).status_code == 400


async def test_a_page_ends_after_ten_minutes(browser: Browser, clock: FakeClock) -> None:
    page = await browser.open()
    clock.advance(600)

    assert (await browser.choose(page, user="alice")).status_code == 400


async def test_another_browser_cannot_answer_a_page(browser: Browser, issuer: LocalIssuer) -> None:
    """Cross-site request forgery: a site sends its own ticket through a person's browser (RFC 6749 §10.12)."""
    page = await browser.open()
    stranger = Browser(issuer)
    await stranger.open()

    assert (await stranger.choose(page, user="alice")).status_code == 400


@pytest.mark.parametrize("ticket", ["", "guessed"])
async def test_a_form_without_a_page_is_refused(browser: Browser, issuer: LocalIssuer, ticket: str) -> None:
    response = await browser.http.post(issuer.authorization_endpoint, data={**REQUEST, "ticket": ticket, "user": "alice"})

    assert response.status_code == 400


async def test_a_form_that_is_too_long_is_refused(browser: Browser) -> None:
    assert (await browser.choose(await browser.open(), user="alice", more="x" * 5000)).status_code == 400


async def test_two_pages_of_one_browser_can_both_be_answered(browser: Browser) -> None:
    first, second = await browser.open(), await browser.open()

    assert answer_of(await browser.choose(first, user="alice"))["code"]
    assert answer_of(await browser.choose(second, user="bob"))["code"]


async def test_the_cookie_is_for_this_page_alone_and_no_script_reads_it(browser: Browser) -> None:
    cookie = (await browser.open()).headers["set-cookie"]

    assert all(part in cookie for part in ("HttpOnly", "SameSite=lax", "Path=/authorize", "Secure"))


async def test_no_script_of_another_origin_reads_the_page(browser: Browser) -> None:
    """Whoever reads it has the ticket. The token endpoint is open to scripts, since it needs a code."""
    page = await browser.http.get(browser.issuer.authorization_endpoint, params=REQUEST, headers={"Origin": "https://a.test"})
    token = await browser.http.post(browser.issuer.token_endpoint, headers={"Origin": "https://a.test"})

    assert "access-control-allow-origin" not in page.headers
    assert token.headers["access-control-allow-origin"] == "*"


async def test_a_script_may_ask_the_token_endpoint_with_a_header(issuer: LocalIssuer) -> None:
    """The preflight of a browser: https://fetch.spec.whatwg.org/#cors-preflight-fetch."""
    headers = {
        "Origin": "http://127.0.0.1:8000",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,x-requested-with",
    }
    async with httpx.AsyncClient(transport=httpx.ASGITransport(issuer)) as client:
        answer = await client.options(issuer.token_endpoint, headers=headers)

    assert answer.status_code == 200
    assert "authorization" in answer.headers["access-control-allow-headers"]


# --- who reaches it


@pytest.mark.parametrize("address", ["192.0.2.7", "10.0.0.5", "2001:db8::7", "::ffff:192.0.2.7"])
async def test_another_machine_cannot_sign_in(issuer: LocalIssuer, address: str) -> None:
    browser = Browser(issuer, (address, 50000))

    response = await browser.open()

    assert (response.status_code, "ticket" in response.text) == (403, False)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.9", "::1", "::ffff:127.0.0.1", "testclient"])
async def test_this_machine_can_sign_in(issuer: LocalIssuer, address: str) -> None:
    assert (await Browser(issuer, (address, 50000)).open()).status_code == 200


async def test_another_machine_cannot_answer_a_page(issuer: LocalIssuer) -> None:
    near, far = Browser(issuer), Browser(issuer, ("192.0.2.7", 50000))
    page = await near.open()
    far.http.cookies = near.http.cookies

    assert (await far.choose(page, user="alice")).status_code == 403


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:9000", "127.0.0.1.evil.example", "", "127.0.0.1/@evil.example", "evil.example@127.0.0.1"],
)
async def test_a_name_that_was_rebound_to_loopback_cannot_sign_in(host: str) -> None:
    """DNS rebinding: the page would be of the attacker's own origin."""
    issuer = LocalIssuer("http://127.0.0.1:9000")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(issuer)) as client:
        answer = await client.get(issuer.authorization_endpoint, params=REQUEST, headers={"Host": host})

    assert (answer.status_code, "ticket" in answer.text) == (403, False)


async def test_two_names_are_none(browser: Browser, issuer: LocalIssuer) -> None:
    headers = [("Host", "issuer.test"), ("Host", "evil.example")]

    assert (await browser.http.get(issuer.authorization_endpoint, params=REQUEST, headers=headers)).status_code == 403


@pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via"])
async def test_what_came_through_a_proxy_cannot_sign_in(browser: Browser, issuer: LocalIssuer, header: str) -> None:
    """The proxy is on this machine; nobody knows where its caller is."""
    answer = await browser.http.get(issuer.authorization_endpoint, params=REQUEST, headers={header: "127.0.0.1"})

    assert (answer.status_code, "ticket" in answer.text) == (403, False)


@pytest.mark.parametrize("address", [None, ("", 0), ("unix:", 0), ("proxy", 0)])
async def test_a_caller_whose_address_is_unknown_cannot_sign_in(issuer: LocalIssuer, address: object) -> None:
    """A server on a Unix socket tells none."""

    async def without_address(scope: Scope, receive: Receive, send: Send) -> None:
        await issuer({**scope, "client": address}, receive, send)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(without_address)) as client:
        answer = await client.get(issuer.authorization_endpoint, params=REQUEST)

    assert (answer.status_code, "ticket" in answer.text) == (403, False)


@pytest.mark.parametrize("cookie", ["x", "x" * 3000, '"; Path=/'])
async def test_a_cookie_that_is_none_of_ours_is_replaced(browser: Browser, issuer: LocalIssuer, cookie: str) -> None:
    page = await browser.http.get(
        issuer.authorization_endpoint, params=REQUEST, headers={"Cookie": f"bearerguard_sign_in={cookie}"}
    )

    assert re.match(r"bearerguard_sign_in=[A-Za-z0-9_-]{43};", page.headers["set-cookie"])


async def test_another_name_of_loopback_is_fine() -> None:
    issuer = LocalIssuer("http://127.0.0.1:9000")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(issuer)) as client:
        answer = await client.get(issuer.authorization_endpoint, params=REQUEST, headers={"Host": "localhost:9000"})

    assert ticket_of(answer)


# --- users


async def test_a_user_has_the_scopes_that_were_asked_for_and_granted(browser: Browser) -> None:
    """RFC 6749 §3.3: the answer says which."""
    asked = (await browser.sign_in("bob", scope="orders.read"))["code"]
    partly = (await browser.sign_in("alice", scope="orders.read orders.write"))["code"]
    everything = (await browser.sign_in("bob"))["code"]

    scopes = [(await browser.redeem(code)).json()["scope"] for code in (asked, partly, everything)]
    assert scopes == ["orders.read", "orders.read", "orders.read orders.write"]


async def test_a_user_of_ones_own_has_its_claims(clock: FakeClock) -> None:
    issuer = LocalIssuer(users=[LocalUser("dora", roles=["Audit.All"], claims={"department": "audit"})], clock=clock)
    browser = Browser(issuer)
    api = ResourceServer(issuer.trusted(), "api://orders", transport=httpx.ASGITransport(issuer), clock=clock)

    token = (await browser.redeem((await browser.sign_in("dora"))["code"])).json()["access_token"]

    principal = await api.authenticate(token)
    assert (principal.subject, principal.roles, principal.claims["department"]) == ("dora", frozenset({"Audit.All"}), "audit")


async def test_sign_in_can_be_down(browser: Browser, issuer: LocalIssuer) -> None:
    issuer.go_down("authorization")

    assert (await browser.open()).status_code == 503
    assert issuer.requests["authorization"] == 1
