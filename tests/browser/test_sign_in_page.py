"""The sign-in page of a local issuer in a real browser: by keyboard, without scripts, and against other sites."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from bearerguard.testing import LocalIssuer
from browser.chromium import Chromium
from browser.places import BACK, Place, local_issuer
from support.sign_in import REQUEST, VERIFIER, ticket_of

pytestmark = [pytest.mark.browser, pytest.mark.socket]


@pytest.fixture(scope="module")
def local(browser: Chromium) -> Iterator[tuple[Place, LocalIssuer]]:
    with local_issuer("generic") as found:
        yield found


def _page(place: Place, issuer: LocalIssuer) -> str:
    return f"{issuer.authorization_endpoint}?{urlencode({**REQUEST, 'redirect_uri': f'{place.origin}{BACK}'})}"


def _elsewhere(place: Place) -> str:
    """A page of another site: to a browser, ``localhost`` is not ``127.0.0.1``."""
    return place.docs.replace("127.0.0.1", "localhost")


@pytest.mark.parametrize(
    ("keys", "user"),
    [(["Enter"], "alice"), (["Tab", "Enter"], "bob"), (["Tab", "Tab", "Space"], "carol")],
    ids=["alice", "bob", "carol"],
)
def test_without_scripts_a_keyboard_is_enough(
    browser: Chromium, local: tuple[Place, LocalIssuer], keys: list[str], user: str
) -> None:
    place, issuer = local

    after = browser.do("pressed", url=_page(place, issuer), keys=keys, scripts=False)

    assert after["heading"] == "Sign in"
    assert after["url"].startswith(f"{place.origin}{BACK}?code=")
    answer = parse_qs(urlsplit(after["url"]).query)
    form = {"grant_type": "authorization_code", "client_id": "browser", "redirect_uri": f"{place.origin}{BACK}"}
    token = httpx.post(issuer.token_endpoint, data={**form, "code": answer["code"][0], "code_verifier": VERIFIER}).json()
    caller = httpx.get(f"{place.origin}/orders", headers={"Authorization": f"Bearer {token['access_token']}"})
    assert caller.status_code == (403 if user == "carol" else 200)
    assert user == "carol" or caller.json()["caller"] == user


def test_by_keyboard_a_person_can_cancel(browser: Chromium, local: tuple[Place, LocalIssuer]) -> None:
    place, issuer = local

    after = browser.do("pressed", url=_page(place, issuer), keys=["Tab", "Tab", "Tab", "Enter"], scripts=False)

    assert "error=access_denied" in after["url"]


def test_another_site_cannot_show_it_in_a_frame(browser: Chromium, local: tuple[Place, LocalIssuer]) -> None:
    """RFC 9700 §4.16: a person could be led to press a button of a page that she does not see."""
    place, issuer = local

    assert "frame-ancestors" in browser.do("framed", **{"from": _elsewhere(place)}, url=_page(place, issuer))["told"]


def test_a_script_of_another_site_cannot_read_it(browser: Chromium, local: tuple[Place, LocalIssuer]) -> None:
    """It would have the ticket."""
    place, issuer = local

    assert "refused" in browser.do("fetched", **{"from": _elsewhere(place)}, url=_page(place, issuer))
    assert browser.do("fetched", **{"from": _elsewhere(place)}, url=issuer.metadata_url)["status"] == 200, "metadata is for all"


def test_another_site_cannot_send_the_form(browser: Chromium, local: tuple[Place, LocalIssuer]) -> None:
    """RFC 6749 §10.12: the ticket is a good one, of a page that the attacker was given."""
    place, issuer = local
    ticket = ticket_of(httpx.get(_page(place, issuer)))

    after = browser.do(
        "posted", **{"from": _elsewhere(place)}, url=issuer.authorization_endpoint, fields={"ticket": ticket, "user": "alice"}
    )

    assert (after["status"], "begin again" in after["text"]) == (400, True)
