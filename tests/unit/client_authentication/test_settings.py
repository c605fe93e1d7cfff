"""Which settings make which way for the client to prove itself; every other combination is a wrong setting."""

import itertools
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bearerguard.client_authentication.method import Basic, FederatedAssertion, Post, PrivateKeyJwt, TlsClientAuth
from bearerguard.client_authentication.secret import Secret
from bearerguard.client_authentication.settings import checked_authentication
from bearerguard.errors import ConfigurationError
from support.credentials import sealed

PEM = ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
CREDENTIALS: dict[str, Any] = {"client_secret": "hunter2", "private_key": PEM, "client_assertion_file": "a.b.c"}
RIGHT = {
    ("basic", ("client_secret",)): Basic,
    ("post", ("client_secret",)): Post,
    ("private_key_jwt", ("private_key",)): PrivateKeyJwt,
    ("private_key_jwt", ("client_assertion_file",)): FederatedAssertion,
    ("tls_client_auth", ()): TlsClientAuth,
}
SETS = [names for count in range(4) for names in itertools.combinations(CREDENTIALS, count)]


def made(method: Any, names: tuple[str, ...]) -> object:
    credential = sealed({name: CREDENTIALS[name] for name in names})
    return checked_authentication("billing", client_auth=method, **credential)


@pytest.mark.parametrize("method", ["basic", "post", "private_key_jwt", "tls_client_auth", "none", "client_secret_jwt"])
@pytest.mark.parametrize("names", SETS, ids="+".join)
def test_each_method_takes_its_own_credential_and_no_other(method: str, names: tuple[str, ...]) -> None:
    if (method, names) in RIGHT:
        assert type(made(method, names)) is RIGHT[method, names]
        return
    with pytest.raises(ConfigurationError) as raised:
        made(method, names)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    "option",
    [
        {"private_key_password": "x"},
        {"certificate": "x"},
        {"key_id": "x"},
        {"signing_algorithm": "EdDSA"},
        {"assertion_audience": "x"},
    ],
    ids=lambda option: next(iter(option)),
)
@pytest.mark.parametrize(("method", "names"), [right for right in RIGHT if right[1] != ("private_key",)])
def test_an_option_of_a_key_without_a_key_is_a_wrong_setting(method: str, names: tuple[str, ...], option: dict[str, Any]) -> None:
    credential = sealed({**{name: CREDENTIALS[name] for name in names}, **option})
    with pytest.raises(ConfigurationError):
        checked_authentication("billing", client_auth=method, **credential)  # type: ignore[arg-type]


def test_an_assertion_is_meant_for_the_endpoint_unless_another_audience_is_named() -> None:
    """RFC 7523 §3: the introspection endpoint is sent an assertion of its own."""
    for settings, audience in (({}, "https://x/introspect"), ({"assertion_audience": "https://x"}, "https://x")):
        way = checked_authentication("billing", client_auth="private_key_jwt", **sealed({"private_key": PEM, **settings}))
        parameters = dict(way.proof(endpoint="https://x/introspect", now=0.0).parameters)
        claims = jwt.decode(parameters["client_assertion"], options={"verify_signature": False})
        assert claims["aud"] == audience


def test_a_key_that_cannot_change_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(PEM)
    for private_key, once in ((Secret(PEM), True), (Secret.of_file("x", tmp_path / "key.pem"), False)):
        way = checked_authentication("billing", client_auth="private_key_jwt", private_key=private_key)
        assert isinstance(way, PrivateKeyJwt)
        assert (way.key() is way.key()) == once
