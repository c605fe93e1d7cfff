"""The MCP Inspector from npm signs a person in at the real authorization server, and calls tools."""

import json
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from mcp_servers import node
from mcp_servers.person import agree

pytestmark = pytest.mark.socket

PATIENCE = 60.0
INSPECTOR = node.MODULES / "@modelcontextprotocol" / "inspector"


@contextmanager
def inspector(home: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Its command line, with a home of its own and no browser to open."""
    program = json.loads((INSPECTOR / "package.json").read_text())["bin"]["mcp-inspector"]
    environ = {
        "HOME": str(home),
        "MCP_AUTO_OPEN_ENABLED": "true",  # begins to sign in without a terminal
        "MCP_INSPECTOR_SECRET_STORE": "memory",
        "PATH": str(Path(node.node()).parent),  # where no browser is
    }
    command = [node.node(), str(INSPECTOR / program), "--cli", *arguments, "--transport", "http", "--format", "json"]
    process = subprocess.Popen(
        command, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    limit = threading.Timer(PATIENCE, process.kill)
    limit.start()
    with process:
        try:
            yield process
        finally:
            limit.cancel()
            process.kill()


def called(process: subprocess.Popen[str]) -> Any:
    """What a tool answered, once somebody has signed in at the page that the inspector names."""
    assert process.stderr is not None
    assert process.stdout is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if page := re.search(r"navigate to: (\S+)", line):
            httpx.get(agree(page[1], name="carol"), trust_env=False).raise_for_status()
            break
    output = process.stdout.read()
    assert output, "".join(said) + process.stderr.read()
    return json.loads(output)


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_the_inspector_finds_its_way_from_401_to_a_result(protected: str, tmp_path: Path, era: str) -> None:
    callback = "http://127.0.0.1:0/oauth/callback"
    arguments = ["--method", "tools/call", "--tool-name", "who", "--callback-url", callback, "--protocol-era", era]
    with inspector(tmp_path, protected, *arguments) as process:
        answer = called(process)

    assert answer["result"]["content"][0]["text"].startswith("carol mcp orders.write")


def test_the_inspector_says_that_a_token_is_needed(protected: str, tmp_path: Path) -> None:
    with inspector(tmp_path, protected, "--method", "tools/list", "--stored-auth-only") as process:
        output, errors = process.communicate(timeout=PATIENCE)

    assert output == ""
    assert "auth_required" in errors
