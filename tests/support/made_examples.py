"""Examples that pages show, made by running what they show: tokens, log lines, the command line, figures."""

import base64
import io
import json
import logging
import re
import textwrap
from collections.abc import Mapping
from typing import Any, Final

import anyio
import httpx
from click.testing import CliRunner
from starlette.responses import Response

from bearerguard import AccessTokenMiddleware, ResourceServer, entra
from bearerguard.cli.program import program
from bearerguard.testing import FakeClock, LocalClient, LocalIssuer
from support.markdown import table
from support.pages import ROOT

GRAPH: Final = "https://graph.microsoft.com"
API_ID: Final = "2bfddaf4-0673-49a7-a615-2b6bb3acbf31"
CALLER: Final = LocalClient("reader", "the-secret-of-reader", roles=["Read.All"], scopes=["orders.read"])
TENANT: Final = "11111111-2222-3333-4444-555555555555"
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

SHOWN: Final = {
    "token seen before, added to a Starlette route": 'middleware and `@requires(role("Read.All"))`, added',
    "token seen before, added to a FastAPI route": 'middleware and `require(role("Read.All"))`, added',
    "token never seen, RS256, 1.5 kB: `authenticate` over the bare verification": "RS256, Entra v2: `authenticate` without",
    "the same with the extra `speed`": "RS256, Entra v2, with `speed`: `authenticate` without",
    "FastAPI's `HTTPBearer` with PyJWT, added": "FastAPI `HTTPBearer` with PyJWT's `PyJWKClient`: added per request",
    "throughput over a socket, Starlette with the guard over Starlette without": "Starlette with `@requires` over bare",
}
"""Rows of the speed table in README, and how the rows begin in the whole table."""


def token(shape: str) -> str:
    """Header and claims of a token that a local issuer of this shape gives; the key's id, made anew each time, is left out."""
    audience = API_ID if shape == "entra_v2" else "api://orders"
    issuer = LocalIssuer(ADDRESSES[shape], shape=shape, audience=audience, clients=[CALLER], clock=FakeClock(1_790_000_000))
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


def log_of_graph_token(_: str) -> str:
    """What the log says of a token for Microsoft Graph, which is the most frequent mistake with Entra."""
    clock = FakeClock(1_790_000_000)
    api = ResourceServer([entra(TENANT)], "api://orders", clock=clock)
    issuer = LocalIssuer(ADDRESSES["entra_v2"], shape="entra_v1", audience=GRAPH, clients=[CALLER], clock=clock)
    guarded = AccessTokenMiddleware(Response(), resource_server=api)
    shown = io.StringIO()
    handler = logging.StreamHandler(shown)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    handler.setLevel(logging.INFO)
    logger = logging.getLogger("bearerguard")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        anyio.run(_request, guarded, issuer.mint("reader"))
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    return "```text\n" + "\n  ".join(textwrap.wrap(shown.getvalue(), 96, break_on_hyphens=False)) + "\n```\n"


async def _request(app: AccessTokenMiddleware, bearer: str) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://orders.example") as client:
        await client.get("/orders", headers={"Authorization": f"Bearer {bearer}"})


def help_of_command(command: str) -> str:
    """What a command of the command line answers to ``--help``."""
    return f"```text\n{_output((*command.split(), '--help'))}\n```\n"


def explained(_: str) -> str:
    """What ``bearerguard explain`` says of a token for Microsoft Graph."""
    clock = FakeClock(1_790_000_000)
    issuer = LocalIssuer(ADDRESSES["entra_v2"], shape="entra_v1", audience=GRAPH, clients=[CALLER], clock=clock)
    command = ("explain", "--audience", "api://orders", "--at", "2026-09-21T14:30:00Z")
    told = _output(command, issuer.mint("reader")).partition("\nHeader\n")[0].strip()  # then come header and claims
    return f"```text\n$ pbpaste | bearerguard {' '.join(command)}\n{told}\n```\n"


def _output(words: tuple[str, ...], standard_input: str = "") -> str:
    runner = CliRunner(env={"COLUMNS": "80", "NO_COLOR": "1"})
    return runner.invoke(program, words, input=standard_input, prog_name="bearerguard").output.strip()


def speed(_: str) -> str:
    """A few rows of the table that ``tox -e bench`` writes."""
    measured = (ROOT / "tests" / "benchmarks" / "README.md").read_text(encoding="utf-8")
    return table(("", "median"), ((label, _median(measured, row)) for label, row in SHOWN.items()))


def _median(measured: str, row: str) -> str:
    found = re.search(rf"^\| {re.escape(row)}[^|]*\| [^|]*\| ([\d.]+) \([^)]*\)( V)? \|", measured, re.MULTILINE)
    assert found is not None, f"no row {row!r} in the table of tests/benchmarks/README.md"
    return f"{found[1]}{found[2] or ' times'}"
