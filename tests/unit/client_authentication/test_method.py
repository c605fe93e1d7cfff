"""How a client proves itself at an endpoint: what a request carries, and what must not be shown of it."""

from base64 import b64decode
from urllib.parse import quote_plus

import pytest

from bearerguard.client_authentication.method import Basic, ClientAuthentication, FederatedAssertion, Post, TlsClientAuth
from bearerguard.client_authentication.secret import Secret
from bearerguard.errors import ConfigurationError

ENDPOINT = "https://issuer.example/introspect"
SECRET = "p+w/?"
ASSERTION = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJiaWxsaW5nIn0.c2ln"
WAYS: list[ClientAuthentication] = [
    Basic("billing", Secret(SECRET)),
    Post("billing", Secret(SECRET)),
    FederatedAssertion("billing", Secret(ASSERTION)),
    TlsClientAuth("billing"),
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: type(way).__name__)
def test_everything_secret_in_a_proof_is_named_and_nothing_of_it_is_in_a_repr(way: ClientAuthentication) -> None:
    proof = way.proof(endpoint=ENDPOINT, now=0.0)
    named = {secret.reveal() for secret in proof.secrets}
    sent = {value for _, value in (*proof.headers, *proof.parameters)}
    assert sent & {SECRET, ASSERTION, quote_plus(SECRET)} <= named
    assert not [secret for secret in (SECRET, ASSERTION) if secret in f"{way!r} {proof!r}"]


def test_basic_is_a_header_alone_and_the_others_are_parameters_alone() -> None:
    """RFC 6749 §2.3: one method in each request."""
    proofs = [way.proof(endpoint=ENDPOINT, now=0.0) for way in WAYS]
    assert [bool(proof.headers) for proof in proofs] == [True, False, False, False]
    assert [bool(proof.parameters) for proof in proofs] == [False, True, True, True]
    assert b64decode(proofs[0].headers[0][1].removeprefix("Basic ")) == b"billing:p%2Bw%2F%3F"


def test_only_what_is_read_or_signed_for_each_request_may_block() -> None:
    assert [way.may_block for way in WAYS] == [False, False, True, False]
    assert [kind("billing", Secret(lambda: SECRET)).may_block for kind in (Basic, Post)] == [True, True]


@pytest.mark.parametrize("kind", [Basic, Post])
def test_a_secret_that_changed_into_something_unusable_is_told_without_showing_it(kind: type[Basic | Post]) -> None:
    with pytest.raises(ConfigurationError) as raised:
        kind("billing", Secret(lambda: "hunter2\n")).proof(endpoint=ENDPOINT, now=0.0)
    assert raised.value.parameter == "client_secret"
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c.d", "a..c", "a.b.c\n", " a.b.c", '"a.b.c"'], ids=repr)
def test_an_assertion_that_changed_into_something_else_is_not_sent(text: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        FederatedAssertion("billing", Secret(lambda: text)).proof(endpoint=ENDPOINT, now=0.0)
    assert raised.value.parameter == "client_assertion_file"
