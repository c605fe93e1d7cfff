"""``bearerguard doctor``: is everything there that verifying tokens needs?"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import anyio
import click

from bearerguard.bounded_http import BoundedHttp
from bearerguard.cli.examination import Examination, Finding, of_environment
from bearerguard.cli.introspection_examination import of_introspection
from bearerguard.cli.loading import load
from bearerguard.cli.options import json_option, server_options
from bearerguard.cli.output import Page, print_json
from bearerguard.cli.servers import server_of
from bearerguard.clock import SystemClock
from bearerguard.errors import ConfigurationError
from bearerguard.keys.fetch import TOTAL_TIMEOUT
from bearerguard.resource_server import ResourceServer
from bearerguard.web.audit import audit
from bearerguard.web.route_table import check_declared

SCHEMA_VERSION: Final = 1


@click.command("doctor", epilog="Example: bearerguard doctor --issuer https://issuer.example --audience api://orders")
@server_options
@click.option("--app", metavar="MODULE:APP", help="Your application: its routes are audited, too.")
@json_option
def command(*, issuers: Sequence[str], audiences: Sequence[str], server: str | None, app: str | None, as_json: bool) -> int:
    """Examine an issuer, or everything that a server trusts: metadata, keys, algorithms, clock,
    caching, TLS, environment, and its introspection endpoint, which is asked about a made-up token.

    Exits with 1 if something is wrong that keeps tokens from being verified.
    """
    resource_server = server_of(server, issuers, audiences)
    if resource_server is None and app is None:
        raise click.UsageError("Name what to examine: --issuer, --server or --app.")
    findings: dict[str, list[Finding]] = {"this machine": of_environment(os.environ)}
    if resource_server is not None:
        findings |= anyio.run(_examined, resource_server)
    if app is not None:
        findings[app] = [_audited(load("--app", app))]
    healthy = not any(finding.outcome == "failed" for found in findings.values() for finding in found)
    if as_json:
        found = {name: [asdict(finding) for finding in group] for name, group in findings.items()}
        print_json({"schema": SCHEMA_VERSION, "healthy": healthy, "findings": found})
    else:
        _print(findings, healthy=healthy)
    return int(not healthy)


async def _examined(server: ResourceServer) -> dict[str, list[Finding]]:
    examination = Examination(BoundedHttp(timeout=TOTAL_TIMEOUT), SystemClock())
    findings = {issuer.issuer: await examination.of_issuer(issuer) for issuer in server.issuers}
    introspector = server.connection.introspector
    if introspector is not None:
        findings[f"introspection at {introspector.settings.place}"] = await of_introspection(introspector, SystemClock())
    return findings


def _audited(app: Any) -> Finding:
    try:
        rows = audit(app)
        check_declared(rows)
    except ConfigurationError as problem:
        return Finding("routes", "failed", str(problem), "See 'bearerguard routes'.")
    return Finding("routes", "passed", f"{len(rows)} rows, every route is declared.")


def _print(findings: Mapping[str, Sequence[Finding]], *, healthy: bool) -> None:
    page = Page()
    for name, found in findings.items():
        if found:
            page.heading(name)
            page.outcomes((finding.outcome, finding.name, _words(finding)) for finding in found)
    page.line()
    if healthy:
        page.line("Healthy: tokens of these issuers can be verified.", "bold green")
    else:
        page.line("Unhealthy: fix what failed above.", "bold red")


def _words(finding: Finding) -> str:
    return f"{finding.words.rstrip('.')}. {finding.next_step}" if finding.next_step else finding.words
