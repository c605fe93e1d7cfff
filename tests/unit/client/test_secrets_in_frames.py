"""A crash report that prints local variables shows no secret, whichever setting was wrong."""

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

import bearerguard
from bearerguard import ClientCredentials, ConfigurationError
from bearerguard.client.environment import environment
from bearerguard.environment.variables import Variables

LIBRARY: Final = str(Path(bearerguard.__file__).parent)
SECRET: Final = "hunter2-of-the-registration"
PASSWORD: Final = "pa55word-of-the-key"
KEY: Final = ec.generate_private_key(ec.SECP256R1())
PEM: Final = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
SEALED: Final = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"another")).decode()
MARKS: Final = (SECRET, PASSWORD, PEM.splitlines()[1][:30], SEALED.splitlines()[1][:30])

ENDPOINT: Final = {"token_endpoint": "https://issuer.example/token", "client_id": "billing"}
TENANT: Final = "8f3c0000-1111-2222-3333-444455556666"
ENTRA: Final = {"tenant_id": TENANT, "client_id": "billing", "resource": "api://orders"}
AUTH0: Final = {"domain": "dev-orders.us.auth0.com", "client_id": "billing", "audience": "https://orders.example"}
AZURE: Final = {"AZ_TENANT": TENANT, "AZ_CLIENT_ID": "billing", "AZ_CLIENT_SECRET": SECRET, "AZ_RESOURCE": "api://orders"}
GENERIC: Final = {
    "BEARERGUARD_TOKEN_ENDPOINT": "https://issuer.example/token",
    "BEARERGUARD_CLIENT_ID": "billing",
    "BEARERGUARD_CLIENT_SECRET": SECRET,
}
SIGNING: Final = {"client_auth": "private_key_jwt", "private_key": PEM}


def frames_of(make: Callable[..., object], settings: Any, *args: Any) -> str:
    """What a crash report shows of the library's frames, and of everything the error hangs on."""
    with pytest.raises(ConfigurationError) as raised:
        make(*args, **settings)
    shown, error = "", raised.value
    while error is not None:
        report = traceback.TracebackException.from_exception(error, capture_locals=True)
        report.stack = traceback.StackSummary.from_list([frame for frame in report.stack if frame.filename.startswith(LIBRARY)])
        shown += "".join(line for line in report.format(chain=False)) + repr(error.__dict__)
        error = error.__context__  # type: ignore[assignment]
    return shown


def assert_nothing_in(shown: str) -> None:
    assert LIBRARY in shown
    assert [mark for mark in MARKS if mark in shown] == []


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"token_endpoint": "http://issuer.example/token"}, id="endpoint"),
        pytest.param({"client_id": ""}, id="client"),
        pytest.param({"scope": "a  b"}, id="scope"),
        pytest.param({"client_auth": "digest"}, id="method"),
        pytest.param({"client_auth": "private_key_jwt"}, id="method with key"),
        pytest.param({"client_secret": SECRET + "\n"}, id="line break"),
        pytest.param({"client_secret": SECRET.encode()}, id="octets"),
        pytest.param({"private_key": PEM}, id="secret and key"),
        pytest.param({"timeout": -1}, id="timeout"),
        pytest.param({"replay_limit": None}, id="replay limit"),
        pytest.param({"origins": "https://orders.example"}, id="origins"),
    ],
)
def test_a_wrong_setting_beside_a_secret_shows_no_secret(wrong: dict[str, Any]) -> None:
    settings = {**ENDPOINT, "client_secret": SECRET, **wrong}
    assert_nothing_in(frames_of(ClientCredentials, settings))


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"private_key": PEM.replace("PRIVATE", "PRIVATE SECRET")}, id="unreadable key"),
        pytest.param({"private_key": SEALED, "private_key_password": PASSWORD}, id="wrong password"),
        pytest.param({"private_key_password": PASSWORD}, id="needless password"),
        pytest.param({"private_key": SEALED.encode()}, id="no password"),
        pytest.param({"certificate": PEM}, id="key in place of a certificate"),
        pytest.param({"signing_algorithm": "RS256"}, id="algorithm"),
        pytest.param({"assertion_audience": ""}, id="audience of the assertion"),
        pytest.param({"client_secret": SECRET}, id="secret and key"),
        pytest.param({"origins": []}, id="origins"),
    ],
)
def test_a_wrong_setting_beside_a_key_shows_neither_key_nor_password(wrong: dict[str, Any]) -> None:
    settings = {**ENDPOINT, **SIGNING, **wrong}
    assert_nothing_in(frames_of(ClientCredentials, settings))


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"tenant_id": "common"}, id="tenant"),
        pytest.param({"resource": ""}, id="resource"),
        pytest.param({"client_secret": None, "private_key": PEM}, id="no certificate"),
        pytest.param({"private_key": PEM, "certificate": PEM, "private_key_password": PASSWORD}, id="key and secret"),
        pytest.param({"timeout": 0}, id="timeout"),
    ],
)
def test_a_wrong_setting_for_entra_shows_no_secret(wrong: dict[str, Any]) -> None:
    settings = {**ENTRA, "client_secret": SECRET, **wrong}
    assert_nothing_in(frames_of(ClientCredentials.entra, settings))


@pytest.mark.parametrize("wrong", [{"domain": "https://x"}, {"audience": ""}, {"timeout": 0}], ids=repr)
def test_a_wrong_setting_for_auth0_shows_no_secret(wrong: dict[str, Any]) -> None:
    settings = {**AUTH0, "client_secret": SECRET, **wrong}
    assert_nothing_in(frames_of(ClientCredentials.auth0, settings))


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({**AZURE, "AZ_RESOURCE": ""}, id="Entra, a missing variable"),
        pytest.param({**AZURE, "AZ_TENANT": "common"}, id="Entra, a wrong variable"),
        pytest.param({**AZURE, "AZ_TENANT": ""}, id="no tenant"),
        pytest.param({**AZURE, "AZ_PRIVATE_KEY_FILE": "/nowhere/key.pem"}, id="no file"),
        pytest.param({**GENERIC, "BEARERGUARD_CLIENT_ID": ""}, id="a missing variable"),
    ],
)
def test_a_wrong_environment_shows_no_variables_value(wrong: dict[str, str]) -> None:
    assert_nothing_in(frames_of(ClientCredentials.from_env, {}, wrong))
    assert_nothing_in(frames_of(environment, {}, Variables(wrong)))


@pytest.mark.parametrize("wrong", [{"BEARERGUARD_SCOPE": "a  b"}, {"BEARERGUARD_CLIENT_AUTH": "digest"}], ids=repr)
def test_a_wrong_variable_is_found_later_and_shows_no_secret(wrong: dict[str, str]) -> None:
    assert_nothing_in(frames_of(ClientCredentials.from_env, {}, {**GENERIC, **wrong}))


def test_the_processs_own_environment_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**AZURE, "AZ_RESOURCE": "", "BEARERGUARD_TOKEN_ENDPOINT": "", "DATABASE_URL": SECRET}.items():
        monkeypatch.setenv(name, value)
    assert_nothing_in(frames_of(ClientCredentials.from_env, {}))


def test_a_key_from_a_file_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text(SEALED)
    environ = {
        **GENERIC,
        "BEARERGUARD_PRIVATE_KEY_FILE": str(tmp_path / "key.pem"),
        "BEARERGUARD_PRIVATE_KEY_PASSWORD": PASSWORD,
    }
    assert_nothing_in(frames_of(ClientCredentials.from_env, {}, environ))
    assert_nothing_in(frames_of(ClientCredentials.from_env, {"private_key_password": PASSWORD + "2"}, environ))


@pytest.mark.parametrize("wrong", [{"scope": "a  b"}, {"timeout": 0}, {"origins": []}], ids=repr)
def test_a_half_built_object_has_a_repr(wrong: dict[str, Any]) -> None:
    """A crash report prints ``self`` too."""
    shown = frames_of(ClientCredentials, {**ENDPOINT, "client_secret": SECRET, **wrong})

    assert "self = ClientCredentials(" in shown


def test_an_object_that_was_never_built_has_a_repr() -> None:
    assert repr(ClientCredentials.__new__(ClientCredentials)).startswith("ClientCredentials(")
