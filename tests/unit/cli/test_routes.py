"""``bearerguard routes``: the audit as text, JSON and Markdown, and what a change opens."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from unit.cli.command_line import run_command

DECLARED = """
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from bearerguard import authenticated, public, requires, role

@requires(role("Read.All"))
async def list_orders(request: Request): return PlainTextResponse("")

@requires(authenticated())
async def me(request: Request): return PlainTextResponse("")

@public
async def health(request: Request): return PlainTextResponse("")

routes = [Route("/orders", list_orders), Route("/me", me), Route("/health", health)]
app = Starlette(routes=routes)
"""
UNDECLARED = DECLARED.replace("@requires(role", "#").replace("app = ", "x = 1\napp = ")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "declared_orders.py").write_text(DECLARED)
    (tmp_path / "undeclared_orders.py").write_text(UNDECLARED)
    yield tmp_path
    for name in ("declared_orders", "undeclared_orders"):
        sys.modules.pop(name, None)


def test_every_route_is_listed_with_who_may_call_it(project: Path) -> None:
    ended = run_command(["routes", "declared_orders:app", "--json"])

    assert ended.code == 0
    assert [(row["path"], row["access"]) for row in json.loads(ended.out)["routes"]] == [
        ("/orders", 'role("Read.All")'),
        ("/me", "any valid token"),
        ("/health", "public"),
    ]


def test_the_text_counts_what_is_open(project: Path) -> None:
    assert "1 public, 1 any valid token, 0 UNDECLARED" in run_command(["routes", "declared_orders:app"]).out


def test_optional_callers_are_counted_where_there_are_any(project: Path) -> None:
    optional = DECLARED.replace("public", "optional")
    (project / "declared_orders.py").write_text(optional)

    assert "0 public, 1 optional, 1 any valid token, 0 UNDECLARED" in run_command(["routes", "declared_orders:app"]).out


def test_the_markdown_is_a_table(project: Path) -> None:
    lines = run_command(["routes", "declared_orders:app", "--markdown"]).out.splitlines()

    assert {line.count("|") for line in lines} == {6}
    assert "| GET, HEAD | `/health` | **public** | endpoint | `declared_orders.health` |" in lines


def test_an_undeclared_route_ends_with_1(project: Path) -> None:
    ended = run_command(["routes", "undeclared_orders:app"])

    assert ended.code == 1
    assert "UNDECLARED" in ended.out


def test_a_saved_list_that_still_holds_ends_with_0(project: Path) -> None:
    (project / "routes.json").write_text(run_command(["routes", "declared_orders:app", "--json"]).out)

    ended = run_command(["routes", "declared_orders:app", "--diff", str(project / "routes.json")])

    assert (ended.code, ended.out) == (0, "No route changed.\n")


def test_a_change_is_shown_and_ends_with_1(project: Path) -> None:
    saved = run_command(["routes", "declared_orders:app", "--json"]).out.replace('role(\\"Read.All\\")', 'role(\\"Admin\\")')
    (project / "routes.json").write_text(saved)

    ended = run_command(["routes", "declared_orders:app", "--diff", str(project / "routes.json")])

    assert ended.code == 1
    assert ended.out.splitlines() == [
        '- GET,HEAD /orders: role("Admin") (declared_orders.list_orders)',
        '+ GET,HEAD /orders: role("Read.All") (declared_orders.list_orders)',
    ]


@pytest.mark.parametrize("text", ["", "{}", '{"schema": 1, "routes": [1]}', '{"schema": 2, "routes": []}', "[" * 100_000])
def test_a_file_that_is_not_a_saved_list_is_wrong_usage(project: Path, text: str) -> None:
    (project / "routes.json").write_text(text)

    assert run_command(["routes", "declared_orders:app", "--diff", str(project / "routes.json")]).code == 2


def test_a_module_that_fails_says_how(project: Path) -> None:
    (project / "broken_orders.py").write_text("raise RuntimeError('no database')")

    ended = run_command(["routes", "broken_orders:app"])

    assert ended.code == 2
    assert "RuntimeError: no database" in ended.err
