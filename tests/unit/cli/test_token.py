"""``bearerguard token``: the client-credentials grant on the command line."""

import json

import pytest

from bearerguard.testing import LocalIssuer
from unit.cli.command_line import Ended, run_command

pytestmark = pytest.mark.socket


def ask(issuer: LocalIssuer, *words: str) -> Ended:
    place = ["--token-endpoint", issuer.token_endpoint, "--insecure-allow-http", "--client-id", "reader"]
    return run_command(["token", *place, "--secret-env", "READER_SECRET", *words])


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READER_SECRET", "reader-secret")


def test_it_says_for_whom_the_token_is_and_never_shows_it(served_issuer: LocalIssuer) -> None:
    ended = ask(served_issuer, "--resource", "api://orders")

    assert ended.code == 0
    assert "for api://orders" in ended.out
    assert "Read.All" in ended.out
    assert "eyJ" not in ended.out


def test_show_prints_the_raw_token_and_nothing_else(served_issuer: LocalIssuer) -> None:
    ended = ask(served_issuer, "--show")

    assert ended.out.count(".") == 2
    assert run_command(["explain", "--json"], ended.out.encode()).code == 0


def test_json_is_that_of_explain(served_issuer: LocalIssuer) -> None:
    assert json.loads(ask(served_issuer, "--json").out)["kind"] == "application token"


def test_a_wrong_secret_ends_with_1_and_the_hint(served_issuer: LocalIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READER_SECRET", "not-the-secret")

    ended = ask(served_issuer)

    assert ended.code == 1
    assert "invalid_client" in ended.out
    assert "not-the-secret" not in ended.out + ended.err


def test_an_error_is_json_too(served_issuer: LocalIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READER_SECRET", "not-the-secret")

    assert json.loads(ask(served_issuer, "--json").out)["error"] == "invalid_client"


def test_an_endpoint_that_is_down_ends_with_1() -> None:
    place = ["--token-endpoint", "http://127.0.0.1:1/token", "--insecure-allow-http", "--client-id", "reader"]

    assert run_command(["token", *place, "--secret-env", "READER_SECRET"]).code == 1


def test_settings_come_from_the_environment(served_issuer: LocalIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {
        "TOKEN_ENDPOINT": served_issuer.token_endpoint,
        "CLIENT_ID": "writer",
        "CLIENT_SECRET": "writer-secret",
        "INSECURE_ALLOW_HTTP": "1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"BEARERGUARD_{name}", value)

    assert "issued to client writer" in run_command(["token"]).out.replace("\n", " ")


def test_options_that_do_not_go_together_are_wrong_usage() -> None:
    ended = run_command(
        [
            "token",
            "--domain",
            "dev-1x2y3z.us.auth0.com",
            "--client-id",
            "c",
            "--secret-env",
            "READER_SECRET",
            "--audience",
            "a",
            "--resource",
            "x",
        ]
    )

    assert ended.code == 2
    assert "resource" in ended.err
