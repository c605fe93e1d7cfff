"""``bearerguard routes``: who may call which route; for a review, and for CI."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click

from bearerguard.authorization.policy_row import Public
from bearerguard.authorization.requirement import authenticated
from bearerguard.cli.loading import load
from bearerguard.cli.options import EXISTING_FILE, json_option
from bearerguard.cli.output import Page, print_json
from bearerguard.web.audit import audit
from bearerguard.web.route_table import AuditedRoute

SCHEMA_VERSION: Final = 1
PUBLIC: Final = "public"
OPTIONAL: Final = "optional"
ANYONE: Final = "any valid token"
REFUSED: Final = "refused: no row of the policy"
UNDECLARED: Final = "UNDECLARED"

Row = dict[str, Any]


@click.command("routes", epilog="Example: bearerguard routes orders.main:app --markdown")
@click.argument("app", metavar="MODULE:APP")
@json_option
@click.option("--markdown", is_flag=True, help="Print a Markdown table, for a review.")
@click.option(
    "--diff",
    "saved",
    type=EXISTING_FILE,
    metavar="FILE",
    help="Compare with a list saved by --json; exit with 1 on a change.",
)
def command(app: str, *, as_json: bool, markdown: bool, saved: Path | None) -> int:
    """List every route of an application, its methods, its requirement, and how that was declared.

    MODULE:APP names a Starlette or FastAPI application, such as orders.main:app. The module is
    imported; nothing is started.

    Exits with 1 if a route is undeclared, or if --diff finds a change.
    """
    application: Any = load("MODULE:APP", app)
    rows = [_row(route) for route in audit(application)]
    if saved is not None:
        return _compare(_read(saved), rows, as_json=as_json)
    if as_json:
        print_json({"schema": SCHEMA_VERSION, "routes": rows})
    elif markdown:
        sys.stdout.write("\n".join(_markdown(rows)) + "\n")
    else:
        _print(rows)
    return int(any(row["access"] == UNDECLARED for row in rows))


def _row(route: AuditedRoute) -> Row:
    return {
        "methods": list(route.methods) or ["*"],
        "path": route.path,
        "access": _access(route),
        "decided_by": route.decided_by,
        "row": route.row,
        "in_part": route.in_part,
        "endpoint": route.endpoint,
    }


def _access(route: AuditedRoute) -> str:
    if isinstance(route.access, Public):
        return route.access.value
    if route.access is None:
        return REFUSED if route.decided_by == "no row" else UNDECLARED
    return ANYONE if route.access == authenticated() else repr(route.access)


def _print(rows: Sequence[Row]) -> None:
    page = Page()
    for row in rows:
        marked = "bold red" if row["access"] == UNDECLARED else "yellow" if row["access"] in (PUBLIC, OPTIONAL, ANYONE) else ""
        page.line(f"{','.join(row['methods'])} {row['path']}", "bold")
        part = " (for a part of its paths)" if row["in_part"] else ""
        page.line(f"    {row['access']}{part}", marked)
        page.line(f"    by {row['decided_by']}{': ' + row['row'] if row['row'] else ''}; {row['endpoint']}")
    counts = {access: sum(row["access"] == access for row in rows) for access in (PUBLIC, OPTIONAL, ANYONE, UNDECLARED)}
    if not counts[OPTIONAL]:
        del counts[OPTIONAL]  # few APIs have any
    page.line()
    page.line(f"{len(rows)} rows: " + ", ".join(f"{count} {access}" for access, count in counts.items()))


def _markdown(rows: Sequence[Row]) -> list[str]:
    lines = ["| methods | path | who | decided by | endpoint |", "|---|---|---|---|---|"]
    for row in rows:
        who = f"**{row['access']}**" if row["access"] in (PUBLIC, OPTIONAL, UNDECLARED) else row["access"]
        cells = (", ".join(row["methods"]), f"`{row['path']}`", who, row["decided_by"], f"`{row['endpoint']}`")
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return lines


def _read(saved: Path) -> list[Row]:
    try:
        document = json.loads(saved.read_text(encoding="utf-8"))
        rows: list[Row] = document["routes"] if document["schema"] == SCHEMA_VERSION else []
        readable = bool(rows) and all(isinstance(row, dict) for row in rows)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        readable = False
    if not readable:
        raise click.BadParameter("expected a file that 'bearerguard routes --json' wrote", param_hint="--diff")
    return rows


def _compare(before: Sequence[Row], after: Sequence[Row], *, as_json: bool) -> int:
    gone = [row for row in before if row not in after]
    new = [row for row in after if row not in before]
    if as_json:
        print_json({"schema": SCHEMA_VERSION, "removed": gone, "added": new})
    else:
        page = Page()
        for mark, rows in (("-", gone), ("+", new)):
            for row in rows:
                page.line(f"{mark} {','.join(row['methods'])} {row['path']}: {row['access']} ({row['endpoint']})")
        if not gone and not new:
            page.line("No route changed.")
    return int(bool(gone or new))
