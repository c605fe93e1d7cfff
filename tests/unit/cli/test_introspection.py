"""Opaque tokens on the command line: explained offline, asked about where that is wanted; the endpoint examined."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from bearerguard.testing import LocalIssuer
from unit.cli.command_line import run_command

pytestmark = pytest.mark.socket
PROJECT: Final = """
import os
from bearerguard import Introspection, ResourceServer, oidc

issuer = oidc(os.environ["ISSUER"], insecure_allow_http=True)

def asking(secret="reader-secret", **options):
    return Introspection(issuer=issuer, client_id="reader", client_secret=secret, insecure_allow_http=True, **options)

api = ResourceServer([issuer], "api://orders", introspection=asking())
also = ResourceServer([issuer], "api://orders", introspection=asking(also_jwt=True))
stranger = ResourceServer([issuer], "api://orders", introspection=asking("wrong"))
other = ResourceServer([issuer], "api://billing", introspection=asking())
without = ResourceServer([issuer], "api://orders")
"""


@pytest.fixture
def issuer(tmp_path: Path, served_issuer: LocalIssuer, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalIssuer]:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("ISSUER", served_issuer.issuer)
    (tmp_path / "asking_orders.py").write_text(PROJECT)
    served_issuer.requests.clear()
    yield served_issuer
    sys.modules.pop("asking_orders", None)


def _explained(token: str, *options: str, server: str = "api") -> tuple[int, dict[str, Any]]:
    """Exit code and JSON."""
    ended = run_command(["explain", "--server", f"asking_orders:{server}", "--json", *options], token.encode())
    return ended.code, json.loads(ended.out)


def _rows(explained: dict[str, Any]) -> dict[str, str]:
    return {check["name"]: check["outcome"] for check in explained["checks"]}


# --- explain


def test_offline_an_opaque_token_is_not_judged_and_goes_nowhere(issuer: LocalIssuer) -> None:
    code, explained = _explained(issuer.mint(opaque=True))

    assert (code, explained["verdict"], explained["kind"]) == (0, "undecided", "opaque token")
    assert "This token is opaque:" in explained["summary"]
    assert issuer.issuer in explained["summary"]
    assert _rows(explained) == {"text": "passed", "introspection": "not judged"}
    assert dict(issuer.requests) == {}


def test_online_alone_does_not_send_the_token_anywhere(issuer: LocalIssuer) -> None:
    _explained(issuer.mint(opaque=True), "--online")

    assert "introspection" not in issuer.requests


def test_where_it_is_wanted_the_endpoint_is_asked_and_its_answer_judged(issuer: LocalIssuer) -> None:
    code, explained = _explained(issuer.mint(opaque=True), "--introspect", "--require", "Read.All")

    rows = _rows(explained)
    assert (code, explained["verdict"]) == (0, "accepted")
    assert {"introspection", "iss", "aud", "exp", "token_type", "requirement"} <= rows.keys()
    assert set(rows.values()) == {"passed"}
    assert (explained["facts"]["client"], explained["claims"]["active"]) == ("reader", True)


@pytest.mark.parametrize(
    ("server", "changes", "options", "failed"),
    [
        ("api", {}, ["--at", "2100-01-01"], ("exp", "token_expired")),
        ("other", {}, [], ("aud", "wrong_audience")),
        ("api", {}, ["--require", "Write.All"], ("requirement", "missing_role")),
        ("api", {"claims": {"cnf": {"jkt": "x"}}}, [], ("cnf", "bound_token")),
    ],
)
def test_what_does_not_hold_is_told(
    issuer: LocalIssuer, server: str, changes: dict[str, Any], options: list[str], failed: tuple[str, str]
) -> None:
    code, explained = _explained(issuer.mint(opaque=True, **changes), "--introspect", *options, server=server)

    assert (code, explained["verdict"]) == (1, "refused")
    assert failed in [(check["name"], check.get("code")) for check in explained["checks"]]


def test_a_token_that_is_not_active_is_refused(issuer: LocalIssuer) -> None:
    code, explained = _explained("2YotnFZFEjr1zCsicMWpAA", "--introspect")

    assert code == 1
    assert [check.get("code") for check in explained["checks"]] == [None, "inactive_token"]


@pytest.mark.parametrize("token", ["a.b", "a.b.c", "..", "a.b.c.d.e"])
def test_dots_do_not_make_a_jwt(issuer: LocalIssuer, token: str) -> None:
    """A JWT has three parts, and the first is a JSON object with ``alg``."""
    code, explained = _explained(token, "--introspect")

    assert (code, issuer.requests["introspection"]) == (1, 1)
    assert explained["checks"][-1]["code"] == "inactive_token"


def test_an_endpoint_without_an_answer_leaves_the_token_undecided(issuer: LocalIssuer) -> None:
    code, explained = _explained(issuer.mint(opaque=True), "--introspect", server="stranger")

    assert (code, explained["verdict"]) == (1, "undecided")
    assert "status 401" in explained["checks"][-1]["reason"]


def test_a_jwt_is_not_sent_to_the_endpoint(issuer: LocalIssuer) -> None:
    code, explained = _explained(issuer.mint(), "--introspect", "--online")

    assert (code, explained["verdict"]) == (0, "accepted")
    assert "introspection" not in issuer.requests


def test_a_jwt_that_the_server_asks_about_too_is_not_called_accepted(issuer: LocalIssuer) -> None:
    _, explained = _explained(issuer.mint(), "--online", server="also")

    assert (explained["verdict"], _rows(explained)["introspection"]) == ("undecided", "not judged")


@pytest.mark.parametrize("server", ["without", None])
def test_without_introspection_there_is_nobody_to_ask(issuer: LocalIssuer, server: str | None) -> None:
    named = [] if server is None else ["--server", f"asking_orders:{server}"]

    assert run_command(["explain", "--introspect", *named], b"2YotnFZFEjr1zCsicMWpAA").code == 2


def test_neither_the_token_nor_our_secret_is_printed(issuer: LocalIssuer) -> None:
    token = issuer.mint(opaque=True)
    for server in ("api", "stranger", "other"):
        ended = run_command(["explain", "--server", f"asking_orders:{server}", "--introspect"], token.encode())
        assert token not in ended.out + ended.err
        assert "reader-secret" not in ended.out + ended.err


# --- doctor


def _examined(server: str) -> tuple[int, list[dict[str, str]]]:
    ended = run_command(["doctor", "--server", f"asking_orders:{server}", "--json"])
    found = json.loads(ended.out)["findings"]
    return ended.code, next(group for name, group in found.items() if name.startswith("introspection at "))


def test_the_endpoint_is_examined_by_a_made_up_token(issuer: LocalIssuer) -> None:
    code, findings = _examined("api")

    assert (code, [finding["outcome"] for finding in findings]) == (0, ["passed"])
    assert issuer.requests["introspection"] == 1


def test_a_credential_that_the_endpoint_does_not_know_is_told_with_what_to_do(issuer: LocalIssuer) -> None:
    code, findings = _examined("stranger")

    assert (code, findings[0]["outcome"]) == (1, "failed")
    assert "client_id" in findings[0]["next_step"]


@pytest.mark.parametrize("fault", ["html", "error_status", "active_text"])
def test_an_endpoint_that_is_none_is_told(issuer: LocalIssuer, fault: Any) -> None:
    issuer.break_answers("introspection", fault)
    try:
        code, findings = _examined("api")
    finally:
        issuer.come_back()

    assert (code, findings[0]["outcome"]) == (1, "failed")


def test_a_server_without_introspection_has_no_such_findings(issuer: LocalIssuer) -> None:
    ended = run_command(["doctor", "--server", "asking_orders:without", "--json"])

    assert "introspection" not in ended.out
