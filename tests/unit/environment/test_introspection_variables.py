"""Introspection by variables: the same as in code, and each wrong variable is named."""

import inspect
import traceback
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bearerguard import ConfigurationError, Introspection, ResourceServer, keycloak
from bearerguard.environment.introspection_variables import SETTINGS
from bearerguard.environment.setting import Setting

START: Final = "BEARERGUARD_API_"
ASKED: Final = f"{START}INTROSPECTION_"
SECRET: Final = "hunter2-of-the-registration"
_WRITTEN: Final = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
PEM_OF_EC: Final = ec.generate_private_key(ec.SECP256R1()).private_bytes(*_WRITTEN)
PEM_OF_RSA: Final = rsa.generate_private_key(65537, 2048).private_bytes(*_WRITTEN)
GIVEN_BY_THE_PROGRAM: Final = {"transport", "profile"}
ALONE: Final = {f"{START}AUDIENCE": "api://orders"}
KEYCLOAK: Final = {
    **ALONE,
    f"{START}PRESET": "keycloak",
    f"{START}BASE_URL": "https://sso.example.com",
    f"{START}REALM": "contoso",
    f"{START}CLIENT_ID": "orders",
}


def asked(**variables: str) -> dict[str, str]:
    known = {"ENDPOINT": "https://issuer.example/introspect", "CLIENT_ID": "orders-api", "CLIENT_SECRET": SECRET}
    return {f"{ASKED}{name}": value for name, value in {**known, **variables}.items()}


def introspection(environ: dict[str, str]) -> Introspection:
    found = ResourceServer.from_env(environ).connection.introspection
    assert found is not None
    return found


def wrong(environ: dict[str, str]) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as raised:
        ResourceServer.from_env(environ)
    return raised.value


def test_every_option_but_objects_has_a_variable() -> None:
    options = set(inspect.signature(Introspection).parameters) - GIVEN_BY_THE_PROGRAM - {"private_key"}

    assert {setting.keyword for setting in SETTINGS} == options | {"client_secret_file", "private_key_file"}


def test_without_variables_nothing_is_asked() -> None:
    assert ResourceServer.from_env(KEYCLOAK).connection.introspection is None


def test_the_variables_are_the_options() -> None:
    found = introspection(KEYCLOAK | asked(AUDIENCE="a b", CACHE_FOR="2.5", TIMEOUT="3", ONLY_THIS_API="1", ALSO_JWT="1"))

    assert (found.endpoint, found.client_id, found.client_auth) == ("https://issuer.example/introspect", "orders-api", "basic")
    assert (found.audience, found.cache_for, found.timeout) == ({"a", "b"}, 2.5, 3)
    assert (found.only_this_api, found.also_jwt) == (True, True)


def test_the_preset_of_the_only_issuer_reads_the_roles() -> None:
    own = keycloak("https://sso.example.com", realm="contoso", client_id="orders")

    assert introspection(KEYCLOAK | asked()).record == own
    assert introspection(KEYCLOAK | asked(ENDPOINT="")).record == own


TWO: Final = {
    **ALONE,
    f"{START}ISSUERS": "a b",
    f"{START}A_PRESET": "okta",
    f"{START}A_ISSUER": "https://dev-1.okta.com/oauth2/default",
    f"{START}B_PRESET": "oidc",
    f"{START}B_ISSUER": "https://issuer.example",
    f"{START}B_ROLES_CLAIM": '["groups"]',
}


def test_of_several_issuers_the_named_ones_preset_reads_the_roles() -> None:
    api = ResourceServer.from_env(TWO | asked(ISSUER="https://issuer.example"))

    assert api.connection.introspection is not None
    assert api.connection.introspection.record is api.issuers[1]
    assert introspection(TWO | asked()).named_issuer is None
    assert introspection(TWO | asked(ISSUER="https://third.example")).named_issuer == "https://third.example"


def test_without_a_preset_the_endpoint_is_asked_about_every_token() -> None:
    api = ResourceServer.from_env(ALONE | asked())

    assert api.issuers == ()
    assert api.connection.introspection is not None


def test_a_secret_and_a_key_may_be_in_files(tmp_path: Path) -> None:
    secret, key = tmp_path / "secret", tmp_path / "key.pem"
    secret.write_text(f"{SECRET}\n", encoding="utf-8")
    key.write_bytes(PEM_OF_EC)

    by_secret = introspection(KEYCLOAK | asked(CLIENT_SECRET="", CLIENT_SECRET_FILE=str(secret)))
    by_key = introspection(KEYCLOAK | asked(CLIENT_SECRET="", PRIVATE_KEY_FILE=str(key), KEY_ID="k", SIGNING_ALGORITHM="ES256"))

    assert (by_secret.client_auth, by_key.client_auth) == ("basic", "private_key_jwt")


WRONG: Final = [
    ("ENDPOINT", "http://issuer.example/introspect"),
    ("ISSUER", " "),
    ("CLIENT_ID", " "),
    ("CLIENT_SECRET_FILE", "/nowhere/secret"),
    ("PRIVATE_KEY_FILE", "/nowhere/key.pem"),
    ("CLIENT_AUTH", "digest"),
    ("AUDIENCE", " "),
    ("ONLY_THIS_API", "yes"),
    ("CACHE_FOR", "-1"),
    ("CACHE_FOR", "3601"),
    ("ALSO_JWT", "on"),
    ("TIMEOUT", "a second"),
    ("TIMEOUT", "31"),
    ("INSECURE_ALLOW_HTTP", "2"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_variable_is_named_with_a_valid_value(name: str, value: str) -> None:
    without_secret = {"CLIENT_SECRET": ""} if name.endswith("_FILE") else {}
    error = wrong(KEYCLOAK | asked(**without_secret, **{name: value}))

    assert error.parameter == f"{ASKED}{name}"
    assert error.example.startswith(f"{ASKED}{name}=")


@pytest.mark.parametrize("setting", [setting for setting in SETTINGS if not setting.keyword.endswith("_file")])
def test_the_value_that_an_error_shows_is_valid(setting: Setting, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(PEM_OF_RSA)
    signs = setting.keyword in ("key_id", "signing_algorithm", "assertion_audience")
    proof = {"CLIENT_SECRET": "", "PRIVATE_KEY_FILE": str(tmp_path / "key.pem")} if signs else {}

    introspection(KEYCLOAK | asked(**proof | {setting.keyword.upper(): setting.example}))


def test_a_missing_variable_is_named_with_a_valid_value() -> None:
    assert wrong(KEYCLOAK | asked(CLIENT_ID="")).parameter == f"{ASKED}CLIENT_ID"
    assert wrong(KEYCLOAK | asked(CLIENT_SECRET="")).parameter == f"{ASKED}CLIENT_SECRET"
    assert wrong(ALONE | asked(ENDPOINT="")).parameter == f"{ASKED}ENDPOINT"
    assert wrong(ALONE).parameter == f"{START}PRESET"


def test_a_secret_that_is_given_twice_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET, encoding="utf-8")

    error = wrong(KEYCLOAK | asked(CLIENT_SECRET_FILE=str(file)))
    assert error.parameter == f"{ASKED}CLIENT_SECRET and {ASKED}CLIENT_SECRET_FILE"


def test_a_misspelt_variable_is_named() -> None:
    error = wrong(KEYCLOAK | asked(CLIENT_SECRETS="x"))

    assert (error.parameter, error.example) == (f"{ASKED}CLIENT_SECRETS", f"{ASKED}CLIENT_SECRET")


@pytest.mark.parametrize(
    "change",
    [{f"{START}LEEWAY": "x"}, {f"{ASKED}TIMEOUT": "x"}, {f"{START}PRESET": "x"}, {f"{START}X": "x"}, {f"{START}AUDIENCE": ""}],
)
def test_a_crash_report_with_local_variables_shows_no_secret(change: dict[str, str]) -> None:
    environ = KEYCLOAK | asked() | change
    library = str(Path(inspect.getfile(ResourceServer)).parent)
    with pytest.raises(ConfigurationError) as raised:
        ResourceServer.from_env(environ)

    error: BaseException | None = raised.value
    while error is not None:
        report = traceback.TracebackException.from_exception(error, capture_locals=True)
        frames = [frame for frame in report.stack if frame.filename.startswith(library)]
        assert frames or error is not raised.value
        assert SECRET not in "".join(traceback.StackSummary.from_list(frames).format())
        error = error.__context__
