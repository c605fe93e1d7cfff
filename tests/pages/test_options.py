"""Options, defaults, events, variables and fixtures: the tables of the pages have them all."""

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Final, get_args, get_type_hints

import pytest

from bearerguard import (
    AccessTokenMiddleware,
    ClientCredentials,
    Event,
    Introspection,
    Issuer,
    ResourceServer,
    auth0,
    azure_b2c,
    cognito,
    entra,
    entra_external,
    entra_multitenant,
    keycloak,
    oidc,
    okta,
    principal_of,
    protected_resource_metadata,
    readiness,
)
from bearerguard.audit_log import AuditLog
from bearerguard.error_codes import MISSING_CLAIM
from bearerguard.fastapi import document_security, require
from bearerguard.forward_auth import SignedPrincipals, forward_auth
from bearerguard.issuers import ClaimRule, Profile, RequestForm, application_by_subject
from bearerguard.testing import DEFAULT_CLIENTS, DEFAULT_USERS, LocalClient, LocalIssuer, LocalUser, pytest_plugin
from support.pages import PAGES, ROOT, text_of
from support.preset_tokens import options_passed_on

TEXT: Final = "\n".join(map(text_of, PAGES))
REQUIRED: Final = "required"
POSITIONAL: Final = {"self", "app"}
NAMES: Final[Mapping[str, object]] = {
    "Profile()": Profile(),
    "RequestForm()": RequestForm(),
    "application_by_subject": application_by_subject,
    "DEFAULT_CLIENTS": DEFAULT_CLIENTS,
    "DEFAULT_USERS": DEFAULT_USERS,
    "MISSING_CLAIM": MISSING_CLAIM,
    "frozenset()": frozenset(),
}
PRESETS: Final = (entra, entra_multitenant, entra_external, azure_b2c, auth0, keycloak, cognito, okta, oidc)


def _options_shown(name: str) -> dict[str, str]:
    """Option and default of each row of the table below a line that begins with the call."""
    head = rf"^`{name}\([^\n]*\n\n\| option \| default \| meaning \|\n\|[-|]+\|\n"
    tables = re.findall(rf"{head}((?:\|[^\n]+\n)+)", TEXT, re.MULTILINE)
    assert len(tables) == 1, f"the pages have {len(tables)} tables of the options of {name}"
    return dict(re.findall(r"^\| `(\w+)` \| ([^|]+?) \|", tables[0], re.MULTILINE))


def _options_of(target: Any) -> Iterator[tuple[str, object]]:
    """Name and default of each option; ``REQUIRED`` where it has none."""
    if is_dataclass(target):
        for field in (field for field in fields(target) if field.init):
            made = field.default_factory() if field.default_factory is not MISSING else REQUIRED
            yield field.name, made if field.default is MISSING else field.default
        return
    for parameter in inspect.signature(target).parameters.values():
        if parameter.name not in POSITIONAL and parameter.kind is not parameter.VAR_KEYWORD:
            yield parameter.name, REQUIRED if parameter.default is parameter.empty else parameter.default


def _value(cell: str) -> object:
    text = cell.strip("`")
    return text if cell == REQUIRED else NAMES[text] if text in NAMES else ast.literal_eval(text)


@pytest.mark.parametrize(
    "target",
    [
        ResourceServer,
        AccessTokenMiddleware,
        AuditLog,
        Issuer,
        Introspection,
        ClientCredentials,
        document_security,
        principal_of,
        protected_resource_metadata,
        readiness,
        require,
        Profile,
        ClaimRule,
        LocalIssuer,
        LocalClient,
        LocalUser,
        forward_auth,
        SignedPrincipals,
    ],
)
def test_every_option_is_listed_with_its_default(target: Any) -> None:
    shown = _options_shown(target.__name__)

    assert {name: _value(cell) for name, cell in shown.items()} == dict(_options_of(target))


@pytest.mark.parametrize("made", [ClientCredentials.entra, ClientCredentials.from_env, ResourceServer.from_env])
def test_every_option_of_another_way_to_make_an_object_is_listed_with_its_default(made: Any) -> None:
    shown = _options_shown(made.__qualname__)

    assert {name: _value(cell) for name, cell in shown.items()} == dict(_options_of(made))


def _passed_on() -> Mapping[str, set[str]]:
    """Options that presets pass on to ``Issuer``, and the presets that do not take them."""
    sentence = re.search(r"^Presets take these as `Issuer` does, besides their own: (.+?)\.\n\n", TEXT, re.MULTILINE | re.DOTALL)
    assert sentence is not None
    entries = re.findall(r"`(\w+)`(?: \(not ([^)]+)\))?", sentence[1])
    return {option: set(re.findall(r"`(\w+)`", without)) for option, without in entries}


@pytest.mark.parametrize("preset", PRESETS)
def test_every_option_of_a_preset_is_listed_with_its_default(preset: Any) -> None:
    """Its own in a table; those it passes on are named once for all presets, and are those of ``Issuer``."""
    shown = {name: _value(cell) for name, cell in _options_shown(preset.__name__).items()}
    passed_on = {name for name, without in _passed_on().items() if preset.__name__ not in without}

    assert shown == dict(_options_of(preset))
    assert passed_on == options_passed_on(preset)


def test_every_event_is_named() -> None:
    names = get_args(get_type_hints(Event)["name"])

    assert names
    assert [name for name in names if f"\n| `{name}` | " not in TEXT] == []


def test_every_metric_and_its_attributes_are_named() -> None:
    source = (ROOT / "src" / "bearerguard" / "otel.py").read_text(encoding="utf-8")
    names = set(re.findall(r'"((?:bearerguard|error)\.[a-z_.]+)"', source))

    assert len(names) > 8
    assert [name for name in names if f"`{name}`" not in TEXT] == []


def test_every_way_in_which_a_key_fetch_fails_is_named() -> None:
    row = re.search(r"^\| `keys_failed` \|.*$", TEXT, re.MULTILINE)
    files = [*(ROOT / "src/bearerguard/keys").glob("*.py"), ROOT / "src/bearerguard/bounded_http.py"]
    source = "".join(text_of(path) for path in files)

    assert row is not None
    assert set(re.findall(r"`(\w+)`", row[0])) - {"keys_failed"} == set(
        re.findall(r'\b(?:FetchFailed\(|ExchangeFailed\(|_fail\(flight, )"(\w+)"', source)
    )


def test_every_way_in_which_a_question_to_an_introspection_endpoint_fails_is_named() -> None:
    row = re.search(r"^\| `introspection_failed` \|.*$", TEXT, re.MULTILINE)
    names = {"answer", "endpoint", "introspector"}
    source = "".join(text_of(ROOT / f"src/bearerguard/introspection/{name}.py") for name in names)
    exchanged = text_of(ROOT / "src/bearerguard/bounded_http.py")
    codes = {*re.findall(r'EndpointFailed\(\s*"(\w+)"', source), *re.findall(r'ExchangeFailed\("(\w+)"', exchanged)}
    codes |= set(re.findall(r'code, told = "(\w+)"', source))

    assert row is not None
    assert set(re.findall(r"`(\w+)`", row[0])) - {"introspection_failed"} == codes


def test_every_variable_of_the_environment_is_named() -> None:
    source = "".join(text_of(path) for path in (ROOT / "src/bearerguard/client").glob("*.py"))

    variables = set(re.findall(r"\b(?:AZ|AZURE|BEARERGUARD)_[A-Z]+(?:_[A-Z]+)*\b", source))

    assert len(variables) > 10
    assert {name for name in variables if f"`{name}`" not in TEXT} == set()


def test_every_fixture_is_named() -> None:
    fixtures = [name for name, value in vars(pytest_plugin).items() if type(value).__name__ == "FixtureFunctionDefinition"]

    assert "access_token" in fixtures
    assert [name for name in fixtures if f"`{name}" not in TEXT] == []
