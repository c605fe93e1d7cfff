"""Credentials that change under the process: each token request takes the present one."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bearerguard import ClientCredentials, ConfigurationError, TokenRequestError
from bearerguard.testing import FakeClock
from support.token_endpoint_stub import ENDPOINT, StubEndpoint

TENANT = "8f3c0000-1111-2222-3333-444455556666"
FIRST, SECOND = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
ASSERTION = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQ6b3JkZXJzOmJpbGxpbmcifQ.c2lnbmF0dXJl"


def pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def credentials(endpoint: StubEndpoint, **settings: Any) -> ClientCredentials:
    given = {"token_endpoint": ENDPOINT, "client_id": "billing", "transport": endpoint.transport, **settings}
    return ClientCredentials(**given)


def renewed(auth: ClientCredentials) -> str:
    auth.drop(auth.token_sync())
    return auth.token_sync()


# --- secrets


def test_a_secret_from_a_function_is_asked_for_at_each_token_request() -> None:
    endpoint, secrets = StubEndpoint(), iter(["first", "second"])
    auth = credentials(endpoint, client_auth="post", client_secret=lambda: next(secrets))
    renewed(auth)
    assert [endpoint.form(number)["client_secret"] for number in (0, 1)] == [["first"], ["second"]]


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_secret_from_a_file_is_read_again_without_its_line_break(tmp_path: Path, end: str) -> None:
    """As Kubernetes mounts secrets, and editors save them."""
    endpoint, file = StubEndpoint(), tmp_path / "secret"
    file.write_bytes(f"first{end}".encode())
    auth = credentials(endpoint, client_auth="post", client_secret_file=file)
    auth.token_sync()
    file.write_bytes(f"second{end}".encode())
    renewed(auth)
    assert [endpoint.form(number)["client_secret"] for number in (0, -1)] == [["first"], ["second"]]


def test_a_function_is_not_called_before_the_first_token_request() -> None:
    def vault() -> str:
        raise AssertionError

    credentials(StubEndpoint(), client_secret=vault)


# --- what cannot be read


def broken() -> str:
    raise LookupError("hunter2 is gone")


@pytest.mark.parametrize("give", [broken, lambda: "", lambda: "two\nlines", lambda: b"octets", lambda: None], ids=range(5))
@pytest.mark.usefixtures("one_try")
def test_a_function_that_gives_no_secret_is_a_failure_that_may_pass_and_shows_nothing(give: Callable[[], Any]) -> None:
    endpoint = StubEndpoint()
    auth = credentials(endpoint, client_secret=give)
    with pytest.raises(TokenRequestError) as raised:
        auth.token_sync()
    assert raised.value.error == "credential_unavailable"
    assert raised.value.temporary
    assert raised.value.hint
    assert "hunter2" not in f"{raised.value} {raised.value.__cause__} {raised.value.__context__!r}"
    assert endpoint.requests == []


@pytest.mark.usefixtures("one_try")
def test_while_a_file_is_missing_the_token_in_hand_serves(tmp_path: Path) -> None:
    endpoint, file, clock = StubEndpoint(), tmp_path / "secret", FakeClock()
    file.write_text("first")
    auth = credentials(endpoint, client_secret_file=file, clock=clock)
    auth.token_sync()
    file.unlink()
    clock.advance(3300)
    assert [auth.token_sync() for _ in range(5)] == ["token-1"] * 5
    clock.advance(300)
    with pytest.raises(TokenRequestError) as raised:
        auth.token_sync()
    assert raised.value.error == "credential_unavailable"
    file.write_text("second")
    clock.advance(60)
    assert auth.token_sync() == "token-2"


@pytest.mark.parametrize(
    ("settings", "parameter"),
    [
        ({"client_secret_file": "/nowhere/secret"}, "client_secret_file"),
        ({"client_secret_file": 7}, "client_secret_file"),
        ({"client_secret_file": ""}, "client_secret_file"),
        ({"client_secret_file": os.sep}, "client_secret_file"),
        ({"client_secret_file": __file__, "client_secret": "hunter2"}, "client_secret_file"),
        ({"client_secret_file": __file__}, "client_secret"),
        ({"client_auth": "private_key_jwt", "private_key_file": "/nowhere/key.pem"}, "private_key_file"),
        ({"client_auth": "private_key_jwt", "private_key_file": __file__}, "private_key"),
        ({"client_auth": "private_key_jwt", "client_assertion_file": "/nowhere/token"}, "client_assertion_file"),
        ({"client_auth": "private_key_jwt", "client_assertion_file": __file__}, "client_assertion_file"),
        ({"client_assertion_file": __file__, "client_secret": "hunter2"}, "client_auth"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_file_that_is_of_no_use_is_told_when_the_object_is_built(settings: dict[str, Any], parameter: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        credentials(StubEndpoint(), **settings)
    assert raised.value.parameter == parameter
    assert "hunter2" not in str(raised.value)


def test_a_huge_file_is_not_read_whole(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"x" * 65_537)
    with pytest.raises(ConfigurationError) as raised:
        credentials(StubEndpoint(), client_secret_file=tmp_path / "secret")
    assert raised.value.parameter == "client_secret_file"


# --- keys and certificates


def keys_of(endpoint: StubEndpoint) -> Iterator[ec.EllipticCurvePrivateKey]:
    """Which of the two keys signed the assertion of each request."""
    for number in range(len(endpoint.requests)):
        (assertion,) = endpoint.form(number)["client_assertion"]
        for key in (FIRST, SECOND):
            try:
                jwt.decode(assertion, key.public_key(), algorithms=["ES256"], options={"verify_aud": False, "verify_exp": False})
            except jwt.InvalidSignatureError:
                continue
            yield key


def test_a_key_from_a_file_is_read_again(tmp_path: Path) -> None:
    endpoint, file = StubEndpoint(), tmp_path / "key.pem"
    file.write_text(pem(FIRST))
    auth = credentials(endpoint, client_auth="private_key_jwt", private_key_file=file)
    auth.token_sync()
    file.write_text(pem(SECOND))
    renewed(auth)
    assert list(keys_of(endpoint)) == [FIRST, SECOND]


def test_a_key_from_a_function_is_asked_for_at_each_token_request() -> None:
    endpoint, pems = StubEndpoint(), iter([pem(FIRST), pem(SECOND).encode()])
    auth = credentials(endpoint, client_auth="private_key_jwt", private_key=lambda: next(pems))
    renewed(auth)
    assert list(keys_of(endpoint)) == [FIRST, SECOND]


@pytest.mark.usefixtures("one_try")
def test_a_key_half_written_is_a_failure_that_may_pass(tmp_path: Path) -> None:
    endpoint, file = StubEndpoint(), tmp_path / "key.pem"
    file.write_text(pem(FIRST))
    auth = credentials(endpoint, client_auth="private_key_jwt", private_key_file=file)
    file.write_text(pem(SECOND)[:60])
    with pytest.raises(TokenRequestError) as raised:
        auth.token_sync()
    assert raised.value.error == "credential_unavailable"
    assert pem(SECOND)[30:60] not in str(raised.value)


# --- federated assertions


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text(ASSERTION + "\n")
    return file


def test_an_assertion_from_a_file_proves_the_client_to_any_server(token_file: Path) -> None:
    """RFC 7523 §2.2."""
    endpoint = StubEndpoint()
    credentials(endpoint, client_auth="private_key_jwt", client_assertion_file=token_file).token_sync()
    form = endpoint.form()
    assert form["client_assertion"] == [ASSERTION]
    assert form["client_assertion_type"] == ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]
    assert form["client_id"] == ["billing"]


def test_a_federated_assertion_for_entra_is_read_again_when_the_platform_replaces_it(token_file: Path) -> None:
    """learn.microsoft.com/entra/workload-id/workload-identity-federation."""
    endpoint = StubEndpoint()
    auth = ClientCredentials.entra(
        tenant_id=TENANT,
        client_id="billing",
        resource="api://orders",
        federated_token_file=token_file,
        transport=endpoint.transport,
    )
    auth.token_sync()
    token_file.write_text(ASSERTION.replace("c2ln", "c3ln"))
    renewed(auth)
    assert [endpoint.form(number)["client_assertion"] for number in (0, 1)] == [[ASSERTION], [ASSERTION.replace("c2ln", "c3ln")]]
    assert endpoint.form()["scope"] == ["api://orders/.default"]


def test_an_assertion_that_the_endpoint_repeats_is_not_shown(token_file: Path) -> None:
    endpoint = StubEndpoint()
    refused = {"error": "invalid_client", "error_description": f"bad {ASSERTION}"}
    endpoint.script = [httpx.Response(401, json=refused)]
    auth = credentials(endpoint, client_auth="private_key_jwt", client_assertion_file=token_file)
    with pytest.raises(TokenRequestError) as raised:
        auth.token_sync()
    assert ASSERTION not in str(raised.value)


@pytest.mark.parametrize("content", ["", "not a token", f"{ASSERTION} {ASSERTION}", f"{ASSERTION}\n\n"], ids=range(4))
def test_a_file_without_an_assertion_is_told_when_the_object_is_built(token_file: Path, content: str) -> None:
    token_file.write_text(content)
    with pytest.raises(ConfigurationError) as raised:
        credentials(StubEndpoint(), client_auth="private_key_jwt", client_assertion_file=token_file)
    assert raised.value.parameter == "client_assertion_file"


@pytest.mark.parametrize(
    "beside", [{"client_secret": "hunter2"}, {"private_key": pem(FIRST)}, {"key_id": "1"}], ids=["secret", "key", "key-id"]
)
def test_an_assertion_beside_another_credential_is_a_wrong_setting(token_file: Path, beside: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        credentials(StubEndpoint(), client_auth="private_key_jwt", client_assertion_file=token_file, **beside)


# --- a certificate of the connection


def test_with_mutual_tls_the_request_names_the_client_and_carries_no_secret() -> None:
    """RFC 8705 §2."""
    endpoint = StubEndpoint()
    credentials(endpoint, client_auth="tls_client_auth", scope="orders.read").token_sync()
    assert endpoint.form() == {"grant_type": ["client_credentials"], "client_id": ["billing"], "scope": ["orders.read"]}
    assert "authorization" not in endpoint.requests[0].headers


def test_mutual_tls_needs_a_transport_that_has_the_certificate() -> None:
    with pytest.raises(ConfigurationError) as raised:
        credentials(StubEndpoint(), client_auth="tls_client_auth", transport=None)
    assert raised.value.parameter == "transport"


@pytest.mark.parametrize(
    "beside", [{"client_secret": "hunter2"}, {"private_key": pem(FIRST)}, {"key_id": "1"}], ids=["secret", "key", "key-id"]
)
def test_mutual_tls_beside_another_credential_is_a_wrong_setting(beside: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as raised:
        credentials(StubEndpoint(), client_auth="tls_client_auth", **beside)
    assert raised.value.parameter == "client_auth"
