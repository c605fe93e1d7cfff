"""How every command ends: its exit code, and that neither a message nor a process list shows a token."""

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bearerguard.testing import LocalIssuer
from unit.cli.command_line import run_command
from unit.cli.pasted_texts import GENERIC, TEXTS, Pasted, token

COMMANDS = ("explain", "doctor", "routes", "token", "issuer")
GOOD = token(GENERIC)


def test_help_names_every_command() -> None:
    ended = run_command(["--help"])

    assert ended.code == 0
    assert [name for name in COMMANDS if f"  {name} " not in ended.out] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command_has_an_example(command: str) -> None:
    ended = run_command([command, "--help"])

    assert ended.code == 0
    assert f"bearerguard {command}" in ended.out.partition("Example:")[2]
    assert "--json" in ended.out


@pytest.mark.parametrize(
    "words",
    [
        ["explain", GOOD],
        ["explain", "--at", GOOD],
        ["explain", f"Bearer {GOOD}"],
        ["explain", "--token", GOOD],
        ["token", "--client-secret", GOOD],
        [GOOD],
        ["doctor", "--issuer", GOOD],
    ],
)
def test_a_token_as_an_argument_is_refused_without_being_echoed(words: list[str]) -> None:
    ended = run_command(words)

    assert ended.code == 2
    assert "standard input" in ended.err
    assert "eyJ" not in ended.out + ended.err


@pytest.mark.parametrize(
    "words",
    [
        ["explain", "2YotnFZFEjr1zCsicMWpAA-an-opaque-token"],
        ["explain", "--at", "2YotnFZFEjr1zCsicMWpAA-an-opaque-token"],
        ["token", "2YotnFZFEjr1zCsicMWpAA-an-opaque-token"],
        ["doctor", "--2YotnFZFEjr1zCsicMWpAA-an-opaque-token"],
    ],
)
def test_an_opaque_token_as_an_argument_is_not_echoed_either(words: list[str]) -> None:
    ended = run_command(words)

    assert ended.code == 2
    assert "2YotnFZFEjr1zCsicMWpAA" not in ended.out + ended.err


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["explain", "--nonsense"],
        ["explain", "--at", "tomorrow"],
        ["explain", "--at", "nan"],
        ["explain", "--at", "inf"],
        ["explain", "--at=-5"],
        ["explain", "--issuer", "ftp://issuer.example"],
        ["explain", "--server", "no_such_module:api"],
        ["explain", "--server", "os:path"],
        ["explain", "--server", "nonsense"],
        ["explain", "--env", "BEARERGUARD_NO_SUCH_VARIABLE"],
        ["explain", "--file", "/no/such/file"],
        ["doctor"],
        ["routes"],
        ["routes", "os:sep"],
        ["token", "--tenant-id", "x", "--domain", "y"],
        ["issuer", "--shape", "nonsense"],
        ["issuer", "--port", "70000"],
    ],
)
def test_wrong_usage_ends_with_2_and_says_why(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AZ_TENANT", "AZURE_TENANT_ID", "BEARERGUARD_TOKEN_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)

    ended = run_command(words, GOOD.encode())

    assert ended.code == 2
    assert "bearerguard: " in ended.err
    assert "Traceback" not in ended.err


@given(st.binary(max_size=400), st.sampled_from(TEXTS), st.integers(0, 2000))
def test_no_input_of_any_kind_ends_with_a_traceback(noise: bytes, pasted: Pasted, at: int) -> None:
    ended = run_command(["explain", "--json"], pasted.octets[:at] + noise + pasted.octets[at:])

    assert ended.code in (0, 1)
    assert ended.err == ""


@given(st.lists(st.text(max_size=40), max_size=4))
def test_no_arguments_of_any_kind_end_with_a_traceback(words: list[str]) -> None:
    assert run_command(["explain", *words], b"x").code in (0, 1, 2)


def test_python_m_bearerguard_is_the_same_command() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "bearerguard", "explain", "--json"], input=GOOD.encode(), capture_output=True, check=False
    )

    assert ended.returncode == 0
    assert b'"verdict": "undecided"' in ended.stdout


def test_without_the_extra_it_says_what_to_install() -> None:
    hide = "import sys; sys.modules['rich'] = None; sys.modules['click'] = None\n"
    code = hide + "import importlib.util as u; real = u.find_spec\n"
    code += "u.find_spec = lambda name, *rest: None if name in ('rich', 'click') else real(name, *rest)\n"
    code += "from bearerguard.cli import main; main(['--help'])"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert ended.returncode == 2
    assert "pip install 'bearerguard[cli]'" in ended.stderr


@pytest.mark.parametrize("source", ["--file", "--env", "standard input"])
def test_a_token_is_taken_from_a_file_the_environment_or_standard_input(
    source: str, tmp_path: os.PathLike[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = LocalIssuer().mint()
    file = os.path.join(tmp_path, "token")
    with open(file, "w", encoding="ascii") as opened:
        opened.write(text)
    monkeypatch.setenv("A_TOKEN", text)
    words = {"--file": ["--file", file], "--env": ["--env", "A_TOKEN"]}.get(source, [])

    ended = run_command(["explain", *words, "--json"], text.encode() if not words else b"")

    assert '"kind": "application token"' in ended.out
