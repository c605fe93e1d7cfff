"""The introspection endpoint (RFC 7662) and the revocation endpoint (RFC 7009)."""

from collections.abc import Mapping
from typing import Any, Final

import httpx
import pytest

from bearerguard.testing import FakeClock, LocalClient, LocalIssuer, SigningKey
from bearerguard.testing.assertion_verifier import ASSERTION_TYPE
from bearerguard.testing.shapes import SHAPES
from support.plain_jwt import ask, get, http

pytestmark = pytest.mark.anyio
NOW: Final = 1_767_268_800
API: Final = ("reader", "reader-secret")
WITH_INTROSPECTION: Final = sorted(name for name in SHAPES if LocalIssuer(shape=name).introspection_endpoint)


def _issuer(**settings: Any) -> LocalIssuer:
    return LocalIssuer(clock=FakeClock(now=NOW), **settings)


async def _post(url: str, issuer: LocalIssuer, form: Mapping[str, Any], **request: Any) -> httpx.Response:
    async with http(issuer) as client:
        return await client.post(url, data=form, **{"auth": API, **request})


async def _introspected(issuer: LocalIssuer, token: str, **request: Any) -> httpx.Response:
    return await _post(issuer.introspection_endpoint, issuer, {"token": token}, **request)


async def _revoked(issuer: LocalIssuer, token: str, **request: Any) -> httpx.Response:
    return await _post(issuer.revocation_endpoint, issuer, {"token": token}, **request)


# --- what it says


@pytest.mark.parametrize("opaque", [True, False])
async def test_an_active_token_is_described(opaque: bool) -> None:
    """RFC 7662 §2.2."""
    issuer = _issuer()

    answer = await _introspected(issuer, issuer.mint("writer", opaque=opaque))

    described = answer.json()
    assert isinstance(described.pop("jti"), str)
    assert described == {
        "active": True,
        "token_type": "Bearer",
        "iss": "https://issuer.test",
        "exp": NOW + 3600,
        "iat": NOW,
        "aud": "api://orders",
        "sub": "writer",
        "client_id": "writer",
        "scope": "orders.read orders.write",
        "roles": ["Read.All", "Write.All"],
    }


@pytest.mark.parametrize("shape", WITH_INTROSPECTION)
async def test_client_and_scopes_have_the_names_of_the_rfc_at_every_vendor(shape: str) -> None:
    issuer = _issuer(shape=shape)
    described = (await _introspected(issuer, issuer.mint("reader", opaque=True))).json()

    assert (described["active"], described["client_id"]) == (True, "reader")
    assert "orders.read" in described.get("scope", "").split() or "application" not in issuer.vendor.scopes_of


async def test_a_users_opaque_token_is_described_as_the_users() -> None:
    issuer = _issuer()

    assert (await _introspected(issuer, issuer.mint(user="alice", opaque=True))).json()["sub"] == "alice"


async def test_an_answer_may_not_be_kept() -> None:
    issuer = _issuer()

    assert (await _introspected(issuer, issuer.mint(opaque=True))).headers["cache-control"] == "no-store"


async def test_an_opaque_token_says_nothing_by_itself() -> None:
    """RFC 6749 §1.4: opaque to the client; it must not be taken for a JWT."""
    token = _issuer().mint("reader", opaque=True)

    assert "." not in token
    assert len(token) >= 43


# --- what is not active


def _expired(issuer: LocalIssuer) -> str:
    return issuer.mint(opaque=True, lifetime=-1)


def _early(issuer: LocalIssuer) -> str:
    return issuer.mint(opaque=True, claims={"nbf": NOW + 1})


def _endless(issuer: LocalIssuer) -> str:
    return issuer.mint(opaque=True, claims={"exp": None})


def _with_a_text_as_expiry(issuer: LocalIssuer) -> str:
    return issuer.mint(opaque=True, claims={"exp": "tomorrow"})


def _forged(issuer: LocalIssuer) -> str:
    return issuer.mint(key=SigningKey(kid=issuer.signing_key.kid))


def _of_an_unknown_key(issuer: LocalIssuer) -> str:
    assert issuer.signing_key  # made first, so that it is another one
    return issuer.mint(key=SigningKey())


def _unsigned(issuer: LocalIssuer) -> str:
    return issuer.mint(header={"alg": "none"})


def _of_another_issuer(_issuer: LocalIssuer) -> str:
    return LocalIssuer().mint(opaque=True)


def _revoked_opaque(issuer: LocalIssuer) -> str:
    issuer.revoke(token := issuer.mint(opaque=True))
    return token


def _revoked_jwt(issuer: LocalIssuer) -> str:
    issuer.revoke(token := issuer.mint())
    return token


@pytest.mark.parametrize(
    "make",
    [
        _expired,
        _early,
        _endless,
        _with_a_text_as_expiry,
        _forged,
        _of_an_unknown_key,
        _unsigned,
        _of_another_issuer,
        _revoked_opaque,
        _revoked_jwt,
        LocalIssuer.mint_id_token,
        lambda _: "unknown",
        lambda _: "a.b.c",
        lambda _: "\u00e9",
    ],
)
async def test_of_a_token_that_is_not_active_nothing_else_is_told(make: Any) -> None:
    """RFC 7662 §2.2."""
    issuer = _issuer()

    answer = await _introspected(issuer, make(issuer))

    assert (answer.status_code, answer.json()) == (200, {"active": False})


async def test_a_token_ends_when_its_time_has_come() -> None:
    issuer = LocalIssuer(clock=(clock := FakeClock(now=NOW)))
    token = issuer.mint(opaque=True, lifetime=60)
    clock.advance(59)
    assert (await _introspected(issuer, token)).json()["active"] is True

    clock.advance(1)

    assert (await _introspected(issuer, token)).json() == {"active": False}


async def test_other_tokens_stay_active_when_one_is_revoked() -> None:
    issuer = _issuer()
    token, other = issuer.mint(opaque=True), issuer.mint(opaque=True)

    issuer.revoke(token)

    assert (await _introspected(issuer, other)).json()["active"] is True


async def test_a_twin_knows_the_tokens_of_the_other() -> None:
    main = _issuer()
    twin = LocalIssuer("https://twin.test", twin_of=main)
    token = main.mint(opaque=True)

    assert (await _introspected(twin, token)).json()["active"] is True
    twin.revoke(token)
    assert (await _introspected(main, token)).json()["active"] is False


# --- who may ask


@pytest.mark.parametrize("endpoint", ["introspection", "revocation"])
@pytest.mark.parametrize("auth", [None, ("reader", "wrong"), ("stranger", "reader-secret")])
async def test_only_registered_clients_may_ask(endpoint: str, auth: tuple[str, str] | None) -> None:
    """RFC 7662 §2.1, RFC 7009 §2.1: otherwise anybody could try tokens."""
    issuer = _issuer()
    token = issuer.mint(opaque=True)
    url = issuer.introspection_endpoint if endpoint == "introspection" else issuer.revocation_endpoint

    answer = await _post(url, issuer, {"token": token}, auth=auth)

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert (await _introspected(issuer, token)).json()["active"] is True


async def test_a_client_may_send_its_secret_in_the_body() -> None:
    issuer = _issuer()
    secret = {"client_id": "reader", "client_secret": "reader-secret"}

    answer = await _post(issuer.introspection_endpoint, issuer, {"token": issuer.mint(), **secret}, auth=None)

    assert answer.json()["active"] is True


@pytest.mark.parametrize("endpoint", ["introspection", "revocation"])
async def test_a_client_may_prove_itself_by_a_signed_assertion(endpoint: str) -> None:
    """RFC 7523 §2.2."""
    key = SigningKey("ES256", kid="api-1")
    client = LocalClient("api", public_jwks={"keys": [key.public_jwk()]})
    issuer = LocalIssuer(clients=[client], clock=FakeClock(now=NOW))
    url = issuer.introspection_endpoint if endpoint == "introspection" else issuer.revocation_endpoint
    claims = {"iss": "api", "sub": "api", "aud": url, "exp": NOW + 60, "jti": "one"}
    signed = key.compact({"alg": "ES256", "kid": "api-1"}, claims)
    proof = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": signed}

    assert (await _post(url, issuer, {"token": issuer.mint(), **proof}, auth=None)).status_code == 200


@pytest.mark.parametrize("endpoint", ["introspection", "revocation"])
@pytest.mark.parametrize(
    ("request_", "error"),
    [
        pytest.param({"data": {}}, "invalid_request", id="no token"),
        pytest.param({"data": {"token": ["a", "b"]}}, "invalid_request", id="two tokens"),
        pytest.param({"json": {"token": "a"}}, "invalid_request", id="JSON"),
    ],
)
async def test_a_request_that_is_not_as_it_should_be_is_refused(endpoint: str, request_: dict[str, Any], error: str) -> None:
    issuer = _issuer()
    url = issuer.introspection_endpoint if endpoint == "introspection" else issuer.revocation_endpoint

    async with http(issuer) as client:
        answer = await client.post(url, auth=API, **request_)

    assert (answer.status_code, answer.json()["error"]) == (400, error)


async def test_a_token_in_the_query_is_not_read() -> None:
    """RFC 7662 §2.1: POST, in the body; a query ends up in logs."""
    issuer = _issuer()
    url = f"{issuer.introspection_endpoint}?token={issuer.mint(opaque=True)}"

    assert (await get(issuer, url)).status_code == 405
    assert (await _post(url, issuer, {})).status_code == 400


# --- revocation


@pytest.mark.parametrize("opaque", [True, False])
async def test_a_client_revokes_its_own_token(opaque: bool) -> None:
    issuer = _issuer()
    token = issuer.mint("reader", opaque=opaque)

    answer = await _revoked(issuer, token)

    assert (answer.status_code, answer.content) == (200, b"")
    assert (await _introspected(issuer, token)).json() == {"active": False}


async def test_the_token_of_another_client_is_not_revoked() -> None:
    """RFC 7009 §2.1."""
    issuer = _issuer()
    token = issuer.mint("writer", opaque=True)

    answer = await _revoked(issuer, token)

    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")
    assert (await _introspected(issuer, token)).json()["active"] is True


async def test_an_unknown_token_counts_as_revoked() -> None:
    """RFC 7009 §2.2: the client could do nothing about it."""
    assert (await _revoked(_issuer(), "unknown")).status_code == 200


async def test_a_hint_of_the_tokens_type_is_of_no_effect() -> None:
    issuer = _issuer()
    token = issuer.mint("reader", opaque=True)

    await _post(issuer.revocation_endpoint, issuer, {"token": token, "token_type_hint": "refresh_token"})

    assert (await _introspected(issuer, token)).json() == {"active": False}


# --- around it


async def test_a_client_may_get_opaque_tokens_from_the_token_endpoint() -> None:
    issuer = LocalIssuer(clients=[LocalClient("reader", "reader-secret", roles=["Read.All"], opaque_tokens=True)])

    token = (await ask(issuer)).json()["access_token"]

    assert "." not in token
    assert (await _introspected(issuer, token)).json()["roles"] == ["Read.All"]


async def test_one_token_of_such_a_client_may_be_a_jwt() -> None:
    issuer = LocalIssuer(clients=[LocalClient("reader", "reader-secret", opaque_tokens=True)])

    assert "." not in issuer.mint()
    assert issuer.mint(opaque=False).count(".") == 2


@pytest.mark.parametrize("shape", WITH_INTROSPECTION)
async def test_the_metadata_names_both_endpoints(shape: str) -> None:
    """RFC 8414 §2."""
    issuer = LocalIssuer(shape=shape)

    document = (await get(issuer, issuer.metadata_url)).json()

    assert document["introspection_endpoint"] == issuer.introspection_endpoint
    assert document["revocation_endpoint"] == issuer.revocation_endpoint
    assert "private_key_jwt" in document["introspection_endpoint_auth_methods_supported"]


@pytest.mark.parametrize("shape", sorted(SHAPES.keys() - set(WITH_INTROSPECTION)))
async def test_the_metadata_of_other_vendors_names_none(shape: str) -> None:
    issuer = LocalIssuer(shape=shape)

    assert issuer.revocation_endpoint == ""
    if issuer.metadata_url:
        assert "introspection_endpoint" not in (await get(issuer, issuer.metadata_url)).json()


async def test_requests_are_counted() -> None:
    issuer = _issuer()

    await _introspected(issuer, "a")
    await _introspected(issuer, "b", auth=None)
    await _revoked(issuer, "a")

    assert issuer.requests == {"introspection": 2, "revocation": 1}


async def test_what_a_token_does_not_name_is_not_made_up() -> None:
    issuer = _issuer()
    token = issuer.mint(opaque=True, claims={"client_id": None, "scope": None})

    described = (await _introspected(issuer, token)).json()

    assert not {"client_id", "scope"} & described.keys()
