"""Tables and examples that pages take from the library itself: ``<!-- made: issuer okta -->``."""

import base64
import inspect
import json
import os
import re
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Callable, Iterable, Mapping
from configparser import ConfigParser
from importlib import import_module
from typing import Any, Final

import anyio

from bearerguard import (
    AccessTokenError,
    Issuer,
    ResourceServer,
    auth0,
    azure_b2c,
    cognito,
    entra,
    errors,
    keycloak,
    oidc,
    okta,
)
from bearerguard.error_codes import ALL_CODES
from bearerguard.testing import FakeClock, LocalIssuer
from support.pages import ROOT
from support.public_modules import PUBLIC_MODULES

TENANT: Final = "11111111-2222-3333-4444-555555555555"
POOL: Final = "eu-central-1_Example01"
EXAMPLES: Final[Mapping[str, Issuer | tuple[Issuer, ...]]] = {
    "entra": entra(TENANT),
    "azure_b2c": azure_b2c("contoso", TENANT, "B2C_1_signin"),
    "auth0": auth0("dev-1x2y3z.us.auth0.com"),
    "keycloak": keycloak("https://sso.example.com", "contoso", "orders"),
    "cognito": cognito("eu-central-1", POOL, ["reader"]),
    "okta": okta("https://dev-123456.okta.com/oauth2/default"),
    "oidc": oidc("https://issuer.example"),
}
ADDRESSES: Final = {
    "entra_v1": "https://login.microsoftonline.com",
    "entra_v2": "https://login.microsoftonline.com",
    "azure_b2c": "https://contoso.b2clogin.com",
    "auth0": "https://dev-1x2y3z.us.auth0.com",
    "keycloak": "https://sso.example.com",
    "cognito": "https://cognito-idp.eu-central-1.amazonaws.com",
    "okta": "https://dev-123456.okta.com",
    "generic": "https://issuer.example",
}

_ELSEWHERE: Final = ("bearerguard.error_codes", "bearerguard.testing")  # the page of errors, and that of testing
SHOWN: Final = {
    "token seen before, added to a Starlette route": 'middleware and `@requires(role("Read.All"))`, added',
    "token seen before, added to a FastAPI route": 'middleware and `require(role("Read.All"))`, added',
    "token never seen, RS256: `authenticate` over the bare verification": "RS256, RFC 9068 token",
    "requests per second over a socket, Starlette with a guard over without": "Starlette with `@requires` over bare",
}
"""Rows of the speed table in README, and how the rows begin in the whole table."""


def made(name: str) -> str:
    """The text between the marks.

    Raises:
        KeyError: no part has this name.
    """
    kind, _, argument = name.partition(" ")
    return _PARTS[kind](argument)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = tuple(head)
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(line)} |\n".replace("| --- ", "|---").replace("--- |", "---|") for line in lines)


def _error_codes(_: str) -> str:
    rows = ((f"`{code.code}`", str(code.status), code.cause, code.remedy) for code in ALL_CODES)
    return _table(("code", "status", "when", "what to do"), rows)


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
    return _table(("name", "what it is"), ((f"`{name}`", _summary(getattr(home, name))) for name in home.__all__))


def _summary(target: object) -> str:
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
    text = _table(("", *("" for _ in columns)), ((label, *row) for label, row in zip(labels, rows, strict=True)))
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


def _token(shape: str) -> str:
    """Header and claims of a token that a local issuer of this shape gives; the key's id, made anew each time, is left out."""
    issuer = LocalIssuer(ADDRESSES[shape], shape=shape, clock=FakeClock(1_790_000_000))
    parts = [json.loads(base64.urlsafe_b64decode(f"{part}===")) for part in issuer.mint("reader").split(".")[:2]]
    header = {name: "…" if name in ("kid", "x5t") else value for name, value in parts[0].items()}
    lines = [json.dumps(header, ensure_ascii=False), *_wrapped(parts[1])]
    return "```json\n" + "\n".join(lines) + "\n```\n"


def _wrapped(claims: Mapping[str, Any]) -> list[str]:
    members = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in claims.items()]
    text = ",\0".join(members).replace(" ", "\1").replace("\0", " ")  # breaks between members only
    lines = textwrap.wrap(text, 96, break_long_words=False, break_on_hyphens=False)
    body = "\n ".join(lines).replace("\1", " ")
    return [f"{{{body}}}"]


def _log_of_graph_token(_: str) -> str:
    """What the log says of a token for Microsoft Graph, which is the most frequent mistake with Entra."""
    clock = FakeClock(1_790_000_000)
    api = ResourceServer(EXAMPLES["entra"], "api://orders", clock=clock)
    issuer = LocalIssuer(ADDRESSES["entra_v2"], shape="entra_v1", audience="https://graph.microsoft.com", clock=clock)
    try:
        anyio.run(api.authenticate, issuer.mint("reader"))
    except AccessTokenError as refusal:
        text = str(refusal)
    return "```text\n" + "\n  ".join(textwrap.wrap(f"INFO bearerguard {text}", 96, break_on_hyphens=False)) + "\n```\n"


def _speed(_: str) -> str:
    """A few rows of the table that ``tox -e bench`` writes."""
    measured = (ROOT / "tests" / "benchmarks" / "README.md").read_text(encoding="utf-8")
    return _table(("", "median"), ((label, _median(measured, row)) for label, row in SHOWN.items()))


def _median(measured: str, row: str) -> str:
    found = re.search(rf"^\| {re.escape(row)}[^|]*\| [^|]*\| ([\d.]+) \([^)]*\)( V)? \|", measured, re.MULTILINE)
    assert found is not None, f"no row {row!r} in the table of tests/benchmarks/README.md"
    return f"{found[1]}{found[2] or ' times'}"


def _rooms(_: str) -> str:
    """Rooms in the order in which they may be imported, each with the first line of its docstring."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    layers = [[name.strip() for name in layer.split("|")] for layer in reversed(contracts[0]["layers"])]
    rows = ((f"`{_file_of(room)}`", _purpose(room)) for layer in layers for room in layer)
    return _table(("room", "what it does"), rows)


def _environments(_: str) -> str:
    """The environments of tox.ini."""
    settings = ConfigParser(interpolation=None)
    settings.read(ROOT / "tox.ini")
    rows = [("`tox -e py311`, `py312`, `py313`", settings["testenv"]["description"])]
    for name in settings.sections():
        if name.startswith("testenv:"):
            rows.append((f"`tox -e {name.removeprefix('testenv:')}`", settings[name]["description"]))
    return _table(("command", "what it does"), rows)


def _file_of(room: str) -> str:
    return f"{room}/" if (ROOT / "src" / "bearerguard" / room).is_dir() else f"{room}.py"


def _purpose(room: str) -> str:
    return _summary(import_module(f"bearerguard.{room}")).replace("|", "or")


def _help(command: str) -> str:
    """What a command of the command line answers to ``--help``."""
    run = subprocess.run(
        [sys.executable, "-m", "bearerguard", *command.split(), "--help"],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"COLUMNS": "80", "NO_COLOR": "1"},
    )
    return f"```text\n{run.stdout.strip()}\n```\n"


def _explained(_: str) -> str:
    """What ``bearerguard explain`` says of a token for Microsoft Graph."""
    clock = FakeClock(1_790_000_000)
    issuer = LocalIssuer(ADDRESSES["entra_v2"], shape="entra_v1", audience="https://graph.microsoft.com", clock=clock)
    command = ("explain", "--audience", "api://orders", "--at", "2026-09-21T14:30:00Z")
    run = subprocess.run(
        [sys.executable, "-m", "bearerguard", *command],
        input=issuer.mint("reader"),
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"COLUMNS": "80", "NO_COLOR": "1"},
    )
    told = run.stdout.partition("\nHeader\n")[0].strip()  # then come header and claims
    return f"```text\n$ pbpaste | bearerguard {' '.join(command)}\n{told}\n```\n"


_PARTS: Final[Mapping[str, Callable[[str], str]]] = {
    "errors": _error_codes,
    "tree": _error_tree,
    "modules": _modules,
    "names": _names,
    "rooms": _rooms,
    "environments": _environments,
    "help": _help,
    "explained": _explained,
    "issuer": _issuer,
    "token": _token,
    "log": _log_of_graph_token,
    "speed": _speed,
}
