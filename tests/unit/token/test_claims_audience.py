"""``aud``: meant for us, as a whole name."""

from typing import Any, Final

import pytest

from bearerguard.issuers.profile import Profile
from support.sealed import ABSENT, AUDIENCE, claims, issuer, refusal, seal, server, verdict

API: Final = server(token_cache_size=0)


def judged(**changes: Any) -> str:
    """The verdict on good claims with these changes."""
    return verdict(API, seal(payload=claims(**changes)))


@pytest.mark.parametrize(
    ("audience", "code"),
    [
        pytest.param(AUDIENCE, "accepted", id="text"),
        pytest.param([AUDIENCE], "accepted", id="list"),
        pytest.param(["https://x.test/userinfo", AUDIENCE], "accepted", id="list with others"),
        pytest.param([AUDIENCE, AUDIENCE], "accepted", id="twice"),
        pytest.param(ABSENT, "missing_claim", id="absent"),
        pytest.param([], "wrong_audience", id="empty list"),
        pytest.param("", "wrong_audience", id="empty"),
        pytest.param([""], "wrong_audience", id="list of nothing"),
        pytest.param("api://orders2", "wrong_audience", id="longer"),
        pytest.param("api://order", "wrong_audience", id="shorter"),
        pytest.param("api://orders/", "wrong_audience", id="trailing slash"),
        pytest.param("API://ORDERS", "wrong_audience", id="another case"),
        pytest.param("api://orders api://billing", "wrong_audience", id="several in one text"),
        pytest.param("api://orders,api://billing", "wrong_audience", id="with a comma"),
        pytest.param(" api://orders", "wrong_audience", id="blank before"),
        pytest.param("api://orders\u0000", "wrong_audience", id="NUL behind"),
        pytest.param(["api://", "orders"], "wrong_audience", id="in pieces"),
        pytest.param("*", "wrong_audience", id="star"),
        pytest.param(None, "invalid_claim", id="null"),
        pytest.param(True, "invalid_claim", id="bool"),
        pytest.param(1, "invalid_claim", id="number"),
        pytest.param({}, "invalid_claim", id="empty object"),
        pytest.param({AUDIENCE: 1}, "invalid_claim", id="object"),
        pytest.param([AUDIENCE, 1], "invalid_claim", id="list with a number"),
        pytest.param([AUDIENCE, None], "invalid_claim", id="list with null"),
        pytest.param([[AUDIENCE]], "invalid_claim", id="nested list"),
        pytest.param([{"aud": AUDIENCE}], "invalid_claim", id="list of an object"),
    ],
)
def test_aud_names_this_api_as_a_whole(audience: object, code: str) -> None:
    """RFC 7519 §4.1.3: text or an array of text, by equality; CVE-2020-26160, CVE-2024-53861."""
    assert judged(aud=audience) == code


def test_any_of_several_configured_audiences_will_do() -> None:
    """Entra v1 tokens have the client id or an application id URI, with or without a slash."""
    api = server(audience=["8c1f", "api://orders", "api://orders/"], token_cache_size=0)

    verdicts = {name: verdict(api, seal(payload=claims(aud=name))) for name in ("8c1f", "api://orders/", "api://billing")}

    assert verdicts == {"8c1f": "accepted", "api://orders/": "accepted", "api://billing": "wrong_audience"}


def test_an_issuer_may_have_its_own_audience() -> None:
    """RFC 8725 §3.8: issuer, keys and audience are one record."""
    other = issuer("https://other.test/", audience="api://other")
    api = server(issuer(), other, token_cache_size=0)

    assert verdict(api, seal(payload=claims(iss="https://other.test/", aud="api://other"))) == "accepted"
    assert verdict(api, seal(payload=claims(iss="https://other.test/"))) == "wrong_audience"
    assert verdict(api, seal(payload=claims(aud="api://other"))) == "wrong_audience"


@pytest.mark.parametrize("audience", ["https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000"])
def test_a_token_for_microsoft_graph_tells_what_to_request(audience: str) -> None:
    """A "bad signature" that nobody explains is one of the most asked questions."""
    assert "api://orders/.default" in refusal(API, seal(payload=claims(aud=audience))).hint
    assert "api://orders/.default" in refusal(API, seal(payload=claims(aud=["x", audience]))).hint
    assert refusal(API, seal(payload=claims(aud="api://billing"))).hint == ""


CLIENT_IS_AUDIENCE: Final = issuer(profile=Profile(audience_claim="client_id"), audience=["reader", "writer"])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"aud": ABSENT}, "accepted", id="without aud"),
        pytest.param({}, "accepted", id="with the server's aud"),
        pytest.param({"aud": "reader"}, "accepted", id="with the client as aud"),
        pytest.param({"aud": "api://billing"}, "wrong_audience", id="with a foreign aud"),
        pytest.param({"aud": []}, "wrong_audience", id="with an empty aud"),
        pytest.param({"aud": None}, "invalid_claim", id="with aud null"),
        pytest.param({"aud": ABSENT, "client_id": "stranger"}, "wrong_audience", id="of a foreign client"),
        pytest.param({"aud": ABSENT, "client_id": ABSENT}, "missing_claim", id="of no client"),
        pytest.param({"client_id": ABSENT}, "missing_claim", id="of no client, with a good aud"),
        pytest.param({"aud": ABSENT, "client_id": 7}, "invalid_claim", id="of a client that is a number"),
    ],
)
def test_another_claim_may_be_the_audience_and_aud_still_counts(changes: dict[str, Any], code: str) -> None:
    """Amazon Cognito; never "audience optional"."""
    api = server(CLIENT_IS_AUDIENCE, token_cache_size=0)

    assert verdict(api, seal(payload=claims(**changes))) == code
