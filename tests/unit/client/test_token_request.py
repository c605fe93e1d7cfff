"""The token request on the wire."""

from base64 import b64decode
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from bearerguard.bounded_http import Request
from bearerguard.client.token_request import build_request
from bearerguard.client.token_settings import checked_settings
from bearerguard.client_authentication.method import Proof
from bearerguard.testing.registered_clients import _basic_credentials
from support.credentials import sealed

NOW = 1_767_268_800.0
SECRET = "p+w/?=&% :é~*"
PEM = ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def sent(**settings: Any) -> Request:
    return whole(**settings)[0]


def whole(claims: str = "", **settings: Any) -> tuple[Request, Proof]:
    endpoint = "https://issuer.example/token"
    checked = checked_settings(token_endpoint=endpoint, client_id="bill:ing", **sealed(settings))
    proof = checked.authentication.proof(endpoint=endpoint, now=NOW)
    return build_request(checked, proof, claims=claims), proof


def form(request: Request) -> dict[str, list[str]]:
    return parse_qs(request.body.decode(), strict_parsing=True)


def test_it_is_a_form_sent_by_post_and_asks_for_json_as_it_is() -> None:
    """RFC 6749 §4.4.2."""
    request = sent(client_secret=SECRET)
    assert (request.method, request.url) == ("POST", "https://issuer.example/token")
    headers = dict(request.headers)
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert headers["Accept"] == "application/json"
    assert form(request) == {"grant_type": ["client_credentials"]}


def test_basic_encodes_id_and_secret_as_a_form_before_joining_them() -> None:
    """RFC 6749 §2.3.1: a colon, a plus or a percent sign of either must survive."""
    scheme, _, value = dict(sent(client_secret=SECRET).headers)["Authorization"].partition(" ")
    assert scheme == "Basic"
    assert b64decode(value, validate=True) == b"bill%3Aing:p%2Bw%2F%3F%3D%26%25+%3A%C3%A9~%2A"


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1))
def test_any_secret_survives_basic(secret: str) -> None:
    assert _basic_credentials(dict(sent(client_secret=secret).headers)["Authorization"]) == ("bill:ing", secret)


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1))
def test_any_secret_survives_the_body(secret: str) -> None:
    assert form(sent(client_secret=secret, client_auth="post"))["client_secret"] == [secret]


def test_post_sends_id_and_secret_in_the_body_and_no_authorization() -> None:
    """RFC 6749 §2.3.1, second choice; one method only (§2.3)."""
    request = sent(client_secret=SECRET, client_auth="post")
    assert form(request) == {"grant_type": ["client_credentials"], "client_id": ["bill:ing"], "client_secret": [SECRET]}
    assert "Authorization" not in dict(request.headers)


def test_an_assertion_comes_with_its_type_and_the_client_id() -> None:
    """RFC 7521 §4.2; Entra demands client_id."""
    request = sent(client_auth="private_key_jwt", private_key=PEM)
    parameters = form(request)
    assert parameters["client_id"] == ["bill:ing"]
    assert parameters["client_assertion_type"] == ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]
    assert parameters["client_assertion"][0].count(".") == 2
    assert "Authorization" not in dict(request.headers)


def test_scope_audience_and_resources_are_sent_where_given() -> None:
    parameters = form(sent(client_secret=SECRET, scope="a b", audience="https://orders.example", resource=["urn:x", "urn:y"]))
    assert (parameters["scope"], parameters["audience"], parameters["resource"]) == (
        ["a b"],
        ["https://orders.example"],
        ["urn:x", "urn:y"],
    )


def test_a_claims_challenge_is_passed_on_as_json() -> None:
    """Continuous Access Evaluation: learn.microsoft.com, claims challenges."""
    claims = '{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}'
    assert form(sent(claims=claims, client_secret=SECRET))["claims"] == [claims]


@pytest.mark.parametrize("client_auth", ["basic", "post"])
def test_no_secret_is_in_the_url_or_in_a_repr(client_auth: str) -> None:
    request = sent(client_secret="hunter2", client_auth=client_auth)
    assert "hunter2" not in request.url
    assert "hunter2" not in repr(request)
    assert b64decode("YmlsbA==").decode() not in repr(request)


def test_everything_secret_in_it_is_named_for_blotting_out() -> None:
    request, proof = whole(client_secret=SECRET)
    value = dict(request.headers)["Authorization"].removeprefix("Basic ")
    assert {secret.reveal() for secret in proof.secrets} >= {SECRET, value}
