"""The conformance suite of MCP from npm: behind the middleware a server does all that it does without.

Version 0.2.0 has no scenario for the authorization of a server, and its client cannot send a token. Its requests get one on the
way here. What the server of these tests does not offer (logging, subscriptions, sampling) is not among the scenarios below.
"""

import json
import re
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from bearerguard import Issuer, ResourceServer, scope
from bearerguard.testing import LocalIssuer
from mcp_servers import node
from mcp_servers.conftest import lacking
from support.servers import serve_at

pytestmark = pytest.mark.socket

PATIENCE: Final = 240
SUITE: Final = node.MODULES / "@modelcontextprotocol" / "conformance"
AMONG_THEM: Final = {
    "2025-11-25": {"server-initialize", "server-session-lifecycle", "tools-call-elicitation", "dns-rebinding-protection"},
    "2026-07-28": {"tools-call-simple-text", "tools-call-with-progress", "resources-read-text", "dns-rebinding-protection"},
}

Summary = dict[str, tuple[str, str]]
"""Scenarios, with how many checks passed and how many failed."""


class WithToken:
    """Adds a token to requests that have none, as a client would that has one."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._header = app, (b"authorization", f"Bearer {token}".encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "http":
            scope = {**scope, "headers": [*scope["headers"], self._header]}
        await self._app(scope, receive, send)


def _bare(_url: str) -> ASGIApp:
    from mcp_servers.conformance_server import make_server

    return make_server(lambda tool: tool).streamable_http_app()


def _protected(scopes: list[str], url: str) -> ASGIApp:
    from bearerguard.mcp import protect, requires
    from mcp_servers.conformance_server import make_server

    resource = f"{url}/mcp"
    issuer = LocalIssuer(audience=resource)
    api = ResourceServer(Issuer(issuer.issuer, jwks=issuer.jwks()), resource)
    inner = make_server(requires(scope("tools.call"))).streamable_http_app()
    app = protect(inner, resource_server=api, resource=resource, requirement=scope("mcp"))
    return WithToken(app, issuer.mint("reader", user="alice", scopes=scopes, audience=resource, lifetime=3600))


def _run(make: Callable[[str], ASGIApp], folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    program = json.loads((SUITE / "package.json").read_text())["bin"]["conformance"]
    with serve_at(make) as url:
        command = [node.node(), str(SUITE / program), "server", "--url", f"{url}/mcp", "--timeout", "20000", *options]
        return subprocess.run(
            command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False
        )


def _summary(make: Callable[[str], ASGIApp], folder: Path, version: str) -> Summary:
    """What the suite says of a server."""
    run = _run(make, folder, "--requirements", version)
    found = re.findall(r"^[✓✗] ([a-z0-9-]+): ([0-9]+) passed, ([0-9]+) failed", run.stdout, re.MULTILINE)
    assert found, run.stdout + run.stderr
    return {name: (passed, failed) for name, passed, failed in found}


@pytest.fixture(autouse=True)
def _installed(needed: Callable[[str], Any]) -> None:
    needed("mcp")
    if missing := node.missing():
        lacking(missing)


@pytest.mark.parametrize("version", AMONG_THEM)
def test_a_protected_server_conforms_as_the_same_server_without_protection_does(version: str, tmp_path: Path) -> None:
    protected = _summary(partial(_protected, ["mcp", "tools.call"]), tmp_path, version)

    assert protected == _summary(_bare, tmp_path, version)
    passed = {name for name, (_, failed) in protected.items() if failed == "0"}
    assert len(passed) > 15
    assert passed >= AMONG_THEM[version]


@pytest.mark.parametrize(("scopes", "fails"), [(["mcp", "tools.call"], False), (["mcp"], True), (["tools.call"], True)])
def test_the_suite_gets_no_further_than_its_token(scopes: list[str], fails: bool, tmp_path: Path) -> None:
    """So what it reports above went through the middleware and the guards of the tools."""
    run = _run(partial(_protected, scopes), tmp_path, "--scenario", "tools-call-image", "--spec-version", "2025-11-25")

    assert (run.returncode != 0) is fails, run.stdout
