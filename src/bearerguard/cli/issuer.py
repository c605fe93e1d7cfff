"""``bearerguard issuer``: the local issuer on a port, with the lines to use it."""

import os
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import click

from bearerguard.cli.options import EXISTING_FILE, json_option
from bearerguard.cli.output import print_json
from bearerguard.testing import LocalClient, LocalIssuer, LocalUser, Loopback
from bearerguard.testing.local_client import BROWSER
from bearerguard.testing.shapes import SHAPES

PORT: Final = 9000


@click.command("issuer", epilog="Example: bearerguard issuer --shape entra-v2 --client reader:Read.All --client guest")
@click.option("--shape", default=None, help=f"Whose tokens: {', '.join(name.replace('_', '-') for name in SHAPES)}.")
@click.option(
    "--client",
    "clients",
    multiple=True,
    metavar="ID[:ROLE,…]",
    help="A client and its app roles; its secret is ID-secret. May be repeated. There is always a public one, browser.",
)
@click.option(
    "--user",
    "users",
    multiple=True,
    metavar="ID[:ROLE,…[:SCOPE,…]]",
    help="A person who can sign in, with app roles and scopes; there are no passwords. May be repeated.",
)
@click.option("--audience", "audiences", multiple=True, help="An API that tokens may be asked for. May be repeated.")
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="0 takes a free one.")
@click.option(
    "--config",
    type=EXISTING_FILE,
    help="A TOML file with shape, audience, directory, clients and users.",
)
@json_option
def command(
    *,
    shape: str | None,
    clients: Sequence[str],
    users: Sequence[str],
    audiences: Sequence[str],
    port: int,
    config: Path | None,
    as_json: bool,
) -> int:
    """Run a local issuer on 127.0.0.1, for development and tests. Ctrl-C ends it.

    Prints the curl lines that obtain a token, and where people sign in: an application in a
    browser is the client "browser". Anyone on this machine gets tokens: it is not for production.
    """
    settings: dict[str, Any] = {}
    if shape is not None:
        settings["shape"] = shape.replace("-", "_")
    if clients:
        named = [_client(text) for text in clients]
        settings["clients"] = named if any(client.id == BROWSER.id for client in named) else [*named, BROWSER]
    if users:
        settings["users"] = [_user(text) for text in users]
    if audiences:
        settings["audience"] = list(audiences)
    try:
        place = Loopback(port)
    except OSError as why:
        raise click.BadParameter(f"the port cannot be used: {why.strerror}", param_hint="--port") from None
    with place:
        settings["base_url"] = place.base_url
        issuer = LocalIssuer(**settings) if config is None else LocalIssuer.from_toml(config, **settings)
        with suppress(KeyboardInterrupt):
            place.serve(issuer)
            _announce(issuer, as_json=as_json)
            _until_interrupted()
    return 0


def _until_interrupted() -> None:
    threading.Event().wait()


def _client(text: str) -> LocalClient:
    name, _, roles = text.partition(":")
    return LocalClient(name, f"{name}-secret", roles=tuple(filter(None, roles.split(","))))


def _user(text: str) -> LocalUser:
    name, roles, scopes, *_ = [*text.split(":", 2), "", ""]
    return LocalUser(name, roles=tuple(filter(None, roles.split(","))), scopes=tuple(filter(None, scopes.split(","))))


def _announce(issuer: LocalIssuer, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "schema": 1,
                "pid": os.getpid(),
                "issuer": issuer.issuer,
                "metadata_url": issuer.metadata_url,
                "jwks_uri": issuer.jwks_uri,
                "token_endpoint": issuer.token_endpoint,
                "authorization_endpoint": issuer.authorization_endpoint,
                "explain_url": f"{issuer.base_url.rstrip('/')}/explain",
                "audiences": list(issuer.audiences),
                "clients": {client.id: list(client.roles) for client in issuer.clients.values()},
                "users": {user.id: {"roles": list(user.roles), "scopes": list(user.scopes)} for user in issuer.users.values()},
            }
        )
    else:
        sys.stdout.write("\n".join(_lines(issuer)) + "\n")
    sys.stdout.flush()


def _lines(issuer: LocalIssuer) -> list[str]:
    lines = [f"issuer     {issuer.issuer}", f"keys       {issuer.jwks_uri}", f"explain    {issuer.base_url.rstrip('/')}/explain"]
    if issuer.authorization_endpoint:
        lines.append(f"sign in    {issuer.authorization_endpoint} as {', '.join(issuer.users) or 'nobody'}")
    for client in issuer.clients.values():
        roles = ", ".join(client.roles) or "no roles"
        if client.is_public:
            lines += ["", f"# {client.id}: people sign in there, on this machine, by authorization code with PKCE; no secret"]
        else:
            lines += ["", f"# {client.id}: {roles}", *_curl(issuer, client.id)]
    return [*lines, "", "Ctrl-C ends it."]


def _curl(issuer: LocalIssuer, client: str) -> list[str]:
    """What a client types to obtain a token; how it names the API is the vendor's choice."""
    audience = issuer.audiences[0]
    asked = {"auth0": f"audience={audience}"}.get(issuer.shape, f"resource={audience}")
    if issuer.shape.startswith(("entra", "azure")):
        asked = f"scope={audience}/.default"
    secret = f":{client}-secret" if issuer.clients[client].secret == f"{client}-secret" else ""  # else curl asks for it
    return [
        f"curl -s -u {client}{secret} {issuer.token_endpoint} \\",
        f"  -d grant_type=client_credentials -d {asked}",
    ]
