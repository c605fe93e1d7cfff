"""The plugin that searches the log of the whole suite can fail: tests that log a secret do, and others do not."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bearerguard.client_authentication.secret import Secret
from bearerguard.testing import LocalIssuer
from support.no_secret_in_logs import SECRETS, Secrets
from support.sealed import seal

HEAD = """
import logging
from bearerguard import ClientCredentials
from bearerguard.testing import LocalIssuer

TOKEN = LocalIssuer(algorithm="ES256").mint()
SIGNATURE = TOKEN.rpartition(".")[2]
SECRET = "correct-horse-battery"
CLIENT = ClientCredentials(token_endpoint="https://issuer.test/token", client_id="a", client_secret=SECRET, scope="b")
log = logging.getLogger("bearerguard")
"""
LEAKS = {
    "token": 'log.info("token %s", TOKEN)',
    "below the level of the logger": "log.debug(SIGNATURE)",
    "cut": 'log.warning("%s…", SIGNATURE[:40])',
    "in a field": 'log.info("refused", extra={"kid": TOKEN})',
    "in a traceback": 'log.error("failed", exc_info=ValueError(f"bad {TOKEN}"))',
    "by another logger": 'logging.getLogger("orders").error(TOKEN)',
    "secret of a client": 'log.info("secret %s", SECRET)',
    "in a request's address": 'log.info(f"/orders?access_token={TOKEN}&x=1")',
}
HARMLESS = {
    "nothing": "log.info('refused')",
    "a few characters": 'log.info("%s", SIGNATURE[:8])',
    "who called": "log.info('client %s', 'reader-of-orders')",
    "with an error": "log.error('failed', exc_info=ValueError('no'))",
}


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Which of them fail, in a run of pytest."""
    lines, folder = [*LEAKS.values(), *HARMLESS.values()], tmp_path_factory.mktemp("suite")
    tests = [f"\n\ndef test_{number}() -> None:\n    {line}\n" for number, line in enumerate(lines)]
    (folder / "test_lines.py").write_text(HEAD + "".join(tests), encoding="utf-8")
    options = ["-q", "-rA", "-p", "support.no_secret_in_logs", "-c", "/dev/null", "--rootdir", str(folder)]
    command = [sys.executable, "-m", "pytest", *options, str(folder / "test_lines.py")]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    told = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, check=False).stdout
    assert f"{len(lines)} passed, {len(LEAKS)} errors" in told, told
    return {lines[int(number)] for number in re.findall(r"^ERROR \S*test_lines.py::test_(\d+)", told, re.MULTILINE)}


@pytest.mark.parametrize("how", LEAKS)
def test_a_test_that_logs_a_secret_fails(how: str, failed: set[str]) -> None:
    assert LEAKS[how] in failed


@pytest.mark.parametrize("how", HARMLESS)
def test_other_records_are_fine(how: str, failed: set[str]) -> None:
    assert HARMLESS[how] not in failed


def test_what_the_suite_makes_is_kept() -> None:
    """In this very process: tokens of local issuers, sealed ones, opaque ones, secrets."""
    issuer = LocalIssuer(algorithm="ES256")
    Secret("a-secret-of-some-length")
    for text in (issuer.mint(), issuer.mint()[-40:], seal().decode(), "a-secret-of-some-length"):
        assert SECRETS.told_by(f"a line with {text} in it")


def test_short_words_are_no_secrets() -> None:
    secrets = Secrets()
    for text in ("client-1", b"s3cret", None, 7):
        secrets.keep(text)
    assert secrets.told_by("client-1 s3cret None 7") == ""
