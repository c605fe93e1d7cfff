"""``bearerguard issuer``: a process that says how to use it, and does what it says."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from support.sign_in import REQUEST
from unit.cli.command_line import run_command

pytestmark = pytest.mark.socket

# Ctrl-C ends a program only where nobody told it to ignore that, as shells do with what they run in the background.
_AS_FROM_A_TERMINAL = (
    "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "runpy.run_module('bearerguard', run_name='__main__')"
)


@contextmanager
def running(*words: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", _AS_FROM_A_TERMINAL, "issuer", "--port", "0", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.communicate(timeout=60)
            finally:
                process.kill()
    assert process.returncode == 0


def told(process: subprocess.Popen[str]) -> dict[str, object]:
    """The JSON that it prints when it is ready."""
    assert process.stdout is not None
    text = ""
    for line in process.stdout:
        text += line
        if line == "}\n":
            break
    return dict(json.loads(text))


def test_its_clients_obtain_tokens_with_their_roles() -> None:
    with running("--json", "--client", "robot:Read.All,Write.All") as process:
        place = told(process)
        answer = httpx.post(
            str(place["token_endpoint"]), data={"grant_type": "client_credentials"}, auth=("robot", "robot-secret")
        )

    assert place["clients"] == {"robot": ["Read.All", "Write.All"], "browser": []}
    assert answer.status_code == 200


@pytest.mark.parametrize("shape", ["generic", "entra-v2", "auth0", "keycloak"])
def test_the_curl_lines_that_it_prints_obtain_a_token(shape: str) -> None:
    with running("--shape", shape, "--client", "robot") as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(8)]
        curl = "".join(lines[-2:]).replace("\\\n", "").strip()
        answer = json.loads(subprocess.run(["sh", "-c", curl], capture_output=True, text=True, check=True).stdout)

    assert answer["token_type"] == "Bearer"


def test_a_configuration_file_is_read() -> None:
    file = Path(__file__).parents[3] / "samples" / "local_issuer" / "issuer.toml"

    with running("--json", "--config", str(file)) as process:
        assert list(told(process)["clients"]) == ["billing", "guest", "browser"]  # type: ignore[call-overload]


def test_people_whom_it_is_told_of_can_sign_in() -> None:
    with running("--json", "--user", "dora:Read.All:orders.read,orders.list", "--user", "eve") as process:
        place = told(process)
        page = httpx.get(str(place["authorization_endpoint"]), params=REQUEST)

    assert place["users"] == {
        "dora": {"roles": ["Read.All"], "scopes": ["orders.read", "orders.list"]},
        "eve": {"roles": [], "scopes": []},
    }
    assert 'value="dora"' in page.text


@pytest.mark.parametrize("shape", ["generic", "entra-v2", "auth0"])
def test_it_announces_itself_and_ends_with_ctrl_c(shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bearerguard.cli.issuer._until_interrupted", interrupt)

    ended = run_command(["issuer", "--port", "0", "--shape", shape, "--audience", "api://orders", "--client", "robot:Read.All"])

    assert ended.code == 0
    assert "# robot: Read.All" in ended.out
    assert "curl -s -u robot:robot-secret" in ended.out
    assert ended.out.endswith("Ctrl-C ends it.\n")


def test_a_port_that_is_taken_is_wrong_usage() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = run_command(["issuer", "--port", str(taken.getsockname()[1])])

    assert ended.code == 2
    assert "cannot be used" in ended.err


def test_a_secret_of_a_configuration_file_is_not_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bearerguard.cli.issuer._until_interrupted", interrupt)
    (tmp_path / "issuer.toml").write_text('[[clients]]\nid = "robot"\nsecret = "of-my-own"\n')

    ended = run_command(["issuer", "--port", "0", "--config", str(tmp_path / "issuer.toml")])

    assert "curl -s -u robot http" in ended.out
    assert "of-my-own" not in ended.out + ended.err
