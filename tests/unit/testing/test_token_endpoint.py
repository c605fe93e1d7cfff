"""The token endpoint: RFC 6749 §4.4, §5 and what each vendor makes of it."""

from typing import Any, Final

import httpx
import pytest

from bearerguard.testing import FakeClock, LocalClient, LocalIssuer
from bearerguard.testing.shapes import SHAPES
from support.plain_jwt import FORMS, READER, ask, http, verified

pytestmark = pytest.mark.anyio
GRANT: Final = {"grant_type": "client_credentials"}
POST: Final = {**GRANT, "client_id": "reader", "client_secret": "reader-secret"}


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_registered_client_gets_a_token_with_its_roles(shape: str) -> None:
    issuer = LocalIssuer(shape=shape, clock=FakeClock())

    answer = await ask(issuer)

    claims = verified(issuer, answer.json()["access_token"])
    assert "Read.All" in str(claims)
    assert "Write.All" not in str(claims)


@pytest.mark.parametrize("shape", SHAPES)
async def test_no_cache_may_keep_a_token(shape: str) -> None:
    """RFC 6749 §5.1."""
    headers = (await ask(LocalIssuer(shape=shape))).headers

    assert (headers["cache-control"], headers["pragma"]) == ("no-store", "no-cache")


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("generic", {"expires_in": 3600, "scope": "orders.read"}),
        ("entra_v1", {"expires_in": 3599, "ext_expires_in": 3599}),
        ("entra_v2", {"expires_in": 3599, "ext_expires_in": 3599}),
        (
            "azure_b2c",
            {"not_before": 1_767_268_800, "expires_in": 3600, "expires_on": 1_767_272_400, "resource": "api://orders"},
        ),
        ("auth0", {"expires_in": 86_400, "scope": "Read.All orders.read"}),
        ("keycloak", {"expires_in": 300, "scope": "orders.read"}),
        ("cognito", {"expires_in": 3600, "scope": "orders.read"}),
        ("okta", {"expires_in": 3600, "scope": "orders.read"}),
        ("entra_external", {"expires_in": 3599, "ext_expires_in": 3599}),
        ("zitadel", {"expires_in": 43_199}),
        ("authentik", {"expires_in": 300}),
        ("hydra", {"expires_in": 3600, "scope": "orders.read"}),
        ("duende", {"expires_in": 3600, "scope": "orders.read"}),
        ("adfs", {"expires_in": 3600}),
    ],
)
async def test_the_answer_has_the_vendors_members(shape: str, expected: dict[str, Any]) -> None:
    answer = (await ask(LocalIssuer(shape=shape, clock=FakeClock(now=1_767_268_800)))).json()

    assert isinstance(answer.pop("access_token"), str)
    assert answer == {"token_type": "Bearer", **expected}


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        pytest.param({}, 400, "invalid_request", id="an empty body"),
        pytest.param(GRANT, 401, "invalid_client", id="no client"),
        pytest.param({**GRANT, "client_id": "reader"}, 401, "invalid_client", id="no secret"),
        pytest.param({**POST, "client_secret": "wrong"}, 401, "invalid_client", id="a wrong secret"),
        pytest.param({**POST, "client_secret": "réader-secret"}, 401, "invalid_client", id="a secret beyond ASCII"),
        pytest.param({**POST, "client_id": "stranger"}, 401, "invalid_client", id="an unknown client"),
        pytest.param({**POST, "client_id": "nobody"}, 401, "invalid_client", id="a client called nobody"),
        pytest.param({**POST, "grant_type": ""}, 400, "invalid_request", id="no grant type"),
        pytest.param({**POST, "grant_type": "password"}, 400, "unsupported_grant_type", id="another grant type"),
        pytest.param({**POST, "scope": "orders.delete"}, 400, "invalid_scope", id="an unknown scope"),
        pytest.param({**POST, "scope": "orders.read orders.write"}, 400, "invalid_scope", id="a scope of others"),
        pytest.param({**POST, "resource": "api://billing"}, 400, "invalid_target", id="an unknown resource"),
        pytest.param({**POST, "client_assertion": "x"}, 400, "invalid_request", id="two methods"),
        pytest.param({**POST, "client_id": ["reader", "writer"]}, 400, "invalid_request", id="a repeated parameter"),
    ],
)
async def test_a_bad_request_is_refused_with_the_error_of_the_rfc(form: dict[str, Any], status: int, error: str) -> None:
    """RFC 6749 §5.2; ``invalid_target`` is RFC 8707 §2."""
    answer = await ask(LocalIssuer(), form)

    assert (answer.status_code, answer.json()["error"]) == (status, error)


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        pytest.param(b'{"grant_type":"client_credentials"}', "application/json", id="JSON"),
        pytest.param(b"grant_type=client_credentials", "text/plain", id="plain text"),
        pytest.param(b"grant_type=client_credentials", "", id="no media type"),
        pytest.param(b"grant_type=\xff", "application/x-www-form-urlencoded", id="raw bytes"),
        pytest.param(b"grant_type=%FF", "application/x-www-form-urlencoded", id="no UTF-8"),
        pytest.param(b"a=1&" * 200, "application/x-www-form-urlencoded", id="too many parameters"),
    ],
)
async def test_a_body_that_is_no_form_is_refused(content: bytes, media_type: str) -> None:
    """RFC 6749 §3.2."""
    async with http(issuer := LocalIssuer()) as client:
        headers = {"Content-Type": media_type} if media_type else {}
        answer = await client.post(issuer.token_endpoint, content=content, auth=READER, headers=headers)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_a_form_may_name_its_character_set() -> None:
    issuer = LocalIssuer()

    answer = await ask(issuer, POST, headers={"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"})

    assert answer.status_code == 200


async def test_a_parameter_without_a_value_counts_as_absent() -> None:
    """RFC 6749 §3.2."""
    issuer = LocalIssuer()

    answer = await ask(issuer, {**POST, "scope": ""})

    assert answer.json()["scope"] == "orders.read"


async def test_a_narrower_scope_may_be_asked_for() -> None:
    """RFC 6749 §3.3."""
    issuer = LocalIssuer()
    form = {**GRANT, "client_id": "writer", "client_secret": "writer-secret", "scope": "orders.write"}

    answer = (await ask(issuer, form)).json()

    assert verified(issuer, answer["access_token"])["scope"] == answer["scope"] == "orders.write"


async def test_a_client_asks_for_one_of_several_apis() -> None:
    """RFC 8707 §2."""
    issuer = LocalIssuer(audience=["api://orders", "api://billing"])

    answer = await ask(issuer, {**POST, "resource": "api://billing"})

    assert verified(issuer, answer.json()["access_token"])["aud"] == "api://billing"


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_refused_client_is_told_how_to_authenticate(shape: str) -> None:
    """RFC 6749 §5.2: a 401 has ``WWW-Authenticate``; no other answer has."""
    issuer = LocalIssuer(shape=shape)

    answer = await ask(issuer, {**GRANT, **FORMS[shape], "client_id": "reader", "client_secret": "wrong"})

    assert ("www-authenticate" in answer.headers) == (answer.status_code == 401)


@pytest.mark.parametrize("shape", SHAPES)
async def test_no_refusal_repeats_the_secret(shape: str) -> None:
    issuer = LocalIssuer(shape=shape)

    answer = await ask(issuer, {**GRANT, **FORMS[shape], "client_id": "reader", "client_secret": "s3cret-mistyped"})

    assert "s3cret" not in answer.text


@pytest.mark.parametrize("shape", ["generic", "auth0", "keycloak", "cognito", "okta"])
async def test_a_description_holds_only_the_characters_of_the_rfc(shape: str) -> None:
    """RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E."""
    issuer = LocalIssuer(shape=shape)

    answer = await ask(issuer, {"grant_type": 'né"\\\r\n{detail}', **FORMS[shape]}, auth=READER)

    assert all(" " <= character <= "~" and character not in '"\\' for character in answer.json()["error_description"])


async def test_every_token_request_is_counted() -> None:
    issuer = LocalIssuer()

    await ask(issuer)
    await ask(issuer, {})

    assert issuer.requests == {"token": 2}


def _entra(**changes: str) -> dict[str, str]:
    return {name: value for name, value in {**POST, "scope": "api://orders/.default", **changes}.items() if value}


@pytest.mark.parametrize("shape", ["entra_v1", "entra_v2"])
@pytest.mark.parametrize(
    ("form", "status", "error", "code"),
    [
        pytest.param(_entra(scope="api://orders"), 400, "invalid_scope", 1002012, id="a scope without .default"),
        pytest.param(_entra(scope="api://orders/Read.All"), 400, "invalid_scope", 1002012, id="a scope with a permission"),
        pytest.param(_entra(scope="/.default"), 400, "invalid_scope", 1002012, id=".default of nothing"),
        pytest.param(_entra(scope="openid api://orders/.default"), 400, "invalid_scope", 1002012, id="two scopes"),
        pytest.param(_entra(scope=""), 400, "invalid_request", 900144, id="no scope"),
        pytest.param(_entra(grant_type=""), 400, "invalid_request", 900144, id="no grant type"),
        pytest.param(_entra(grant_type="password"), 400, "unsupported_grant_type", 70003, id="another grant type"),
        pytest.param(_entra(scope="api://billing/.default"), 400, "invalid_resource", 500011, id="an unknown resource"),
        pytest.param(_entra(client_id="stranger"), 400, "unauthorized_client", 700016, id="an unknown application"),
        pytest.param(_entra(client_secret="wrong"), 401, "invalid_client", 7000215, id="a wrong secret"),
        pytest.param(_entra(client_secret=""), 401, "invalid_client", 7000218, id="no secret"),
    ],
)
async def test_entra_refuses_with_its_own_numbers(shape: str, form: dict[str, str], status: int, error: str, code: int) -> None:
    """https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes"""
    body = (answer := await ask(LocalIssuer(shape=shape), form)).json()

    assert (answer.status_code, body["error"], body["error_codes"]) == (status, error, [code])
    assert body["error_description"].startswith(f"AADSTS{code}: ")


async def test_entra_says_when_and_under_which_ids_it_refused() -> None:
    """learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow"""
    issuer = LocalIssuer(shape="entra_v2", clock=FakeClock(now=1_676_369_774))

    body = (await ask(issuer, _entra(scope="api://orders"))).json()

    assert body["error_description"] == (
        "AADSTS1002012: The provided value for scope api://orders is not valid. Client credential flows must have a scope value "
        "with /.default suffixed to the resource identifier (application ID URI).\r\n"
        f"Trace ID: {body['trace_id']}\r\nCorrelation ID: {body['correlation_id']}\r\nTimestamp: 2023-02-14 10:16:14Z"
    )
    assert body["timestamp"] == "2023-02-14 10:16:14Z"


async def test_each_refusal_of_entra_has_ids_of_its_own() -> None:
    issuer = LocalIssuer(shape="entra_v2")

    bodies = [(await ask(issuer, {})).json() for _ in range(2)]

    assert bodies[0]["trace_id"] != bodies[1]["trace_id"]


@pytest.mark.parametrize("shape", ["entra_v1", "entra_v2"])
async def test_another_tenant_of_entra_is_unknown(shape: str) -> None:
    """AADSTS90002."""
    issuer = LocalIssuer(shape=shape)
    elsewhere = issuer.token_endpoint.replace("11111111-2222-3333-4444-555555555555", "other-tenant")

    async with http(issuer) as client:
        answer = await client.post(elsewhere, data=_entra())

    assert (answer.status_code, answer.json()["error_codes"]) == (400, [90002])


async def test_the_v1_endpoint_of_entra_takes_a_resource() -> None:
    issuer = LocalIssuer(shape="entra_v1")

    answer = await ask(issuer, {**POST, "resource": "api://orders"})

    assert verified(issuer, answer.json()["access_token"])["aud"] == "api://orders"


@pytest.mark.parametrize(
    ("form", "number"),
    [
        pytest.param(_entra(client_secret="wrong"), "AADB2C90081", id="a wrong secret"),
        pytest.param(_entra(scope="orders.read"), "AADB2C90117", id="a scope without .default"),
        pytest.param(_entra(grant_type="password"), "AADB2C90086", id="another grant type"),
    ],
)
async def test_b2c_refuses_with_its_own_numbers(form: dict[str, str], number: str) -> None:
    """https://learn.microsoft.com/en-us/azure/active-directory-b2c/error-codes"""
    answer = await ask(LocalIssuer(shape="azure_b2c"), form)

    assert answer.json()["error_description"].startswith(f"{number}: ")


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        pytest.param({"audience": "https://elsewhere.test"}, 403, "access_denied", id="an unknown API"),
        pytest.param({}, 403, "access_denied", id="no audience"),
        pytest.param({"audience": "api://orders", "client_secret": "wrong"}, 401, "access_denied", id="a wrong secret"),
        pytest.param({"audience": "api://orders", "grant_type": "x"}, 403, "unsupported_grant_type", id="another grant type"),
    ],
)
async def test_auth0_denies_access_in_its_own_way(form: dict[str, str], status: int, error: str) -> None:
    answer = await ask(LocalIssuer(shape="auth0"), {**POST, **form})

    assert (answer.status_code, answer.json()["error"]) == (status, error)


async def test_auth0_reads_the_audience() -> None:
    """auth0.com/docs/get-started/authentication-and-authorization-flow/client-credentials-flow"""
    issuer = LocalIssuer(shape="auth0", audience=["api://orders", "api://billing"])

    answer = await ask(issuer, {**POST, "audience": "api://billing"})

    assert verified(issuer, answer.json()["access_token"])["aud"] == "api://billing"


async def test_a_client_of_ones_own_gets_tokens() -> None:
    issuer = LocalIssuer(clients=[LocalClient("billing", "s3cret", roles=["Admin"], claims={"team": "blue"})])

    answer: httpx.Response = await ask(issuer, GRANT, auth=("billing", "s3cret"))

    claims = verified(issuer, answer.json()["access_token"])
    assert (claims["roles"], claims["team"]) == (["Admin"], "blue")
