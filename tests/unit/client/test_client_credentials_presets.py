"""Presets, against an issuer of that shape."""

from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from jwt.algorithms import ECAlgorithm

from bearerguard import ClientCredentials, TokenRequestError
from bearerguard.error_hints import hint_for
from bearerguard.testing import LocalIssuer
from bearerguard.testing.local_client import LocalClient
from issuers.client_key import make_client_key

SECRET = "hunter2/+%"
KEY = ec.generate_private_key(ec.SECP256R1())
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def asgi(issuer: LocalIssuer) -> dict[str, Any]:
    return {"transport": httpx.ASGITransport(issuer)}


@pytest.mark.parametrize("client_auth", ["basic", "post"])
def test_an_issuer_of_the_standard_gives_a_token_for_a_secret_of_any_characters(client_auth: Any) -> None:
    """RFC 6749 §2.3.1, from both sides."""
    issuer = LocalIssuer(clients=[LocalClient("bill:ing", SECRET, roles=["Read.All"])])
    auth = ClientCredentials(
        token_endpoint=issuer.token_endpoint, client_id="bill:ing", client_secret=SECRET, client_auth=client_auth, **asgi(issuer)
    )
    assert auth.token_sync().count(".") == 2
    assert issuer.requests["token"] == 1


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_an_issuer_of_the_standard_gives_a_token_for_a_signed_assertion() -> None:
    """RFC 7523; the issuer refuses an assertion it has seen."""
    jwk = {**ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True), "kid": "2026"}
    issuer = LocalIssuer(clients=[LocalClient("billing", public_jwks={"keys": [jwk]})])
    auth = ClientCredentials(
        token_endpoint=issuer.token_endpoint,
        client_id="billing",
        client_auth="private_key_jwt",
        private_key=PEM,
        key_id="2026",
        **asgi(issuer),
    )
    first = await auth.token()
    auth.drop(first)
    assert await auth.token()
    assert issuer.requests["token"] == 2


def entra(issuer: LocalIssuer, **settings: Any) -> ClientCredentials:
    tenant = issuer.token_endpoint.removeprefix("https://issuer.test/").partition("/")[0]
    given = {"client_id": "reader", "client_secret": "reader-secret", "resource": "api://orders", "tenant_id": tenant, **settings}
    return ClientCredentials.entra(authority="https://issuer.test", **given, **asgi(issuer))


def test_the_entra_preset_is_understood_by_an_issuer_of_that_shape() -> None:
    issuer = LocalIssuer(shape="entra_v2")
    assert entra(issuer).token_sync()


@pytest.mark.parametrize(
    ("wrong", "number"),
    [({"client_secret": "wrong"}, 7000215), ({"client_id": "nobody"}, 700016), ({"resource": "api://stock"}, 500011)],
    ids=["secret", "client", "resource"],
)
def test_a_refusal_in_entras_shape_has_its_number_and_a_hint(wrong: dict[str, str], number: int) -> None:
    with pytest.raises(TokenRequestError) as raised:
        entra(LocalIssuer(shape="entra_v2"), **wrong).token_sync()
    assert raised.value.error_codes == (number,)
    assert raised.value.hint
    assert raised.value.trace_id
    assert "Trace ID" not in raised.value.error_description


def test_the_auth0_preset_is_understood_by_an_issuer_of_that_shape() -> None:
    issuer = LocalIssuer("https://dev-orders.us.auth0.com", shape="auth0", audience="https://orders.example")
    auth = ClientCredentials.auth0(
        domain="dev-orders.us.auth0.com",
        client_id="reader",
        client_secret="reader-secret",
        audience="https://orders.example",
        **asgi(issuer),
    )
    assert auth.token_sync()


@pytest.mark.parametrize(
    ("wrong", "status"),
    [({"client_secret": "wrong"}, 401), ({"client_id": "nobody"}, 401), ({"audience": "https://stock.example"}, 403)],
    ids=["secret", "client", "audience"],
)
def test_a_denial_in_auth0s_shape_is_advised_on_by_its_status(wrong: dict[str, str], status: int) -> None:
    issuer = LocalIssuer("https://dev-orders.us.auth0.com", shape="auth0", audience="https://orders.example")
    given: dict[str, Any] = {
        "client_id": "reader",
        "client_secret": "reader-secret",
        "audience": "https://orders.example",
        **wrong,
    }
    with pytest.raises(TokenRequestError) as raised:
        ClientCredentials.auth0(domain="dev-orders.us.auth0.com", **given, **asgi(issuer)).token_sync()
    assert (raised.value.error, raised.value.status) == ("access_denied", status)
    assert raised.value.hint == hint_for("access_denied", status=status)


def test_a_missing_audience_in_auth0s_shape_is_told_from_a_wrong_secret() -> None:
    issuer = LocalIssuer("https://dev-orders.us.auth0.com", shape="auth0", audience="https://orders.example")
    auth = ClientCredentials(
        token_endpoint=issuer.token_endpoint,
        client_id="reader",
        client_secret="reader-secret",
        client_auth="post",
        **asgi(issuer),
    )
    with pytest.raises(TokenRequestError) as raised:
        auth.token_sync()
    assert raised.value.hint == hint_for("access_denied", status=403)


def test_entra_takes_a_sealed_key_and_the_settings_of_assertions() -> None:
    certificate = make_client_key("billing")
    key = load_pem_private_key(certificate.private_key, None)
    sealed = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"sesame"))
    issuer = LocalIssuer(shape="entra_v2", clients=[LocalClient("billing", public_jwks=certificate.public_jwks)])
    auth = entra(
        issuer,
        client_id="billing",
        client_secret=None,
        private_key=sealed,
        private_key_password="sesame",
        certificate=certificate.certificate,
        signing_algorithm="RS256",
        assertion_audience=issuer.token_endpoint,
    )
    assert auth.token_sync()
