"""``bearerguard explain``: explains a token, check by check."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from bearerguard._explain import explain
from bearerguard.authorization.combination import Requirement
from bearerguard.cli.inputs import read_input
from bearerguard.cli.options import json_option, server_options, token_options
from bearerguard.cli.printed import print_explanation

_KINDS: Final = ("role", "scope", "client", "tenant")


@click.command("explain", epilog="Example: pbpaste | bearerguard explain --issuer https://issuer.example --audience api://orders")
@click.argument("refused", nargs=-1, metavar="")
@token_options
@server_options
@click.option("--require", "required", multiple=True, help="A role the route needs, such as Read.All; or scope:orders.read.")
@click.option("--at", metavar="TIME", help="Judge at this time: seconds since 1970 or ISO 8601, such as 2026-08-21T10:00:00Z.")
@click.option("--online", is_flag=True, help="Fetch the issuer's keys and judge the signature. Without it nothing is fetched.")
@click.option(
    "--introspect", is_flag=True, help="Send the token to the introspection endpoint of --server, and judge what it answers."
)
@json_option
def command(
    *,
    refused: Sequence[str],
    file: Path | None,
    variable: str | None,
    issuers: Sequence[str],
    audiences: Sequence[str],
    server: str | None,
    required: Sequence[str],
    at: str | None,
    online: bool,
    introspect: bool,
    as_json: bool,
) -> int:
    """Say what a token is and why it is accepted or refused.

    Reads an access token, an Authorization line, a curl command or a whole token response from
    standard input, --file, --env, or a prompt. Works offline: only --online fetches the issuer's
    keys, and only --introspect sends the token anywhere: to the introspection endpoint.

    Without --issuer or --server it recognises the issuers of the presets by the token itself, and
    shows the line of configuration that accepts them.

    Exits with 1 if the token is refused, or if --online could not judge the signature, or
    --introspect got no answer; with 0 if nothing failed, also where something was not judged.
    """
    if refused:
        raise click.UsageError("A token is never taken from an argument: use standard input, --file or --env.")
    now = None if at is None else _time(at)
    requirement = _requirement(required)
    text = read_input(file, variable)
    resource_server = asked = None
    if server is not None or online or introspect:
        from bearerguard.cli.servers import asked_about, server_of, warmed  # noqa: PLC0415  slow, and mostly not needed

        resource_server = server_of(server, issuers, audiences, text, recognise_issuer=online)
        if online and resource_server is not None:
            warmed(resource_server)
        if introspect:
            asked = asked_about(resource_server, text)
    explanation = explain(
        text,
        resource_server=resource_server,
        issuer=list(issuers),
        audience=list(audiences) or None,
        require=requirement,
        at=now,
        asked=asked,
    )
    print_explanation(explanation, as_json=as_json)
    wanted = {name for name, flag in (("signature", online), ("introspection", introspect)) if flag}
    unanswered = any(check.name in wanted and check.outcome == "not judged" for check in explanation.checks)
    return int(explanation.verdict in ("refused", "no token") or unanswered)


def _time(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter("expected seconds since 1970 or ISO 8601", param_hint="--at") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _requirement(required: Sequence[str]) -> Requirement | None:
    """All of them: ``Read.All`` or ``role:Read.All``, ``scope:…``, ``client:…``, ``tenant:…``."""
    from bearerguard.authorization import requirement as kinds  # noqa: PLC0415  slow, and mostly not needed

    combined: Requirement | None = None
    for text in required:
        kind, separator, name = text.partition(":")
        one: Requirement = getattr(kinds, kind)(name) if separator and kind in _KINDS else kinds.role(text)
        combined = one if combined is None else combined & one
    return combined
