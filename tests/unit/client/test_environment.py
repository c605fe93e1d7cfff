"""Settings of the environment, against an issuer in memory."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from jwt.algorithms import ECAlgorithm

from bearerguard import ClientCredentials, ConfigurationError
from bearerguard.testing import LocalClient, LocalIssuer
from issuers.client_key import make_client_key
from support.token_endpoint_stub import StubApi, StubEndpoint

SECRET = "hunter2/+%"
TENANT = "8f3c0000-1111-2222-3333-444455556666"
KEY = ec.generate_private_key(ec.SECP256R1())


def get(auth: ClientCredentials, api: StubApi, url: str) -> httpx.Response:
    with httpx.Client(transport=api.transport, auth=auth) as client:
        return client.get(url)


def asgi(issuer: LocalIssuer) -> dict[str, Any]:
    return {"transport": httpx.ASGITransport(issuer)}


def test_settings_may_come_from_the_environment() -> None:
    issuer = LocalIssuer()
    environ = {
        "BEARERGUARD_TOKEN_ENDPOINT": issuer.token_endpoint,
        "BEARERGUARD_CLIENT_ID": "reader",
        "BEARERGUARD_CLIENT_SECRET": "reader-secret",
        "BEARERGUARD_ORIGINS": "https://orders.example https://stock.example",
    }
    auth = ClientCredentials.from_env(environ, **asgi(issuer))
    api = StubApi()
    assert get(auth, api, "https://stock.example").status_code == 200
    with pytest.raises(ConfigurationError):
        get(auth, api, "https://evil.example")
    own = ClientCredentials.from_env(environ, origins=["https://evil.example"], **asgi(issuer))
    assert get(own, api, "https://evil.example").status_code == 200


def test_the_processs_own_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZ_TENANT", TENANT)
    monkeypatch.setenv("AZ_CLIENT_ID", "billing")
    monkeypatch.setenv("AZ_CLIENT_SECRET", SECRET)
    monkeypatch.delenv("BEARERGUARD_TOKEN_ENDPOINT", raising=False)
    shown = repr(ClientCredentials.from_env(resource="api://orders"))
    assert f"{TENANT}/oauth2/v2.0/token" in shown
    assert SECRET not in shown


# --- a local issuer, and keys

LOOPBACK = "http://127.0.0.1:9000"
LOCAL = {
    "BEARERGUARD_TOKEN_ENDPOINT": f"{LOOPBACK}/token",
    "BEARERGUARD_CLIENT_ID": "reader",
    "BEARERGUARD_CLIENT_SECRET": "reader-secret",
}


@pytest.mark.parametrize("on", ["1", "true", "True", " 1"])
def test_a_local_issuer_over_http_may_be_named_in_the_environment(on: str) -> None:
    issuer, api = LocalIssuer(LOOPBACK), StubApi()
    auth = ClientCredentials.from_env({**LOCAL, "BEARERGUARD_INSECURE_ALLOW_HTTP": on}, **asgi(issuer))
    assert get(auth, api, "http://127.0.0.1:8000/orders").status_code == 200
    assert issuer.requests["token"] == 1


def test_a_local_issuer_in_entras_shape_may_be_named_in_the_environment() -> None:
    issuer = LocalIssuer(LOOPBACK, shape="entra_v2")
    environ = {
        "AZ_TENANT": issuer.token_endpoint.removeprefix(f"{LOOPBACK}/").partition("/")[0],
        "AZ_CLIENT_ID": "reader",
        "AZ_CLIENT_SECRET": "reader-secret",
        "AZ_RESOURCE": "api://orders",
        "AZ_AUTHORITY": LOOPBACK,
        "BEARERGUARD_INSECURE_ALLOW_HTTP": "1",
    }
    assert ClientCredentials.from_env(environ, **asgi(issuer)).token_sync()


@pytest.mark.parametrize("off", [None, "", "0", "false", "FALSE"])
def test_http_stays_refused_unless_it_is_switched_on(off: str | None) -> None:
    environ = LOCAL if off is None else {**LOCAL, "BEARERGUARD_INSECURE_ALLOW_HTTP": off}
    with pytest.raises(ConfigurationError) as raised:
        ClientCredentials.from_env(environ)
    assert raised.value.parameter == "token_endpoint"


@pytest.mark.parametrize("unclear", ["yes", "on", "2", "f"])
def test_an_unclear_switch_is_a_wrong_setting(unclear: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        ClientCredentials.from_env({**LOCAL, "BEARERGUARD_INSECURE_ALLOW_HTTP": unclear})
    assert raised.value.parameter == "BEARERGUARD_INSECURE_ALLOW_HTTP"


def test_the_switch_is_for_loopback_alone() -> None:
    """As the option of that name."""
    elsewhere = {**LOCAL, "BEARERGUARD_TOKEN_ENDPOINT": "http://issuer.example/token", "BEARERGUARD_INSECURE_ALLOW_HTTP": "1"}
    with pytest.raises(ConfigurationError) as raised:
        ClientCredentials.from_env(elsewhere)
    assert raised.value.parameter == "token_endpoint"


def test_what_the_program_says_goes_before_the_switch() -> None:
    with pytest.raises(ConfigurationError):
        ClientCredentials.from_env({**LOCAL, "BEARERGUARD_INSECURE_ALLOW_HTTP": "1"}, insecure_allow_http=False)


SEALED = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"sesame"))
SIGNING = {
    "BEARERGUARD_TOKEN_ENDPOINT": "https://issuer.test/token",
    "BEARERGUARD_CLIENT_ID": "billing",
    "BEARERGUARD_PRIVATE_KEY_PASSWORD": "sesame",
    "BEARERGUARD_KEY_ID": "2026",
    "BEARERGUARD_SIGNING_ALGORITHM": "ES256",
    "BEARERGUARD_ASSERTION_AUDIENCE": "https://issuer.test",
}


@pytest.fixture
def key_file(tmp_path: Path) -> str:
    (tmp_path / "key.pem").write_bytes(SEALED)
    return str(tmp_path / "key.pem")


class Overheard(httpx.AsyncBaseTransport):
    """Remembers the assertion that a server was sent."""

    def __init__(self, issuer: LocalIssuer) -> None:
        self._inner = httpx.ASGITransport(issuer)
        self.claims: dict[str, Any] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        form = parse_qs((await request.aread()).decode())
        self.claims = jwt.decode(form["client_assertion"][0], options={"verify_signature": False})
        return await self._inner.handle_async_request(request)


def signing_issuer() -> LocalIssuer:
    jwk = {**ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True), "kid": "2026"}
    return LocalIssuer(clients=[LocalClient("billing", public_jwks={"keys": [jwk]})])


def test_a_sealed_key_and_the_assertions_audience_may_come_from_the_environment(key_file: str) -> None:
    """RFC 7523 §3: some servers expect their issuer."""
    wire = Overheard(signing_issuer())
    auth = ClientCredentials.from_env({**SIGNING, "BEARERGUARD_PRIVATE_KEY_FILE": key_file}, transport=wire)
    assert auth.token_sync()
    assert wire.claims["aud"] == "https://issuer.test"


def test_what_the_program_says_of_a_key_goes_before_the_variables(key_file: str) -> None:
    environ = {
        **SIGNING,
        "BEARERGUARD_PRIVATE_KEY_FILE": key_file,
        "BEARERGUARD_PRIVATE_KEY_PASSWORD": "wrong",
        "BEARERGUARD_SIGNING_ALGORITHM": "RS256",
        "BEARERGUARD_ASSERTION_AUDIENCE": "https://elsewhere.test",
    }
    wire = Overheard(signing_issuer())
    auth = ClientCredentials.from_env(
        environ,
        private_key_password="sesame",
        signing_algorithm="ES256",
        assertion_audience="https://issuer.test/token",
        transport=wire,
    )
    assert auth.token_sync()
    assert wire.claims["aud"] == "https://issuer.test/token"


@pytest.mark.parametrize("variable", ["PRIVATE_KEY_PASSWORD", "SIGNING_ALGORITHM", "ASSERTION_AUDIENCE"])
def test_a_variable_of_a_key_beside_a_secret_is_a_wrong_setting(variable: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        ClientCredentials.from_env({**LOCAL, "BEARERGUARD_TOKEN_ENDPOINT": "https://x.test", f"BEARERGUARD_{variable}": "ES256"})
    assert raised.value.parameter == "client_auth"


# --- the names of Azure's own libraries

ASSERTION = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJiaWxsaW5nIn0.c2lnbmF0dXJl"
WORKLOAD = {"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": "billing", "AZ_RESOURCE": "api://orders"}


@pytest.fixture
def token_file(tmp_path: Path) -> str:
    (tmp_path / "azure-identity-token").write_text(ASSERTION)
    return str(tmp_path / "azure-identity-token")


def form_of(environ: dict[str, str], **options: Any) -> tuple[httpx.URL, dict[str, list[str]]]:
    """Where a token is asked for, and how."""
    endpoint = StubEndpoint()
    ClientCredentials.from_env(environ, transport=endpoint.transport, **options).token_sync()
    return endpoint.requests[0].url, endpoint.form()


def test_a_workload_identity_of_kubernetes_needs_no_secret(token_file: str) -> None:
    """azure.github.io/azure-workload-identity: the webhook sets these four."""
    host = "https://login.microsoftonline.com/"
    url, form = form_of({**WORKLOAD, "AZURE_FEDERATED_TOKEN_FILE": token_file, "AZURE_AUTHORITY_HOST": host})
    assert str(url) == f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token"
    assert form["client_assertion"] == [ASSERTION]
    assert form["scope"] == ["api://orders/.default"]
    assert "client_secret" not in form


def test_a_secret_under_azures_name_is_sent_in_the_body() -> None:
    _, form = form_of({**WORKLOAD, "AZURE_CLIENT_SECRET": SECRET})
    assert (form["client_id"], form["client_secret"]) == (["billing"], [SECRET])


def test_a_certificate_under_azures_name_has_its_key_in_the_same_file(tmp_path: Path) -> None:
    client = make_client_key("billing")
    (tmp_path / "both.pem").write_bytes(client.certificate + client.private_key)
    _, form = form_of({**WORKLOAD, "AZURE_CLIENT_CERTIFICATE_PATH": str(tmp_path / "both.pem")})
    assert "x5t#S256" in jwt.get_unverified_header(form["client_assertion"][0])


@pytest.mark.parametrize("host", ["login.microsoftonline.us", "https://login.microsoftonline.us/"])
def test_azures_authority_may_be_a_host_alone(host: str) -> None:
    url, _ = form_of({**WORKLOAD, "AZURE_CLIENT_SECRET": SECRET, "AZURE_AUTHORITY_HOST": host})
    assert url.host == "login.microsoftonline.us"


def test_names_of_both_kinds_may_be_mixed_as_long_as_one_credential_decides(token_file: str) -> None:
    environ = {"AZ_TENANT": TENANT, "AZ_CLIENT_ID": "billing", "AZURE_FEDERATED_TOKEN_FILE": token_file}
    _, form = form_of({**WORKLOAD, **environ})
    assert form["client_assertion"] == [ASSERTION]


def test_a_credential_under_our_names_may_belong_to_a_client_under_azures() -> None:
    _, form = form_of({**WORKLOAD, "AZ_CLIENT_SECRET": SECRET})
    assert (form["client_id"], form["client_secret"]) == (["billing"], [SECRET])


def test_a_key_goes_before_a_secret(tmp_path: Path) -> None:
    client = make_client_key("billing")
    (tmp_path / "both.pem").write_bytes(client.certificate + client.private_key)
    files = dict.fromkeys(("AZ_PRIVATE_KEY_FILE", "AZ_CERTIFICATE_FILE"), str(tmp_path / "both.pem"))
    _, form = form_of({**WORKLOAD, "AZ_CLIENT_SECRET": SECRET, **files})
    assert "client_secret" not in form
    assert form["client_assertion"]


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ({"AZ_CLIENT_SECRET": SECRET, "AZURE_CLIENT_SECRET": SECRET}, ("AZ_CLIENT_SECRET", "AZURE_CLIENT_SECRET")),
        ({"AZ_CLIENT_SECRET": SECRET, "AZURE_FEDERATED_TOKEN_FILE": "x"}, ("AZ_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE")),
        ({"AZ_PRIVATE_KEY_FILE": "x", "AZURE_CLIENT_SECRET": SECRET}, ("AZ_PRIVATE_KEY_FILE", "AZURE_CLIENT_SECRET")),
        (
            {"AZURE_CLIENT_SECRET": SECRET, "AZURE_FEDERATED_TOKEN_FILE": "x"},
            ("AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE"),
        ),
        ({"AZURE_CLIENT_SECRET": SECRET, "AZ_TENANT": "contoso.onmicrosoft.com"}, ("AZ_TENANT", "AZURE_TENANT_ID")),
        ({"AZURE_CLIENT_SECRET": SECRET, "AZ_CLIENT_ID": "another"}, ("AZ_CLIENT_ID", "AZURE_CLIENT_ID")),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, tuple) else "",
)
def test_two_credentials_or_two_clients_are_a_wrong_setting(more: dict[str, str], names: tuple[str, str]) -> None:
    """Whichever was taken, somebody would wonder."""
    with pytest.raises(ConfigurationError) as raised:
        ClientCredentials.from_env({**WORKLOAD, **more})
    assert all(name in raised.value.parameter for name in names)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(
    ("environ", "names"),
    [
        ({"AZURE_TENANT_ID": TENANT}, "AZURE_CLIENT_ID, AZ_RESOURCE, AZURE_CLIENT_SECRET"),
        ({"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_SECRET": SECRET}, "AZURE_CLIENT_ID, AZ_RESOURCE"),
        ({**WORKLOAD, "AZURE_FEDERATED_TOKEN_FILE": "/nowhere/token"}, "AZURE_FEDERATED_TOKEN_FILE"),
    ],
    ids=["tenant-alone", "no-client", "no-file"],
)
def test_what_is_missing_of_azures_names_is_named(environ: dict[str, str], names: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        ClientCredentials.from_env(environ)
    assert raised.value.parameter == names


# --- files

GENERIC = {"BEARERGUARD_TOKEN_ENDPOINT": "https://issuer.test/token", "BEARERGUARD_CLIENT_ID": "billing"}


def test_any_server_may_be_sent_an_assertion_of_the_platform(token_file: str) -> None:
    _, form = form_of({**GENERIC, "BEARERGUARD_CLIENT_ASSERTION_FILE": token_file})
    assert form["client_assertion"] == [ASSERTION]


@pytest.mark.parametrize(
    "names", [("BEARERGUARD_CLIENT_SECRET_FILE", GENERIC), ("AZ_CLIENT_SECRET_FILE", None)], ids=["any", "az"]
)
def test_a_secret_may_be_in_a_file(tmp_path: Path, names: tuple[str, dict[str, str] | None]) -> None:
    variable, environ = names
    (tmp_path / "secret").write_text(SECRET + "\n")
    az = {"AZ_TENANT": TENANT, "AZ_CLIENT_ID": "billing", "AZ_RESOURCE": "api://orders"}
    _, form = form_of({**(environ or az), variable: str(tmp_path / "secret"), "BEARERGUARD_CLIENT_AUTH": "post"})
    assert form["client_secret"] == [SECRET]


def test_mutual_tls_may_be_named_in_the_environment() -> None:
    _, form = form_of({**GENERIC, "BEARERGUARD_CLIENT_AUTH": "tls_client_auth"})
    assert set(form) == {"grant_type", "client_id"}
