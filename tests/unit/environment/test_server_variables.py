"""A resource server made of variables: whom it trusts is what they say, and nothing else."""

import inspect
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from bearerguard import ConfigurationError, Issuer, ResourceServer, auth0, entra, oidc
from bearerguard.environment.preset_variables import PRESETS
from bearerguard.environment.setting import Setting
from bearerguard.revocation import Denylist
from bearerguard.testing import FakeClock, LocalIssuer, SigningKey
from support.preset_tokens import PRESETS as FUNCTIONS
from support.preset_tokens import options_passed_on
from support.sealed import AUDIENCE, ISSUER, NOW, claims, key_set, seal, verdict

TENANT: Final = "8f3c1d52-0b6e-4c49-9d55-2f1f6a0f3b11"
START: Final = "BEARERGUARD_API_"


def named(**variables: str) -> dict[str, str]:
    return {f"{START}{name}": value for name, value in variables.items()}


ENTRA: Final = named(PRESET="entra", TENANT_ID=TENANT, AUDIENCE="api://orders")


def required_of(preset: str) -> dict[str, Setting]:
    return {setting.keyword: setting for setting in PRESETS[preset].settings if setting.required}


def minimal(preset: str) -> dict[str, str]:
    """The variables that a preset cannot do without, with the values that its errors show."""
    more = {"tenants": TENANT} if preset == "entra_multitenant" else {}
    shown = {keyword: setting.example for keyword, setting in required_of(preset).items()} | more
    return named(PRESET=preset, AUDIENCE="api://orders") | named(**{name.upper(): value for name, value in shown.items()})


def wrong(environ: Mapping[str, str], **options: Any) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as raised:
        ResourceServer.from_env(environ, **options)
    return raised.value


def flat(issuers: Issuer | tuple[Issuer, ...]) -> tuple[Issuer, ...]:
    return issuers if isinstance(issuers, tuple) else (issuers,)


# --- presets


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_is_called_with_its_variables(preset: str) -> None:
    environ = minimal(preset)
    keywords = {name: setting.read(setting.example) for name, setting in required_of(preset).items()}
    if preset == "entra_multitenant":
        keywords["tenants"] = [TENANT]

    api = ResourceServer.from_env(environ)

    assert api.issuers == flat(FUNCTIONS[preset](**keywords))
    assert api.audience == {"api://orders"}


@pytest.mark.parametrize("preset", FUNCTIONS)
def test_every_option_of_every_preset_has_a_variable(preset: str) -> None:
    own = [p.name for p in inspect.signature(FUNCTIONS[preset]).parameters.values() if p.kind is not p.VAR_KEYWORD]
    passed_on = options_passed_on(FUNCTIONS[preset])

    assert {setting.keyword for setting in PRESETS[preset].settings} == {*own, *passed_on} - {"audience"}
    assert PRESETS[preset].takes_audience == ("audience" in passed_on)


@pytest.mark.parametrize(("preset", "setting"), [(name, setting) for name in PRESETS for setting in PRESETS[name].settings])
def test_the_value_that_an_error_shows_is_valid(preset: str, setting: Setting) -> None:
    environ = minimal(preset) | named(**{setting.keyword.upper(): setting.example})
    if setting.keyword == "insecure_any_tenant":
        del environ[f"{START}TENANTS"]  # one or the other

    ResourceServer.from_env(environ)


@pytest.mark.parametrize(
    ("preset", "name"),
    [(preset, name) for preset in PRESETS for name in required_of(preset)] + [("entra_multitenant", "tenants")],
)
def test_a_missing_variable_is_named_with_a_valid_value(preset: str, name: str) -> None:
    environ = minimal(preset)
    variable = f"{START}{name.upper()}"
    value = environ.pop(variable)

    error = wrong(environ)

    assert error.parameter == variable
    assert variable in error.example
    assert value in error.example


def test_all_missing_variables_are_named_at_once() -> None:
    assert wrong(named(PRESET="keycloak")).parameter == ", ".join(
        named(AUDIENCE="", BASE_URL="", REALM="", CLIENT_ID=""),
    )


def test_an_empty_variable_counts_as_missing() -> None:
    assert wrong({**ENTRA, f"{START}AUDIENCE": ""}).parameter == f"{START}AUDIENCE"


WRONG: Final = [
    ("TENANT_ID", "contoso.onmicrosoft.com"),
    ("TENANT_ID", "common"),
    ("AUTHORITY", "http://login.microsoftonline.com"),
    ("ALGORITHMS", "none"),
    ("ALGORITHMS", "HS256"),
    ("ALGORITHMS", " "),
    ("REQUIRE_AT_JWT", "yes"),
    ("JWKS_URI", "http://issuer.example/jwks"),
    ("JWKS", "[]"),
    ("JWKS", '{"keys": [], "keys": []}'),
    ("INSECURE_ALLOW_HTTP", "on"),
    ("AUDIENCE", " "),
    ("AUDIENCE", "api://orders/.default"),
    ("LEEWAY", "nan"),
    ("LEEWAY", "-1"),
    ("LEEWAY", "301"),
    ("LEEWAY", "a minute"),
    ("TOKEN_CACHE_SIZE", "1e4"),
    ("TOKEN_CACHE_SIZE", "-1"),
    ("IMPLIED_ROLES", "Read.All"),
    ("IMPLIED_ROLES", '{"ReadWrite.All": "Read.All"}'),
    ("IMPLIED_ROLES", '{"Write.All": [], "Write.All": ["Read.All"]}'),
    ("PROXY", "proxy.example"),
    ("PROXY", "ftp://proxy.example"),
    ("CA_FILE", "/nowhere/ca.pem"),
    ("PRESET", "azure"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_variable_is_named_with_a_valid_value(name: str, value: str) -> None:
    error = wrong({**ENTRA, f"{START}{name}": value})

    assert error.parameter == f"{START}{name}"
    assert error.example.startswith(f"{START}{name}=")


@pytest.mark.parametrize("value", ["roles", '{"path": []}', "[" * 100_000, "[1]", "[]"])
def test_a_claim_path_is_a_json_array_of_names(value: str) -> None:
    assert wrong(minimal("oidc") | named(ROLES_CLAIM=value)).parameter == f"{START}ROLES_CLAIM"


def test_a_password_in_the_proxys_url_is_not_shown() -> None:
    assert "hunter2" not in str(wrong({**ENTRA, f"{START}PROXY": "ftp://me:hunter2@proxy.example"}))


# --- unknown variables


@pytest.mark.parametrize(
    "name", ["TENNANT_ID", "DOMAIN", "OLD_PRESET", "INSECURE_ANY_TENANT", "METADATA_URL", "audience", "ISSUER_AUDIENCE", ""]
)
@pytest.mark.parametrize("value", ["", "x"])
def test_a_variable_that_the_preset_does_not_have_is_named(name: str, value: str) -> None:
    assert wrong({**ENTRA, f"{START}{name}": value}).parameter == f"{START}{name}"


def test_the_error_of_a_misspelt_variable_shows_the_right_name() -> None:
    assert wrong({**ENTRA, f"{START}LEWAY": "5"}).example == f"{START}LEEWAY"


# --- whom we trust


def test_variables_of_azures_libraries_never_decide_whom_we_trust() -> None:
    other = "0d9a5f7e-3c1b-4e88-b7f2-6a4e1c2d3b4a"
    azures = {
        "AZURE_TENANT_ID": other,
        "AZURE_AUTHORITY_HOST": "https://login.evil.example",
        "AZURE_CLIENT_ID": other,
        "AZ_TENANT": other,
    }

    assert ResourceServer.from_env({**ENTRA, **azures}).issuers == entra(TENANT)
    assert wrong({**azures, f"{START}AUDIENCE": "api://orders"}).parameter == f"{START}PRESET"
    without_tenant = {name: value for name, value in ENTRA.items() if not name.endswith("TENANT_ID")}
    assert wrong({**without_tenant, **azures}).parameter == f"{START}TENANT_ID"


@pytest.mark.parametrize("prefix", ["AZURE_", "AZ_", "AZURE_API_", "", "ORDERS", "orders_", "_", None])
def test_a_prefix_names_this_api_and_nothing_of_azures(prefix: Any) -> None:
    assert wrong(ENTRA, prefix=prefix).parameter == "prefix"


def test_another_prefix_makes_room_for_a_second_api() -> None:
    environ = {**ENTRA, "STOCK_PRESET": "auth0", "STOCK_DOMAIN": "stock.eu.auth0.com", "STOCK_AUDIENCE": "https://stock.example"}

    assert ResourceServer.from_env(environ, prefix="STOCK_").issuers == (auth0("stock.eu.auth0.com"),)


def test_the_processs_own_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENTRA.items():
        monkeypatch.setenv(name, value)

    assert ResourceServer.from_env().issuers == entra(TENANT)


def test_other_settings_of_the_server_come_from_variables() -> None:
    more = named(AUDIENCE="api://orders https://orders.example", LEEWAY="2.5", TOKEN_CACHE_SIZE="0")
    api = ResourceServer.from_env(ENTRA | more | named(IMPLIED_ROLES='{"Write.All": ["Read.All"]}'))

    assert api.audience == {"api://orders", "https://orders.example"}
    assert (api.connection.leeway, api.connection.token_cache_size) == (2.5, 0)
    assert api.effective_roles(frozenset({"Write.All"})) == {"Write.All", "Read.All"}


# --- several issuers

TWO: Final = named(
    ISSUERS="old New",
    OLD_PRESET="auth0",
    OLD_DOMAIN="dev.eu.auth0.com",
    OLD_AUDIENCE="https://orders.example https://orders.test",
    NEW_PRESET="entra",
    NEW_TENANT_ID=TENANT,
    AUDIENCE="api://orders",
)


def test_several_issuers_have_variables_of_their_own() -> None:
    old = auth0("dev.eu.auth0.com", audience=["https://orders.example", "https://orders.test"])

    assert ResourceServer.from_env(TWO).issuers == (old, *entra(TENANT))


@pytest.mark.parametrize("value", ["old old", "old OLD", "old-api", "old_api", "old,new", " ", "é"])
def test_names_of_issuers_are_letters_and_digits_each_once(value: str) -> None:
    assert wrong({**TWO, f"{START}ISSUERS": value}).parameter == f"{START}ISSUERS"


def test_one_issuer_and_several_contradict_one_another() -> None:
    assert wrong({**TWO, f"{START}PRESET": "entra"}).parameter == f"{START}PRESET and {START}ISSUERS"


def test_a_wrong_variable_of_one_of_several_issuers_is_named() -> None:
    assert wrong({**TWO, f"{START}NEW_TENANT_ID": "common"}).parameter == f"{START}NEW_TENANT_ID"
    assert wrong({**TWO, f"{START}ISSUERS": "old new third"}).parameter == f"{START}THIRD_PRESET"
    assert wrong({**TWO, f"{START}ISSUERS": "new"}).parameter.split(", ")[0] == f"{START}OLD_AUDIENCE"
    assert wrong({**TWO, f"{START}TENANT_ID": TENANT}).parameter == f"{START}TENANT_ID"


def test_an_issuer_that_is_listed_under_two_names_is_an_error() -> None:
    same = named(OLD_PRESET="entra", OLD_TENANT_ID=TENANT)
    environ = {name: value for name, value in TWO.items() if "OLD_" not in name}

    assert wrong(environ | same).parameter == f"{START}ISSUERS"


# --- a denylist in a file


def test_a_denylist_is_read_from_the_file_that_a_variable_names(tmp_path: Path) -> None:
    (tmp_path / "denylist.jsonl").write_text('{"subject": "ann"}\n', encoding="utf-8")
    keys = SigningKey("ES256")
    environ = named(PRESET="oidc", ISSUER=ISSUER, JWKS=json.dumps(key_set(keys)), AUDIENCE=AUDIENCE)
    clock = FakeClock(NOW)

    api = ResourceServer.from_env(environ | named(DENYLIST_FILE=str(tmp_path / "denylist.jsonl")), clock=clock)

    assert verdict(api, seal(claims(sub="ann"), key=keys)) == "token_revoked"
    assert verdict(api, seal(claims(sub="bob"), key=keys)) == "accepted"


@pytest.mark.parametrize("text", [None, "{", '{"sub": "ann"}'])
def test_a_denylist_that_cannot_be_read_is_named(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "denylist.jsonl"
    if text is not None:
        file.write_text(text, encoding="utf-8")

    error = wrong(ENTRA | named(DENYLIST_FILE=str(file)))

    assert error.parameter == f"{START}DENYLIST_FILE"
    assert error.example.startswith(f"{START}DENYLIST_FILE=")


def test_a_denylist_of_the_program_and_one_of_a_variable_contradict_one_another(tmp_path: Path) -> None:
    assert wrong(ENTRA | named(DENYLIST_FILE=str(tmp_path)), revoked=Denylist()).parameter == f"{START}DENYLIST_FILE"


# --- what the program gives


@pytest.mark.anyio
async def test_what_no_variable_can_hold_comes_from_the_program() -> None:
    issuer = LocalIssuer("https://issuer.example")
    environ = named(PRESET="oidc", ISSUER=issuer.issuer, AUDIENCE="api://orders")
    events: list[str] = []
    api = ResourceServer.from_env(
        environ, transport=httpx.ASGITransport(issuer), clock=issuer.clock, on_event=lambda event: events.append(event.name)
    )

    await api.authenticate(issuer.mint(audience="api://orders"))

    assert api.issuers == (oidc("https://issuer.example"),)
    assert events == ["keys_fetched", "token_accepted"]


@pytest.mark.parametrize("name", ["issuers", "audience", "leeway", "transports"])
def test_what_variables_hold_is_not_taken_from_the_program(name: str) -> None:
    with pytest.raises(TypeError, match=name):
        ResourceServer.from_env(ENTRA, **{name: None})  # type: ignore[arg-type]


def test_a_transport_of_the_program_would_make_a_proxy_useless() -> None:
    transport = httpx.ASGITransport(LocalIssuer())

    assert wrong({**ENTRA, f"{START}PROXY": "http://proxy.example:3128"}, transport=transport).parameter == f"{START}PROXY"


def test_a_subclass_makes_its_own_kind() -> None:
    class Ours(ResourceServer):
        pass

    assert type(Ours.from_env(ENTRA)) is Ours
