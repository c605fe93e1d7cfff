"""The sign-in page: for a keyboard, without scripts, in no frame, and nothing on it becomes HTML."""

from html.parser import HTMLParser
from typing import Any

import pytest

from bearerguard.testing import LocalClient, LocalIssuer, LocalUser
from support.sign_in import CALLBACK, Browser

pytestmark = pytest.mark.anyio
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


class _Elements(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, Any]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def of(self, tag: str) -> list[dict[str, Any]]:
        return [attributes for name, attributes in self.found if name == tag]


async def test_each_user_is_a_button_and_the_first_has_the_focus() -> None:
    page = _Elements((await Browser(LocalIssuer()).open()).text)

    buttons = page.of("button")
    assert [button.get("value") for button in buttons] == ["alice", "bob", "carol", "1"]
    assert ["autofocus" in button for button in buttons] == [True, False, False, False]
    assert all("tabindex" not in attributes for _, attributes in page.found), "Tab follows the order of the page"


async def test_each_button_tells_roles_and_scopes_to_a_screen_reader() -> None:
    page = _Elements((await Browser(LocalIssuer()).open()).text)

    ids = {attributes.get("id") for _, attributes in page.found}
    described = [button["aria-describedby"].split() for button in page.of("button")[:-1]]
    assert all(ids.issuperset(names) for names in described)


async def test_it_needs_no_script_and_says_that_it_is_for_development() -> None:
    text = (await Browser(LocalIssuer()).open()).text

    assert "For development only" in text
    assert "<script" not in text
    assert not [name for _, attributes in _Elements(text).found for name in attributes if name.startswith("on")]


async def test_what_users_clients_and_requests_say_is_text() -> None:
    user = LocalUser(HOSTILE, HOSTILE, roles=[HOSTILE], scopes=[HOSTILE])
    issuer = LocalIssuer(clients=[LocalClient(HOSTILE)], users=[user])

    page = await Browser(issuer).open(client_id=HOSTILE, state=HOSTILE)
    refused = await Browser(issuer).open(client_id=f"{HOSTILE}?", redirect_uri=f"{CALLBACK}{HOSTILE}")

    assert (page.status_code, refused.status_code) == (200, 400)
    for text in (page.text, refused.text):
        assert not {"script", "img"} & {tag for tag, _ in _Elements(text).found}


async def test_no_site_shows_it_in_a_frame_and_its_form_leads_to_the_application_alone() -> None:
    """Clickjacking: RFC 6749 §10.13, RFC 9700 §4.16."""
    headers = (await Browser(LocalIssuer()).open()).headers

    policy = headers["content-security-policy"].split("; ")
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert "form-action 'self' http://127.0.0.1:8000" in policy
    assert headers["x-frame-options"] == "DENY"


async def test_a_hostile_address_adds_nothing_to_the_policy() -> None:
    address = "http://127.0.0.1:8000/;script-src%20*,'unsafe-inline'"

    headers = (await Browser(LocalIssuer()).open(redirect_uri=address)).headers

    assert "script-src" not in headers["content-security-policy"]
