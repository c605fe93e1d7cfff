"""Swagger UI in headless Chromium: Authorize by each flow, call, read the answer. Nothing is loaded from elsewhere."""

from collections.abc import Iterator
from typing import Any, Final

import pytest

from browser.chromium import Chromium
from browser.places import Place, local_issuer, real_issuer
from issuers.oidc_provider import Launcher

pytestmark = [pytest.mark.browser, pytest.mark.socket]

BEARER: Final = "accessToken"
BY_CODE: Final = "accessTokenByAuthorizationCode"
OWN: Final = "accessTokenByClientCredentials"
SHAPES: Final = ("generic", "entra_v2", "auth0")


@pytest.fixture(scope="module", params=[*SHAPES, "oidc-provider"])
def place(request: pytest.FixtureRequest, browser: Chromium, launcher: Launcher) -> Iterator[Place]:
    if request.param == "oidc-provider":
        with real_issuer(launcher) as found:
            yield found
    else:
        with local_issuer(request.param) as (found, _):
            yield found


@pytest.fixture(scope="module")
def local(browser: Chromium) -> Iterator[Place]:
    with local_issuer("generic") as (found, _):
        yield found


def _signed_in(browser: Chromium, place: Place, user: str) -> dict[str, Any]:
    person = {"user": user, "at": place.at}
    return browser.do("authorizeAndCall", docs=place.docs, scheme=BY_CODE, scopes=[place.read], person=person)


def test_a_person_signs_in_and_gets_the_orders(browser: Chromium, place: Place) -> None:
    answer = _signed_in(browser, place, "alice")

    assert (answer["status"], answer["body"]["orders"]) == (200, ["coffee", "tea"])


def test_a_person_without_the_role_is_told_why_not(browser: Chromium, place: Place) -> None:
    answer = _signed_in(browser, place, "carol")

    assert (answer["status"], answer["body"]["error"]) == (403, "insufficient_scope")
    assert answer["body"]["code"] == "missing_role"
    assert answer["body"]["error_description"]


def test_a_pasted_token_is_used(browser: Chromium, place: Place) -> None:
    answer = browser.do("authorizeAndCall", docs=place.docs, scheme=BEARER, fill={"Value": place.token()})

    assert answer["status"] == 200


@pytest.mark.parametrize(("client", "status"), [("reader", 200), ("noroles", 403)])
def test_an_application_gets_a_token_of_its_own(browser: Chromium, place: Place, client: str, status: int) -> None:
    secret = {"client_id": client, "client_secret": f"{client}-secret"}
    if place.own is None:
        told = browser.do("refused", docs=place.docs, scheme=OWN, fill=secret)["told"]
        assert "No audience parameter was provided" in told, "the page of the room says so"
        return
    scopes = [place.own] if client == "reader" or place.own.endswith("/.default") else []
    answer = browser.do("authorizeAndCall", docs=place.docs, scheme=OWN, fill=secret, scopes=scopes)

    assert (answer["status"], answer["body"].get("code")) == (status, None if status == 200 else "missing_role")


def test_without_a_token_the_answer_is_401(browser: Chromium, local: Place) -> None:
    answer = browser.do("authorizeAndCall", docs=local.docs)

    assert (answer["status"], answer["body"]["code"]) == (401, "missing_token")


def test_the_dialog_offers_each_way_with_its_scopes(browser: Chromium, place: Place) -> None:
    ways = browser.do("offered", docs=place.docs)["ways"]

    assert [name.split()[0] for name in ways] == [BY_CODE, OWN, BEARER]
    assert f"{BY_CODE} (OAuth2, authorizationCode with PKCE)" in ways


def test_a_person_who_cancels_is_told_so(browser: Chromium, local: Place) -> None:
    assert "access_denied" in browser.do("refused", docs=local.docs, scheme=BY_CODE, cancel=True)["told"]


def test_a_wrong_secret_is_told(browser: Chromium, local: Place) -> None:
    wrong = {"client_id": "reader", "client_secret": "wrong"}

    assert "invalid_client" in browser.do("refused", docs=local.docs, scheme=OWN, fill=wrong)["told"]


def test_nothing_is_loaded_from_elsewhere(browser: Chromium, local: Place) -> None:
    assert _signed_in(browser, local, "bob")["elsewhere"] == []
