"""What the other commands print, held to the letter but for ports, key ids, times and addresses of functions.

``pytest tests/unit/cli --update-golden`` writes the files anew.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pytest

from bearerguard.testing import LocalIssuer
from unit.cli.command_line import run_command

pytestmark = pytest.mark.socket
GOLDEN: Final = Path(__file__).parent / "golden_commands"
CHANGING: Final = (
    (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"),
    (r"\((?:\d+ (?:s|min|h) ?)+(?:ago|ahead)\)", "(DISTANCE)"),
    (r"expires TIME \(\d+(?: \w+)*\s+ahead\)", "expires TIME (DISTANCE)"),
    (r"\d+ octets in \d+ ms", "OCTETS in MS"),
    (r"clock is \d+ s (?:ahead|behind)", "clock is DISTANCE"),
    (r'"(kid|jti)": "[^"]+"', r'"\1": "CHANGING"'),
    (r'"(iat|exp)": \d+', r'"\1": 0'),
    (r"usable: \[[^]]*\]|usable: '[^']*'|usable: \S+", "usable: KID"),
)
PROJECT: Final = """
import os
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from bearerguard import ResourceServer, authenticated, oidc, public, requires, role

api = ResourceServer([oidc(os.environ["ISSUER"], insecure_allow_http=True)], "api://orders")

@requires(role("Read.All"))
async def list_orders(request: Request): return PlainTextResponse("")

@requires(authenticated())
async def me(request: Request): return PlainTextResponse("")

@public
async def health(request: Request): return PlainTextResponse("")

async def forgotten(request: Request): return PlainTextResponse("")

app = Starlette(routes=[Route("/orders", list_orders), Route("/me", me), Route("/health", health), Route("/new", forgotten)])
"""
ASKED: Final = ("--insecure-allow-http", "--client-id", "reader", "--secret-env", "READER_SECRET")


@pytest.fixture
def project(tmp_path: Path, served_issuer: LocalIssuer, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalIssuer]:
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("ISSUER", served_issuer.issuer)
    monkeypatch.setenv("READER_SECRET", "reader-secret")
    (tmp_path / "golden_orders.py").write_text(PROJECT)
    yield served_issuer
    sys.modules.pop("golden_orders", None)


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_routes(project: LocalIssuer, form: str, update_golden: bool) -> None:
    _compare(f"routes.{form}", ["routes", "golden_orders:app", *_form(form)], update=update_golden)


@pytest.mark.parametrize("form", ["text", "json"])
def test_doctor_of_a_sound_issuer(project: LocalIssuer, form: str, update_golden: bool) -> None:
    _compare(f"doctor.{form}", ["doctor", "--server", "golden_orders:api", *_form(form)], update=update_golden)


@pytest.mark.parametrize("form", ["text", "json"])
def test_doctor_of_an_issuer_that_is_down_and_of_an_open_route(project: LocalIssuer, form: str, update_golden: bool) -> None:
    project.go_down()
    words = ["doctor", "--server", "golden_orders:api", "--app", "golden_orders:app", *_form(form)]

    _compare(f"doctor-unhealthy.{form}", words, update=update_golden)


@pytest.mark.parametrize("form", ["text", "json"])
def test_token(project: LocalIssuer, form: str, update_golden: bool) -> None:
    words = ["token", "--token-endpoint", project.token_endpoint, *ASKED, *_form(form)]

    _compare(f"token.{form}", words, update=update_golden)


@pytest.mark.parametrize("form", ["text", "json"])
def test_token_that_is_refused(project: LocalIssuer, form: str, update_golden: bool) -> None:
    words = ["token", "--token-endpoint", project.token_endpoint, *ASKED, "--scope", "nonsense", *_form(form)]

    _compare(f"token-refused.{form}", words, update=update_golden)


def _form(form: str) -> list[str]:
    return [] if form == "text" else [f"--{form}"]


def _compare(name: str, words: Sequence[str], *, update: bool) -> None:
    ended = run_command(words)
    found = _settled(f"exit code {ended.code}\n{ended.out}")
    file = GOLDEN / name
    if update:
        file.write_text(found, encoding="utf-8", newline="\n")
    assert "eyJ" not in found
    # a port or a time of another length folds lines elsewhere
    assert _settled(" ".join(file.read_text(encoding="utf-8").split())) == _settled(" ".join(found.split()))


def _settled(text: str) -> str:
    for pattern, shown in CHANGING:
        text = re.sub(pattern, shown, text)
    return text
