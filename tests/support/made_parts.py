"""Tables and examples that pages take from the library itself: ``<!-- made: issuer okta -->``."""

import ast
import inspect
import textwrap
import tomllib
from collections.abc import Callable, Iterable, Mapping
from configparser import ConfigParser
from importlib import import_module
from typing import Any, Final

from bearerguard import (
    Issuer,
    auth0,
    azure_b2c,
    cognito,
    entra,
    entra_external,
    errors,
    keycloak,
    oidc,
    okta,
)
from bearerguard.audit_log.line import MEMBERS
from bearerguard.error_codes import ALL_CODES
from support.made_examples import TENANT, explained, help_of_command, log_of_graph_token, speed, token
from support.markdown import table
from support.pages import ROOT
from support.public_modules import PUBLIC_MODULES

POOL: Final = "eu-central-1_Example01"
EXAMPLES: Final[Mapping[str, Issuer | tuple[Issuer, ...]]] = {
    "entra": entra(TENANT),
    "entra_external": entra_external(TENANT, tenant_name="contoso"),
    "azure_b2c": azure_b2c("contoso", TENANT, "B2C_1_signin"),
    "auth0": auth0("dev-1x2y3z.us.auth0.com"),
    "keycloak": keycloak("https://sso.example.com", "contoso", "orders"),
    "cognito": cognito("eu-central-1", POOL, ["reader"]),
    "okta": okta("https://dev-123456.okta.com/oauth2/default"),
    "oidc": oidc("https://issuer.example"),
}
# On the page of errors and that of testing; that of MCP is written by hand, since its module cannot be imported everywhere
_ELSEWHERE: Final = ("bearerguard.error_codes", "bearerguard.testing", "bearerguard.mcp")


def made(name: str) -> str:
    """The text between the marks.

    Raises:
        KeyError: no part has this name.
    """
    kind, _, argument = name.partition(" ")
    return _PARTS[kind](argument)


def _error_codes(_: str) -> str:
    rows = ((f"`{code.code}`", str(code.status), code.cause, code.remedy) for code in ALL_CODES)
    return table(("code", "status", "when", "what to do"), rows)


def _error_tree(_: str) -> str:
    """The tree that the docstring of ``errors.py`` draws."""
    drawn = (inspect.getdoc(errors) or "").partition("::\n\n")[2].partition("\n\n")[0]
    return f"```text\n{textwrap.dedent(drawn)}\n```\n"


def _modules(_: str) -> str:
    """The modules that have an ``__all__``, each with its names."""
    return "\n".join(f"`{module}`:\n\n{_names(module)}" for module in PUBLIC_MODULES if module not in _ELSEWHERE)


def _names(module: str) -> str:
    """Public names with the first sentence of their docstrings."""
    home = import_module(module)
    return table(("name", "what it is"), ((f"`{name}`", _summary(getattr(home, name))) for name in home.__all__))


def _summary(target: object) -> str:
    if isinstance(target, str):
        return f"A string, such as `{target!r}`"
    first = (inspect.getdoc(target) or "").partition("\n")[0]
    return first.replace("``", "`").rstrip(":.")


def _issuer(preset: str) -> str:
    """Where an issuer's documents are, and how its tokens are read: a column for each way of reading them."""
    example = EXAMPLES[preset]
    issuers = example if isinstance(example, tuple) else (example,)
    profiles = _distinct(each.profile for each in issuers)
    columns = [tuple(each for each in issuers if each.profile == profile) for profile in profiles]
    rows = zip(*map(_facts_of, columns), strict=True)
    labels = ("`iss`", "metadata", "token endpoint", "audience", "roles", "scopes", "client", "tenant", "also judged")
    text = table(("", *("" for _ in columns)), ((label, *row) for label, row in zip(labels, rows, strict=True)))
    return text.replace(TENANT, "{tenant_id}")


def _facts_of(issuers: tuple[Issuer, ...]) -> tuple[str, ...]:
    """The rows of one column, for issuers whose tokens are read alike."""
    profile = issuers[0].profile
    return (
        _lines(each.issuer for each in issuers),
        _lines(each.metadata_url for each in issuers),
        _lines(each.token_endpoint for each in issuers) or "named by the metadata",
        f"`{profile.audience_claim}`",
        _paths(profile.roles, " and "),
        _paths(profile.scopes, ", else "),
        _paths(profile.client, ", else ") + (", required" if profile.client_required else ""),
        _paths(profile.tenant, ", else ") or "none",
        "<br>".join(map(_rule, profile.rules)) or "none",
    )


def _distinct(values: Iterable[Any]) -> list[Any]:
    found = list(values)
    return [value for at, value in enumerate(found) if value not in found[:at]]


def _lines(urls: Iterable[str | None]) -> str:
    return "<br>".join(f"`{url}`" for url in dict.fromkeys(urls) if url)


def _paths(paths: Iterable[tuple[str, ...]], between: str) -> str:
    return between.join(f"`{'.'.join(path)}`" for path in paths)


def _rule(rule: Any) -> str:
    name = f"`{'.'.join(rule.path)}`"
    values = " or ".join(f"`{value}`" for value in sorted(rule.values))
    judged = f"{name} is {values}" if values else f"{name} is present"
    return judged if rule.required else f"{judged}, where present"


def _rooms(_: str) -> str:
    """Rooms in the order in which they may be imported, each with the first line of its docstring."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    layers = [[name.strip() for name in layer.split("|")] for layer in reversed(contracts[0]["layers"])]
    rows = ((f"`{_file_of(room)}`", _purpose(room)) for layer in layers for room in layer)
    return table(("room", "what it does"), rows)


def _environments(_: str) -> str:
    """The environments of tox.ini."""
    settings = ConfigParser(interpolation=None)
    settings.read(ROOT / "tox.ini")
    names = [name for name in settings.sections() if name.startswith("testenv:")]
    rows = [(f"`tox -e {name.removeprefix('testenv:')}`", settings[name]["description"]) for name in names]
    tests = ("`tox -e py312`, `py313`", settings["testenv"]["description"])
    return table(("command", "what it does"), (tests, *rows))


def _audit(_: str) -> str:
    """The members of a line of the audit log."""
    return table(("member", "what it is"), ((f"`{name}`", meaning) for name, meaning in MEMBERS.items()))


def _file_of(room: str) -> str:
    return f"{room}/" if (ROOT / "src" / "bearerguard" / room).is_dir() else f"{room}.py"


def _purpose(room: str) -> str:
    """The first line of its docstring; read, since an import may take an extra."""
    file = ROOT / "src" / "bearerguard" / _file_of(room)
    code = (file / "__init__.py" if file.is_dir() else file).read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(code)) or "").partition("\n")[0].rstrip(".").replace("|", "or")


_PARTS: Final[Mapping[str, Callable[[str], str]]] = {
    "errors": _error_codes,
    "tree": _error_tree,
    "modules": _modules,
    "names": _names,
    "rooms": _rooms,
    "environments": _environments,
    "audit": _audit,
    "help": help_of_command,
    "explained": explained,
    "issuer": _issuer,
    "token": token,
    "log": log_of_graph_token,
    "speed": speed,
}
