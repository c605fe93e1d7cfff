"""``bearerguard token``: ask for a token as a client would, and see what came."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import click

from bearerguard._explain import explain
from bearerguard.cli.inputs import read_variable
from bearerguard.cli.options import EXISTING_FILE, json_option
from bearerguard.cli.output import Page, print_json
from bearerguard.cli.printed import print_explanation
from bearerguard.client.client_credentials import ClientCredentials
from bearerguard.errors import TokenRequestError

_PLACES: Final[Mapping[str, tuple[Callable[..., ClientCredentials], tuple[str, ...]]]] = {
    "token_endpoint": (ClientCredentials, ()),
    "tenant_id": (ClientCredentials.entra, ("audience", "scope")),
    "domain": (ClientCredentials.auth0, ("resource", "scope")),
}
"""By option: what makes the client, and which other options cannot be given with it."""
_SECRETS: Final = ("AZ_CLIENT_SECRET", "AZURE_CLIENT_SECRET", "BEARERGUARD_CLIENT_SECRET")


@click.command(
    "token", epilog="Example: AZ_CLIENT_SECRET=… bearerguard token --tenant-id … --client-id … --resource api://orders"
)
@click.option("--token-endpoint", help="URL of the token endpoint; or --tenant-id for Microsoft Entra, or --domain for Auth0.")
@click.option("--tenant-id", help="Tenant of Microsoft Entra ID.")
@click.option("--domain", help="Domain of an Auth0 tenant.")
@click.option("--client-id", help="Id of the client.")
@click.option("--secret-env", metavar="NAME", help="Read the client's secret from this environment variable.")
@click.option("--secret-file", type=EXISTING_FILE, help="Read it from this file.")
@click.option("--resource", help="The API, as RFC 8707 and Microsoft Entra name it.")
@click.option("--audience", help="The API, as Auth0 names it.")
@click.option("--scope", help="Scopes, with spaces between them.")
@click.option("--client-auth", type=click.Choice(["basic", "post"]), default=None, help="How the secret is sent.")
@click.option("--insecure-allow-http", is_flag=True, help="Allow http on loopback, for a local issuer.")
@click.option("--show", is_flag=True, help="Print the raw token and nothing else, for curl.")
@json_option
def command(*, show: bool, as_json: bool, **options: Any) -> int:
    """Obtain a token by the client-credentials grant, and say who it is for, with which roles, and
    for how long.

    Without options all settings come from the environment: AZ_TENANT, AZ_CLIENT_ID,
    AZ_CLIENT_SECRET and AZ_RESOURCE, the AZURE_… names, or BEARERGUARD_TOKEN_ENDPOINT and its like.
    The secret is asked for without echo where nothing names it.
    """
    try:
        token = _credentials(options).token_sync()
    except TokenRequestError as error:
        if as_json:
            print_json({"schema": 1, "error": error.error, "error_description": error.error_description, "hint": error.hint})
        else:
            Page().line(str(error), "bold red")
        return 1
    if show:
        sys.stdout.write(token + "\n")
        return 0
    print_explanation(explain(token), as_json=as_json)
    return 0


def _credentials(options: Mapping[str, Any]) -> ClientCredentials:
    given = {name: value for name, value in options.items() if value is not None and value is not False}
    variable, file = given.pop("secret_env", None), given.pop("secret_file", None)
    places = [name for name in _PLACES if name in given]
    if len(places) > 1:
        raise click.UsageError("--token-endpoint, --tenant-id and --domain exclude one another.")
    if not places:
        return ClientCredentials.from_env(**given)
    make, not_with = _PLACES[places[0]]
    foreign = [f"--{name.replace('_', '-')}" for name in given if name in not_with]
    if foreign:
        raise click.UsageError(f"{' and '.join(foreign)} cannot be given with --{places[0].replace('_', '-')}.")
    try:
        return make(client_secret=_secret(variable, file), **given)
    except TypeError as why:
        raise click.UsageError(f"These options do not go together: {why}.") from None


def _secret(variable: str | None, file: Path | None) -> str:
    if file is not None:
        return file.read_text(encoding="utf-8").strip()
    name = variable or next((known for known in _SECRETS if os.environ.get(known)), None)
    if name is not None:
        return read_variable(name)
    secret: str = click.prompt("Secret of the client", hide_input=True, err=True)
    return secret
