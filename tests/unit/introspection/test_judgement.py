"""What an endpoint says of a token, judged like claims (RFC 7662 §2.2, §4)."""

from typing import Any, Final

import pytest

from bearerguard import AccessTokenError, keycloak
from support.introspected import AUDIENCE, GOOD, NOW, OPAQUE, scripted

pytestmark = pytest.mark.anyio
ABSENT: Final = object()

REFUSED: Final[list[tuple[str, dict[str, Any], str]]] = [
    ("no audience", {"aud": ABSENT}, "missing_claim"),
    ("no audience but null", {"aud": None}, "invalid_claim"),
    ("another audience", {"aud": "api://billing"}, "wrong_audience"),
    ("other audiences", {"aud": ["api://billing", "api://orders/"]}, "wrong_audience"),
    ("an audience that is an object", {"aud": {AUDIENCE: True}}, "invalid_claim"),
    ("no end", {"exp": ABSENT}, "missing_claim"),
    ("an end as text", {"exp": str(NOW + 60)}, "invalid_claim"),
    ("an end that is true", {"exp": True}, "invalid_claim"),
    ("expired", {"exp": NOW - 60}, "token_expired"),
    ("expired long ago", {"exp": 1}, "token_expired"),
    ("not yet valid", {"nbf": NOW + 61}, "token_not_yet_valid"),
    ("a beginning as text", {"nbf": "0"}, "invalid_claim"),
    ("bound by DPoP", {"cnf": {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}}, "bound_token"),
    ("bound by nothing", {"cnf": None}, "bound_token"),
    ("typed DPoP", {"token_type": "DPoP"}, "bound_token"),
    ("typed as a refresh token", {"token_type": "refresh_token"}, "not_an_access_token"),
    ("typed as something else", {"token_type": "N_A"}, "not_an_access_token"),
    ("a type that is null", {"token_type": None}, "not_an_access_token"),
    ("used as a refresh token", {"token_use": "refresh_token"}, "not_an_access_token"),
    ("used as an ID token", {"token_use": "id"}, "not_an_access_token"),
    ("of Keycloak's refresh type", {"typ": "Refresh"}, "not_an_access_token"),
    ("an ID token's hash", {"at_hash": "77QmUPtjPfzWtF2AnpK9RQ"}, "not_an_access_token"),
    ("a security event", {"events": {}}, "not_an_access_token"),
    ("an issuer that is a number", {"iss": 7}, "invalid_claim"),
    ("an issuer that is null", {"iss": None}, "invalid_claim"),
    ("an issuer that is empty", {"iss": ""}, "invalid_claim"),
    ("a subject that is a number", {"sub": 7}, "invalid_claim"),
]


def _answer(changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**GOOD, **changes}.items() if value is not ABSENT}


@pytest.mark.parametrize(("changes", "code"), [pytest.param(changes, code, id=what) for what, changes, code in REFUSED])
async def test_an_answer_that_does_not_hold_is_refused(changes: dict[str, Any], code: str) -> None:
    api, _ = scripted(_answer(changes))

    with pytest.raises(AccessTokenError) as caught:
        await api.authenticate(OPAQUE)

    assert (caught.value.code, caught.value.status) == (code, 401)
    assert OPAQUE not in caught.value.operator_text


ACCEPTED: Final[list[tuple[str, dict[str, Any]]]] = [
    ("as it is", {}),
    ("one audience of several", {"aud": ["api://billing", AUDIENCE]}),
    ("within the leeway", {"exp": NOW - 59}),
    ("about to begin", {"nbf": NOW + 60}),
    ("no issuer", {"iss": ABSENT}),
    ("no type", {"token_type": ABSENT}),
    ("a type in another case", {"token_type": "bearer"}),
    ("Ory Hydra's use", {"token_use": "access_token"}),
]


@pytest.mark.parametrize("changes", [pytest.param(changes, id=what) for what, changes in ACCEPTED])
async def test_an_answer_that_holds_gives_the_caller(changes: dict[str, Any]) -> None:
    api, _ = scripted(_answer(changes))

    principal = await api.authenticate(OPAQUE)

    assert (principal.subject, principal.client_id) == ("reader", "reader")
    assert principal.roles == {"Read.All"}
    assert principal.scopes == {"orders.read"}
    assert principal.expires_at == _answer(changes)["exp"]
    assert principal.is_application


async def test_without_an_issuer_the_endpoint_stands_for_it() -> None:
    api, _ = scripted(_answer({"iss": ABSENT}))

    assert (await api.authenticate(OPAQUE)).issuer == "https://issuer.test/introspect"


@pytest.mark.parametrize("said", ["https://issuer.test", ABSENT])
async def test_a_configured_issuer_is_the_callers(said: object) -> None:
    api, _ = scripted(_answer({"iss": said}), issuer="https://issuer.test")

    assert (await api.authenticate(OPAQUE)).issuer == "https://issuer.test"


@pytest.mark.parametrize("said", ["https://issuer.test/", "https://ISSUER.test", "https://other.test"])
async def test_an_answer_of_another_issuer_is_refused(said: str) -> None:
    """Compared by code point."""
    api, _ = scripted(_answer({"iss": said}), issuer="https://issuer.test")

    with pytest.raises(AccessTokenError) as caught:
        await api.authenticate(OPAQUE)

    assert caught.value.code == "unknown_issuer"


async def test_an_endpoint_for_this_api_only_need_not_name_the_audience() -> None:
    api, _ = scripted(_answer({"aud": ABSENT}), only_this_api=True)

    assert (await api.authenticate(OPAQUE)).subject == "reader"


@pytest.mark.parametrize("audience", ["api://billing", [], None])
async def test_an_endpoint_for_this_api_only_must_not_name_another(audience: object) -> None:
    api, _ = scripted(_answer({"aud": audience}), only_this_api=True)

    with pytest.raises(AccessTokenError):
        await api.authenticate(OPAQUE)


async def test_an_audience_of_its_own_replaces_the_servers() -> None:
    api, _ = scripted(_answer({"aud": "api://other"}), audience="api://other")

    assert (await api.authenticate(OPAQUE)).subject == "reader"


async def test_a_preset_reads_the_answer() -> None:
    preset = keycloak("https://sso.test", realm="acme", client_id="orders")
    answer = _answer({"iss": preset.issuer, "typ": "Bearer", "roles": ABSENT, "realm_access": {"roles": ["Read.All"]}})
    api, endpoint = scripted(answer, issuer=preset)

    assert (await api.authenticate(OPAQUE)).roles == {"Read.All"}

    endpoint.answer = {**answer, "typ": "Refresh"}
    with pytest.raises(AccessTokenError):
        await api.authenticate(OPAQUE + "2")
